import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ConnectDeps, type ConnectEvent, connect } from '../../src/hosts/connect.ts'
import { ConnectError } from '../../src/hosts/errors.ts'
import { lastingTransport } from '../../src/hosts/lasting/lasting.ts'
import { openLink } from '../../src/hosts/link.ts'
import { createPool } from '../../src/hosts/pool.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { isClosed, keepState, now } from '../../src/hosts/states.ts'
import type { Session } from '../../src/model/command.ts'
import { defaultLinkTimes, type Host, type HostState } from '../../src/model/host.ts'
import { type PrivateSshd, type PrivateSshdOptions, privateSshd } from '../lab/privateSshd.ts'
import { testKey } from './helpers/keys.ts'
import { sshdHost, text, until } from './helpers/machine.ts'
import { type Link, startProxy } from './helpers/proxy.ts'
import { type Restartable, restartable } from './helpers/restart.ts'

let folder: string
let sshd: PrivateSshd
let server: Restartable
let proxy: Link
let knownHosts: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sitrep-lasting-'))
  sshd = await privateSshd({ folder: join(folder, 'sshd'), config: ['SetEnv SHLVL=2'] })
  server = restartable(sshd, join(folder, 'sshd'))
  proxy = await startProxy(sshd.port)
  knownHosts = join(folder, 'known_hosts')
  const [, ...key] = readFileSync(sshd.knownHosts, 'utf8').trim().split(' ')
  writeFileSync(knownHosts, `* ${key.join(' ')}\n[127.0.0.*]:* ${key.join(' ')}\n`, { mode: 0o600 })
})
afterAll(async () => {
  await proxy.close()
  await server.kill()
  rmSync(folder, { recursive: true })
})

/** Servers of single tests, ended whatever became of the test. */
const servers: PrivateSshd[] = []
async function ownSshd(o: PrivateSshdOptions): Promise<PrivateSshd> {
  const server = await privateSshd(o)
  servers.push(server)
  return server
}

const open: Session[] = []
afterEach(async () => {
  proxy.hold(false)
  server.freeze(false)
  await Promise.all(open.splice(0).map((session) => session[Symbol.asyncDispose]()))
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

const quick = { retry: { first: 50, most: 200 } }
const direct = (more: Partial<Host> = {}) => sshdHost(sshd, { knownHosts: [knownHosts], ...more })
const through = (more: Partial<Host> = {}) => direct({ port: proxy.port, ...more })

/** A session whose states and events are kept from its beginning. */
async function watched(host: Host, deps: Partial<ConnectDeps> = {}) {
  const events: ConnectEvent[] = []
  const states: HostState[] = []
  const session = await connect(host, {
    secrets: createSecretStore(),
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    ...quick,
    ...deps,
  })
  open.push(session)
  session.onState((state) => states.push(state))
  return { session, states, events, is: () => states.map((state) => state.is) }
}

const echo = (session: Session, word: string) => session.run({ argv: ['echo', word] })

describe('a link that is lost', () => {
  it('comes back by itself, and a command that was asked meanwhile waits for it', async () => {
    const { session, is, events } = await watched(through())
    proxy.cut()
    await until('the loss', () => is().includes('lost'))
    expect(text(await echo(session, 'one')).out).toBe('one\n')
    expect(is().filter((state) => state !== 'connecting')).toEqual(['lost', 'ready'])
    expect(events.map((event) => event.is)).toEqual(['connected', 'connected'])
  })

  it('fault 35: a link that drops everything is stale, then lost, then tried again until it is back', async () => {
    const times = { stale: 500, lost: 2500, handshake: 1000 }
    const { session, states, is } = await watched(through(), { times })
    proxy.hold(true)
    await until('stale', () => session.state().is === 'stale')
    proxy.hold(false)
    await until('ready again', () => session.state().is === 'ready')
    proxy.hold(true)
    const asked = echo(session, 'later')
    await until('the loss', () => is().includes('lost'))
    expect(is()).toEqual(['stale', 'ready', 'stale', 'lost'])
    expect(states.at(-1)).toMatchObject({ reason: 'the link was lost: no answer for 2.5 s' })
    const why = await until('a try that failed', () =>
      states.find((state) => state.is === 'connecting' && /trying again/.test(state.reason ?? '')),
    )
    expect(why).toMatchObject({ reason: 'no end of the handshake within 1 s; trying again' })
    proxy.hold(false)
    await until('the way back', () => session.state().is === 'ready')
    // What was on the way when the link went may be lost; it is over either way, and the session goes on.
    expect(['exit', 'lost']).toContain((await asked).endedBy)
    expect(text(await echo(session, 'now')).out).toBe('now\n')
  })

  it('fault 35: a link that carries much, but never what was asked for, is not silent', async () => {
    const { session, is } = await watched(through(), { times: { stale: 1000, lost: 2000 } })
    const result = await session.run({
      argv: ['sh', '-c', 'i=0; while [ $i -lt 60 ]; do echo $i; i=$((i + 1)); sleep 0.05; done'],
    })
    expect(result).toMatchObject({ endedBy: 'exit', exitCode: 0 })
    expect(is()).toEqual([])
  })

  it('fault 36: a stopped sshd is stale, lost, and named as what does not answer; continued, it is back', async () => {
    const { session, states, is } = await watched(direct(), {
      times: { stale: 300, lost: 1500, handshake: 1000 },
    })
    server.freeze(true)
    await until('the handshake that has no end', () =>
      states.some(
        (state) => state.is === 'connecting' && state.reason?.startsWith('no end of the handshake'),
      ),
    )
    expect(is().slice(0, 2)).toEqual(['stale', 'lost'])
    const asked = echo(session, 'waited')
    server.freeze(false)
    expect(text(await asked).out).toBe('waited\n')
  })

  it('a host that was killed and started again is back, and nothing ran meanwhile', async () => {
    const { session, states } = await watched(direct())
    await server.kill()
    await until('a try that was refused', () =>
      states.some((state) => state.is === 'connecting' && /nothing listens/.test(state.reason ?? '')),
    )
    const asked = echo(session, 'after')
    await server.start()
    expect(text(await asked).out).toBe('after\n')
  })

  it('that goes before the host said whether a command runs: it is lost, and not run again by itself', async () => {
    const key = testKey()
    const asked: string[] = []
    const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (context) => context.accept())
      client.on('session', (accept) =>
        accept().on('exec', (_accept, _reject, { command }) => {
          asked.push(command)
          const { _sock: socket } = client as unknown as { _sock: Socket }
          socket.destroy()
        }),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as AddressInfo
    const file = join(folder, v7())
    writeFileSync(file, `[127.0.0.1]:${port} ${key.type} ${key.blob}\n`, { mode: 0o600 })
    const host = direct({ port, knownHosts: [file] })
    const secrets = createSecretStore()
    const attempt = () => openLink(host, { secrets, times: defaultLinkTimes })
    const transport = lastingTransport(await attempt(), {
      attempt,
      times: { back: 5000 },
      retry: quick.retry,
      state: keepState({ is: 'connecting', since: now() }),
      onRefused: () => {},
    })
    const channel = await transport.open('deploy', () => {})
    expect(await channel.ended).toEqual({ lost: 'the link was lost: the host closed the connection' })
    expect(asked).toEqual(['deploy'])
    expect(await transport.back?.(5000)).toBe(true)
    expect(asked).toEqual(['deploy'])
    await transport.close()
    expect(await transport.back?.(5000)).toBe(false)
    await expect(transport.open('deploy', () => {})).rejects.toThrow('the session was closed')
    expect(asked).toEqual(['deploy'])
    server.close()
  })

  it('that does not come back in time: the command did not run, and says why', async () => {
    const { session, is } = await watched(through(), { times: { back: 300, handshake: 2000 } })
    proxy.hold(true)
    proxy.cut()
    await until('the loss', () => is().includes('lost'))
    expect(await echo(session, 'never')).toMatchObject({ endedBy: 'lost', problem: expect.any(String) })
    const ran = join(folder, v7())
    const job = await session.job(v7(), { argv: ['touch', ran] })
    expect(await job.done).toMatchObject({
      began: 'no',
      problem: expect.stringContaining('the command was not started'),
    })
    expect(existsSync(ran)).toBe(false)
  })

  it('a link that comes at the very moment of closing is closed, too', async () => {
    const coming = Promise.withResolvers<void>()
    const links = [await openLink(through(), { secrets: createSecretStore(), times: defaultLinkTimes })]
    const state = keepState({ is: 'connecting', since: now() })
    let closing: Promise<void> | undefined
    const transport = lastingTransport(links[0]!, {
      attempt: async () => {
        const next = await openLink(direct(), { secrets: createSecretStore(), times: defaultLinkTimes })
        links.push(next)
        closing = transport.close()
        coming.resolve()
        return next
      },
      times: { back: 5000 },
      retry: quick.retry,
      state,
      onRefused: () => {},
    })
    proxy.cut()
    await coming.promise
    await closing
    await until('the end of the late link', () => isClosed(links[1]!.transport.state()))
    expect(isClosed(state.get())).toBe(true)
  })

  it('a session that is closed meanwhile ends what waits, and opens nothing any more', async () => {
    const { session, is, events } = await watched(through())
    proxy.hold(true)
    proxy.cut()
    await until('the loss', () => is().includes('lost'))
    const asked = echo(session, 'never')
    await session[Symbol.asyncDispose]()
    expect(await asked).toMatchObject({ endedBy: 'lost', problem: 'the session was closed' })
    proxy.hold(false)
    expect(session.state()).toMatchObject({ is: 'lost', reason: 'closed' })
    expect(events.map((event) => event.is)).toEqual(['connected'])
  })
})

describe('a host that refuses', () => {
  it('fault 2: a key that changed while the link was away is not tried by itself, only by the next command', async () => {
    const own = join(folder, v7())
    const changing = await ownSshd({ folder: own })
    const host = restartable(changing, own)
    const { session, states, events } = await watched(sshdHost(changing))
    const connections = () => changing.log().match(/^Connection from/gm)?.length ?? 0
    await host.kill()
    host.changeKey()
    await host.start()
    await until('the refusal', () => session.state().is === 'refused')
    const [shown, known] = events.flatMap((event) => (event.is === 'refused' ? [event.fingerprints] : []))[0]!
    expect(known).toBe(changing.hostKeyFingerprint)
    expect(shown).not.toBe(known)
    expect(states.at(-1)).toMatchObject({ is: 'refused', reason: expect.stringContaining(shown!) })
    const tried = events.length
    expect(await echo(session, 'never')).toMatchObject({
      endedBy: 'lost',
      problem: expect.stringContaining('its host key has changed'),
    })
    expect(events.slice(tried)).toMatchObject([{ is: 'refused', phase: 'host key' }])
    expect(connections()).toBeLessThan(20)
    await session[Symbol.asyncDispose]()
    await host.kill()
  })

  it('fault 2: in mid-incident no other key is taken, and nobody is asked, whatever known_hosts says by now', async () => {
    const own = join(folder, v7())
    const changing = await ownSshd({ folder: own })
    const host = restartable(changing, own)
    const asked: string[] = []
    const yes = async (q: { what: string }) => {
      asked.push(q.what)
      return true
    }
    const none = async () => undefined
    const prompter = { confirm: yes, secret: none, text: none }
    const { session, events } = await watched(sshdHost(changing), { prompter })
    const refusals = () =>
      events.flatMap((event) => (event.is === 'refused' ? [[event.phase, ...event.fingerprints]] : []))
    await host.kill()
    // The line of the first key is gone: to know nobody is not to know the host.
    writeFileSync(changing.knownHosts, '')
    await host.start()
    await until('the refusal', () => session.state().is === 'refused')
    expect(refusals()).toEqual([['host key', changing.hostKeyFingerprint]])
    await host.kill()
    host.changeKey()
    await host.start()
    expect((await echo(session, 'never')).problem).toMatch(/is not the one that this session began with/)
    const [phase, shown, first] = refusals().at(-1) ?? []
    expect([phase, first]).toEqual(['host key', changing.hostKeyFingerprint])
    expect(shown).not.toBe(first)
    // Also where somebody has written the other key down meanwhile.
    const [type, blob] = readFileSync(join(own, 'host_key.pub'), 'utf8').split(' ')
    writeFileSync(changing.knownHosts, `[${changing.address}]:${changing.port} ${type} ${blob}\n`)
    expect(await echo(session, 'never')).toMatchObject({
      endedBy: 'lost',
      problem: expect.stringContaining(`it shows ${shown}; it was ${first}`),
    })
    expect(asked).toEqual([])
    await session[Symbol.asyncDispose]()
    await host.kill()
  })

  it('fault 37: MaxStartups: a server that is crowded is asked again until there is room, and that is said', async () => {
    const crowded = await ownSshd({ config: ['MaxStartups 1', 'SetEnv SHLVL=2'] })
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, n) => watched(sshdHost(crowded, { name: `host-${n}` }))),
    )
    const results = await Promise.all(all.map(({ session }, n) => echo(session, `${n}`)))
    expect(results.map((result) => text(result).out)).toEqual(all.map((_, n) => `${n}\n`))
    const said = all.flatMap(({ states }) => states).filter((state) => state.is === 'connecting')
    expect(said.length).toBeGreaterThan(0)
    for (const state of said) expect(state.reason).toMatch(/(trying again|next try [\d:]+ UTC)$/)
    expect(crowded.log()).toMatch(/MaxStartups|drop connection/i)
  })

  it('fault 37: what only ever hangs up is told as that, with how often it was tried', async () => {
    const rude = createServer((socket) => socket.on('error', () => {}).end())
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', () => resolve()))
    const { port } = rude.address() as { port: number }
    const error = await connect(direct({ port }), {
      secrets: createSecretStore(),
      times: { back: 300 },
      ...quick,
    }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      phase: 'handshake',
      message: expect.stringMatching(/; \d+ tries within/),
      next: expect.stringContaining('MaxStartups'),
    })
    rude.close()
  })

  it('fault 37: MaxSessions 1: channels are had in turn, a long wait is said, and one that is given up is over', async () => {
    const narrow = await ownSshd({ config: ['MaxSessions 1', 'SetEnv SHLVL=2'] })
    const { transport } = await openLink(sshdHost(narrow), {
      secrets: createSecretStore(),
      times: defaultLinkTimes,
    })
    const states: HostState[] = []
    transport.onState((state) => states.push(state))
    const heard: string[] = []
    const hear = (_: string, chunk: Uint8Array) => heard.push(Buffer.from(chunk).toString())
    const release = join(folder, v7())
    const long = await transport.open(`while [ ! -e ${release} ]; do sleep 0.02; done`, hear)
    const abort = new AbortController()
    const given = transport.open('echo given up', hear, { signal: abort.signal })
    const asked = ['a', 'b', 'c'].map(async (word) => {
      const channel = await transport.open(`echo ${word}`, hear)
      return channel.ended
    })
    await until('that it is said', () => transport.state().is === 'ready' && 'reason' in transport.state())
    expect(states).toMatchObject([{ is: 'ready', reason: expect.stringContaining('MaxSessions') }])
    abort.abort()
    await expect(given).rejects.toThrow('given up')
    writeFileSync(release, '')
    expect(await long.ended).toEqual({ code: 0 })
    expect(await Promise.all(asked)).toEqual([{ code: 0 }, { code: 0 }, { code: 0 }])
    expect(heard).toEqual(['a\n', 'b\n', 'c\n'])
    expect(transport.state()).not.toHaveProperty('reason')
    await transport.close()
  })
})

describe('many hosts', () => {
  const full = process.env.SITREP_FULL !== undefined
  const count = full ? 120 : 40
  let mute: Server
  let wide: PrivateSshd
  beforeAll(async () => {
    mute = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', () => resolve()))
    wide = await privateSshd({ address: '0.0.0.0', config: ['MaxStartups 200', 'SetEnv SHLVL=2'] })
    const [, ...key] = readFileSync(wide.knownHosts, 'utf8').trim().split(' ')
    writeFileSync(join(folder, 'wide'), `[127.0.0.*]:${wide.port} ${key.join(' ')}\n`, { mode: 0o600 })
  })
  afterAll(async () => {
    mute.close()
    await wide.stop()
  })

  it('fault 36: open side by side, whatever others that hang are doing, and close at once', async () => {
    const host = (n: number) =>
      sshdHost(wide, {
        name: `host-${n}`,
        address: `127.0.0.${n + 2}`,
        knownHosts: [join(folder, 'wide')],
      })
    const { port } = mute.address() as { port: number }
    // More than may shake hands at once, all of them silent.
    const hanging = Array.from({ length: 32 }, (_, n) => direct({ name: `mute-${n}`, port }))
    const fine = Array.from({ length: count }, (_, n) => host(n))
    const pool = createPool({
      connect: (host, opening) => connect(host, { secrets: createSecretStore(), ...quick, ...opening }),
    })
    const never = pool.open(hanging)
    const opened = await pool.open(fine)
    expect(opened.filter((one) => 'error' in one)).toEqual([])
    expect(hanging.map(({ name }) => pool.state(name).is)).toEqual(hanging.map(() => 'connecting'))
    const results = await Promise.all(
      opened.map((one) => ('session' in one ? echo(one.session, one.host.name) : undefined)),
    )
    expect(results.map((result) => result && text(result).out)).toEqual(fine.map(({ name }) => `${name}\n`))
    await pool.close()
    for (const one of await never) expect(one).toHaveProperty('error')
  }, 60_000)

  it('leave no process behind on the host once they are closed', async () => {
    const pool = createPool({
      connect: (host, opening) => connect(host, { secrets: createSecretStore(), ...quick, ...opening }),
    })
    await pool.open([direct({ name: 'a' }), direct({ name: 'b' })])
    await pool.close()
    await until('that all connections are closed', () => {
      const list = execFileSync('ps', ['-eo', 'ppid='], { encoding: 'utf8' })
      return !list.split('\n').some((line) => Number(line) === server.pid())
    })
    expect(pool.state('a')).toMatchObject({ is: 'lost', reason: 'closed' })
  })
})
