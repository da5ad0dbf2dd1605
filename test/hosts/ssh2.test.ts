import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { execa } from 'execa'
import ssh2 from 'ssh2'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ConnectEvent, connect } from '../../src/hosts/connect.ts'
import { ConnectError } from '../../src/hosts/errors.ts'
import { fingerprintOf } from '../../src/hosts/known_hosts.ts'
import type { Prompter } from '../../src/hosts/prompter.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { attachJob } from '../../src/hosts/session.ts'
import { createSharedLinks } from '../../src/hosts/shared.ts'
import { isTerrapinSafe } from '../../src/hosts/ssh2/algorithms.ts'
import { failClosed } from '../../src/hosts/ssh2/verifier.ts'
import { showHostKey } from '../../src/hosts/ssh2.ts'
import type { Host } from '../../src/model/host.ts'
import type { PrivateSshd } from '../lab/privateSshd.ts'
import { testKey } from './helpers/keys.ts'
import { ask, createLinks } from './helpers/links.ts'
import { type Bench, ssh2Bench, sshdHost, testHost, text, until } from './helpers/machine.ts'
import { type Link, startProxy } from './helpers/proxy.ts'

/** Fails where it connects; gives the error else. */
async function refused(host: Host, deps: Partial<Parameters<typeof connect>[1]> = {}): Promise<ConnectError> {
  const error = await connect(host, { secrets: createSecretStore(), ...deps }).then(
    () => new Error('it connected'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(ConnectError)
  return error as ConnectError
}

const never: Prompter = {
  secret: () => Promise.reject(new Error('asked for a secret')),
  text: () => Promise.reject(new Error('asked for text')),
  confirm: () => Promise.reject(new Error('asked to confirm')),
}

let folder: string
let bench: Bench & { sshd: PrivateSshd }
let keyLine: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sitrep-ssh2-'))
  bench = await ssh2Bench()
  keyLine = readFileSync(bench.sshd.knownHosts, 'utf8').trim().split('\n')[0]!.split(' ').slice(1).join(' ')
})
afterAll(async () => {
  await bench.close()
  rmSync(folder, { recursive: true })
})
const file = (content: string): string => {
  const path = join(folder, v7())
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

describe('the host key', () => {
  it('fault 1: an unknown key stops before any authentication, and shows its fingerprint', async () => {
    const before = bench.sshd.log().length
    const events: ConnectEvent[] = []
    const host = sshdHost(bench.sshd, { knownHosts: [file('')] })
    const error = await refused(host, { onEvent: (event) => events.push(event) })
    expect(error).toMatchObject({
      phase: 'host key',
      kind: 'unreachable',
      fingerprints: [bench.sshd.hostKeyFingerprint],
    })
    expect(error.message).toContain(bench.sshd.hostKeyFingerprint)
    expect(error.next).toContain('sitrep trust private')
    expect(events).toMatchObject([{ is: 'refused', phase: 'host key', fingerprints: error.fingerprints }])
    const log = await until('the end of the connection in the log', () => {
      const text = bench.sshd.log().slice(before)
      return /closed by|disconnect/i.test(text) && text
    })
    expect(log).not.toMatch(/publickey|authenticating user root/i)
  })

  it('asks about an unknown key, and connects when the answer is yes', async () => {
    const asked: { who: string; what: string }[] = []
    const answer = (yes: boolean): Prompter => ({
      ...never,
      confirm: async (q) => {
        asked.push(q)
        return yes
      },
    })
    const knownHosts = [join(folder, v7(), 'known_hosts')]
    const host = sshdHost(bench.sshd, { knownHosts })
    expect(await refused(host, { prompter: answer(false) })).toMatchObject({ phase: 'host key' })
    expect(existsSync(knownHosts[0]!)).toBe(false)
    const session = await bench.open({ knownHosts }, { prompter: answer(true) })
    expect(await session.run({ argv: ['true'] })).toMatchObject({ exitCode: 0 })
    expect(asked[0]?.what).toContain(bench.sshd.hostKeyFingerprint)
    expect(asked[0]?.who).toContain('private (127.0.0.1')
    const again = await bench.open({ knownHosts }, { prompter: never })
    expect(again.state().is).toBe('ready')
  })

  it('three entries of one address ask once about its key, and write it down once', async () => {
    const asked: string[] = []
    const prompter: Prompter = {
      ...never,
      confirm: async (q) => {
        asked.push(q.who)
        return true
      },
    }
    const known = join(folder, v7())
    const sessions = await Promise.all(
      ['one', 'two', 'three'].map((name) => bench.open({ name, knownHosts: [known] }, { prompter })),
    )
    expect(sessions.map((session) => session.state().is)).toEqual(['ready', 'ready', 'ready'])
    expect(asked).toHaveLength(1)
    expect(readFileSync(known, 'utf8').trim().split('\n')).toHaveLength(1)
  })

  it('a key that another session wrote down while the question stood there is not written twice', async () => {
    const known = join(folder, v7())
    const prompter: Prompter = {
      ...never,
      confirm: async () => {
        writeFileSync(known, `* ${keyLine}\n`)
        return true
      },
    }
    const session = await bench.open({ knownHosts: [known] }, { prompter })
    expect(session.state().is).toBe('ready')
    expect(readFileSync(known, 'utf8')).toBe(`* ${keyLine}\n`)
  })

  it('nobody is asked about a key that can not be written down, and no file knows nobody', async () => {
    for (const knownHosts of [['/dev/null'], []])
      expect(await refused(sshdHost(bench.sshd, { knownHosts }), { prompter: never })).toMatchObject({
        phase: 'host key',
        message: expect.stringContaining('is not known'),
      })
  })

  it('the time in which a person was asked is not counted as the time of the host', async () => {
    const events: ConnectEvent[] = []
    let open = 0
    const prompter: Prompter = {
      ...never,
      confirm: async () => {
        const from = performance.now()
        await until('a slow person', () => performance.now() - from > 700)
        open = performance.now() - from
        return true
      },
    }
    const began = performance.now()
    await bench.open(
      { knownHosts: [join(folder, v7())] },
      { prompter, onEvent: (event) => events.push(event) },
    )
    const whole = performance.now() - began
    expect(events).toMatchObject([{ is: 'connected' }])
    for (const event of events)
      if (event.is === 'connected') expect(event.ms).toBeLessThanOrEqual(whole - open)
  })

  it('fault 2: a changed key is refused, names both fingerprints, and nobody is asked', async () => {
    const other = testKey()
    const knownHosts = [file(`[127.0.0.1]:${bench.sshd.port} ${other.type} ${other.blob}\n`)]
    const error = await refused(sshdHost(bench.sshd, { knownHosts }), { prompter: never })
    expect(error).toMatchObject({
      phase: 'host key',
      fingerprints: [bench.sshd.hostKeyFingerprint, fingerprintOf(other.key)],
    })
    expect(error.message).toMatch(/has changed/)
    for (const fingerprint of error.fingerprints) expect(error.message).toContain(fingerprint)
  })

  it('fault 5: a revoked key, and a known_hosts that can not be read, are refused', async () => {
    const revoked = file(`* ${keyLine}\n@revoked * ${keyLine}\n`)
    expect(
      (await refused(sshdHost(bench.sshd, { knownHosts: [revoked] }), { prompter: never })).message,
    ).toMatch(/revoked/)
    const unreadable = await refused(sshdHost(bench.sshd, { knownHosts: [bench.sshd.knownHosts, folder] }), {
      prompter: never,
    })
    expect(unreadable.message).toMatch(/can not be read/)
  })

  it('shows the key of a host for `sitrep trust` without logging in', async () => {
    const secrets = createSecretStore()
    const shown = await showHostKey(sshdHost(bench.sshd, { knownHosts: [file('')] }), { secrets })
    expect(shown.verdict).toEqual({ is: 'unknown', fingerprint: bench.sshd.hostKeyFingerprint })
    expect(fingerprintOf(shown.key)).toBe(bench.sshd.hostKeyFingerprint)
    expect((await showHostKey(sshdHost(bench.sshd), { secrets })).verdict.is).toBe('known')
  })

  it.each<[string, (key: Buffer) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['resolves true', async () => true],
    ['resolves false', async () => false],
    [
      'rejects',
      async () => {
        throw new Error('broken')
      },
    ],
    ['never answers', () => new Promise(() => {})],
    ['gives undefined', () => undefined],
    ['gives something truthy', () => 'yes'],
  ])('fault 3: a verifier that %s denies', async (_, judge) => {
    const client = new ssh2.Client()
    const outcome = await new Promise<string>((resolve) => {
      client.on('ready', () => resolve('ready'))
      client.on('error', (error) => resolve(error.message))
      client.connect({
        host: '127.0.0.1',
        port: bench.sshd.port,
        username: bench.sshd.user,
        privateKey: readFileSync(bench.sshd.identityFile),
        hostVerifier: failClosed(judge),
      })
    })
    client.destroy()
    expect(outcome).toMatch(/Host denied/)
  })

  it('a host of which only the RSA key is known is asked for that one', async () => {
    const [ed, rsa] = [testKey(), testKey('rsa')]
    const server = new ssh2.Server({ hostKeys: [ed.private, rsa.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (context) => context.accept())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as AddressInfo
    const host = testHost({
      transport: 'ssh2',
      port,
      identityFiles: [bench.sshd.identityFile],
      knownHosts: [file(`[127.0.0.1]:${port} ${rsa.type} ${rsa.blob}\n`)],
    })
    const session = await connect(host, { secrets: createSecretStore(), prompter: never })
    expect(session.state().is).toBe('ready')
    await session[Symbol.asyncDispose]()
    server.close()
  })

  it('fault 7: without strict key exchange only AES-GCM is good enough', () => {
    const cipher = (name: string) => ({ cs: { cipher: name }, sc: { cipher: name } })
    const client = (strict: boolean | undefined) =>
      ({ _protocol: { _strictMode: strict } }) as unknown as ssh2.Client
    expect(isTerrapinSafe(client(true), cipher('chacha20-poly1305@openssh.com'))).toBe(true)
    expect(isTerrapinSafe(client(false), cipher('aes128-gcm@openssh.com'))).toBe(true)
    expect(isTerrapinSafe(client(false), cipher('chacha20-poly1305@openssh.com'))).toBe(false)
    expect(isTerrapinSafe(client(undefined), cipher('aes256-ctr'))).toBe(false)
  })
})

describe('authentication', () => {
  let home: string
  const before = { HOME: process.env.HOME, SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK }
  beforeAll(() => {
    home = join(folder, 'home')
    mkdirSync(join(home, '.ssh'), { recursive: true })
  })
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  const withoutFile = (): Host => {
    const { identityFiles: _, ...host } = sshdHost(bench.sshd)
    return host
  }
  /** An agent that holds these keys, and then the one that the host takes. */
  async function startAgent(files: string[] = []): Promise<{ socket: string; end(): Promise<unknown> }> {
    const socket = join(folder, v7())
    const agent = execa('ssh-agent', ['-D', '-a', socket], { reject: false })
    await until('the agent', () => existsSync(socket))
    await execa('ssh-add', [...files, bench.sshd.identityFile], { env: { SSH_AUTH_SOCK: socket } })
    return {
      socket,
      end: () => {
        agent.kill()
        return agent
      },
    }
  }
  async function encrypted(passphrase: string): Promise<string> {
    const path = file(readFileSync(bench.sshd.identityFile, 'utf8'))
    await execa('ssh-keygen', ['-p', '-P', '', '-N', passphrase, '-f', path])
    return path
  }

  it('says what was tried when it is not let in', async () => {
    process.env.HOME = home
    delete process.env.SSH_AUTH_SOCK
    expect(await refused(withoutFile())).toMatchObject({
      phase: 'authentication',
      message: expect.stringContaining('no key was found'),
    })
    const identityFile = file(testKey().private)
    const error = await refused(sshdHost(bench.sshd, { identityFiles: [identityFile] }))
    expect(error).toMatchObject({ phase: 'authentication', message: expect.stringContaining(identityFile) })
    const missing = await refused(sshdHost(bench.sshd, { identityFiles: ['/no/such/key'] }))
    expect(missing.message).toContain('/no/such/key (ENOENT)')
  })

  it('takes the default files where the inventory names none', async () => {
    process.env.HOME = home
    delete process.env.SSH_AUTH_SOCK
    writeFileSync(join(home, '.ssh', 'id_ed25519'), readFileSync(bench.sshd.identityFile), { mode: 0o600 })
    const session = await connect(withoutFile(), { secrets: createSecretStore() })
    await session[Symbol.asyncDispose]()
    rmSync(join(home, '.ssh', 'id_ed25519'))
  })

  it('takes keys of the agent, also for an encrypted file whose public half it holds', async () => {
    process.env.HOME = home
    const { socket, end } = await startAgent()
    try {
      process.env.SSH_AUTH_SOCK = socket
      const session = await connect(withoutFile(), { secrets: createSecretStore(), prompter: never })
      await session[Symbol.asyncDispose]()
      const identityFile = await encrypted('secret words')
      writeFileSync(`${identityFile}.pub`, readFileSync(`${bench.sshd.identityFile}.pub`))
      const second = await connect(sshdHost(bench.sshd, { identityFiles: [identityFile] }), {
        secrets: createSecretStore(),
        prompter: never,
      })
      await second[Symbol.asyncDispose]()
    } finally {
      await end()
    }
  })

  it('fault 8: the agent is forwarded only where the inventory says so', async () => {
    const { socket, end } = await startAgent()
    try {
      const links = createLinks()
      const host = sshdHost(bench.sshd, { identityAgent: socket })
      const line = 'echo "${SSH_AUTH_SOCK:-none}"; ssh-add -l 2>&1'
      expect(await ask(await links.open(host), line)).toMatch(/^none\n/)
      const forwarded = await ask(await links.open({ ...host, forwardAgent: true }), line)
      expect(forwarded).toMatch(/^\/.*agent/)
      expect(forwarded).toMatch(/ED25519/)
      await links.close()
    } finally {
      await end()
    }
  })

  it('IdentitiesOnly: of the keys of the agent only those of the files named, also by a public key file', async () => {
    const { socket, end } = await startAgent([file(testKey().private), file(testKey().private)])
    try {
      const links = createLinks()
      const stranger = file(testKey().private)
      const more = { identityAgent: socket, identitiesOnly: true }
      const before = bench.sshd.log().length
      const error = await links.refused(sshdHost(bench.sshd, { ...more, identityFiles: [stranger] }))
      expect(error.message).toMatch(`in; tried: ${stranger}; it takes publickey`)
      expect(
        bench.sshd
          .log()
          .slice(before)
          .match(/^Failed publickey/gm),
      ).toHaveLength(1)
      const link = await links.open(
        sshdHost(bench.sshd, { ...more, identityFiles: [`${bench.sshd.identityFile}.pub`] }),
      )
      expect(link.authentication).toBe("the agent's key")
      await links.close()
    } finally {
      await end()
    }
  })

  it('asks for the passphrase of an encrypted key, again when it was wrong, and then no more', async () => {
    delete process.env.SSH_AUTH_SOCK
    const identityFile = await encrypted('right one')
    const asked: string[] = []
    const answers = ['wrong one', 'right one']
    const prompter: Prompter = {
      ...never,
      secret: async (q) => {
        asked.push(q.what)
        return answers.shift()
      },
    }
    const host = sshdHost(bench.sshd, { identityFiles: [identityFile] })
    expect(await refused(host)).toMatchObject({ phase: 'authentication' })
    const shared = createSharedLinks()
    const secrets = createSecretStore()
    const first = await connect(host, { secrets, prompter, shared })
    const second = await connect(host, { secrets, prompter, shared })
    expect(asked).toHaveLength(2)
    // What was typed is hidden from then on.
    expect(secrets.entries().map(({ value }) => value)).toContain('right one')
    expect(asked[1]).toMatch(/^that was not it/)
    await Promise.all([first, second].map((session) => session[Symbol.asyncDispose]()))
    await shared.close()
    // It is forgotten with the fleet.
    expect(await refused(host, { shared: createSharedLinks() })).toMatchObject({ phase: 'authentication' })
  })
})

describe('fault 36: each phase has its own time and name', () => {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })
  async function listen(server: Server): Promise<number> {
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    return (server.address() as AddressInfo).port
  }
  const at = (port: number, more: Partial<Host> = {}) => sshdHost(bench.sshd, { port, ...more })

  it('a name that can not be resolved', async () => {
    expect(await refused(at(22, { address: 'no-such-host.invalid' }))).toMatchObject({ phase: 'resolve' })
  })

  it('a port where nothing listens, and a host that does not answer', async () => {
    expect(await refused(at(1))).toMatchObject({
      phase: 'connect',
      message: expect.stringContaining('refused'),
    })
    // A documentation network (RFC 5737): nobody answers there, or a router says so.
    const silent = await refused(at(22, { address: '192.0.2.1' }), { times: { connect: 200 } })
    expect(silent.phase).toBe('connect')
  })

  it('a server that says nothing, and one that hangs up', async () => {
    const mute = await listen(createServer((socket) => socket.on('error', () => {})))
    expect(await refused(at(mute), { times: { handshake: 200 } })).toMatchObject({
      phase: 'handshake',
      message: expect.stringContaining('0.2 s'),
    })
    const rude = await listen(createServer((socket) => socket.end()))
    expect(await refused(at(rude), { times: { back: 0 } })).toMatchObject({ phase: 'handshake' })
    const other = await listen(
      createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\x1b[2J\r\n\r\n')),
    )
    const error = await refused(at(other), { times: { back: 0 } })
    expect(error.phase).toBe('handshake')
    expect(error.message).not.toContain('\x1b')
  })

  it('an authentication that never ends', async () => {
    const key = testKey()
    const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', () => {})
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as AddressInfo
    const knownHosts = [file(`[127.0.0.1]:${port} ${key.type} ${key.blob}\n`)]
    const error = await refused(at(port, { knownHosts }), { times: { authentication: 300 } })
    expect(error).toMatchObject({ phase: 'authentication', message: expect.stringContaining('0.3 s') })
    server.close()
  })
})

describe('the link', () => {
  let proxy: Link
  let through: Partial<Host>
  beforeAll(async () => {
    proxy = await startProxy(bench.sshd.port)
    through = { port: proxy.port, knownHosts: [file(`[127.0.0.1]:* ${keyLine}\n`)] }
  })
  afterAll(() => proxy.close())

  it('fault 28: cut in a job, the job goes on; it and a new session have the missed output and the true exit code', async () => {
    const id = v7()
    const release = join(folder, id)
    const session = await bench.open(through)
    let heard = 0
    const job = await session.job(
      id,
      {
        argv: ['sh', '-c', 'cat; while [ ! -e "$0" ]; do sleep 0.02; done; echo after; exit 9', release],
        stdin: 'in\n',
      },
      { onOutput: (_, chunk) => (heard += chunk.length) },
    )
    await until('its first output', () => heard === 3)
    proxy.cut()
    const next = await bench.open(through)
    expect(await next.jobState(id)).toEqual({ is: 'running' })
    const again = await attachJob(next, id, { from: { stdout: heard, stderr: 0 } })
    const whole = await next.job(id, { argv: ['echo', 'never'] })
    writeFileSync(release, '')
    const missed = await again!.done
    expect(missed).toMatchObject({ endedBy: 'exit', exitCode: 9 })
    const done = await job.done
    expect(done).toMatchObject({ endedBy: 'exit', exitCode: 9 })
    expect(text(done).out).toBe('in\nafter\n')
    expect(text(missed).out).toBe('after\n')
    const all = await whole.done
    expect(all.exitCode).toBe(9)
    expect(text(all).out).toBe('in\nafter\n')
    await whole.remove()
  })

  it('fault 28: cut before the whole input has arrived, the command does not run', async () => {
    const id = v7()
    const ran = join(folder, id)
    const session = await bench.open(through)
    proxy.allow(100_000)
    const job = await session.job(id, { argv: ['sh', '-c', 'cat >"$0"', ran], stdin: 'x'.repeat(1_000_000) })
    proxy.cut()
    proxy.allow(Number.POSITIVE_INFINITY)
    expect(await job.done).toMatchObject({
      endedBy: 'exit',
      problem: expect.stringContaining('did not run'),
    })
    const next = await bench.open(through)
    const state = await until('the end of the job', async () => {
      const state = await next.jobState(id)
      return state.is === 'running' ? undefined : state
    })
    expect(state).toMatchObject({
      is: 'done',
      result: { problem: expect.stringContaining('did not run'), stderr: { total: 0 } },
    })
    expect(existsSync(ran)).toBe(false)
    await (await next.job(id, { argv: ['true'] })).remove()
  })

  it('a followed command ends on the host when the link is cut', async () => {
    const log = file('one\n')
    const session = await bench.open(through)
    let heard = ''
    const reason = new Promise<string>((resolve) => {
      session.follow(
        { argv: ['tail', '-f', log] },
        { chunk: (_, chunk) => (heard += Buffer.from(chunk).toString()), end: resolve },
      )
    })
    await until('its first line', () => heard === 'one\n')
    proxy.cut()
    expect(await reason).toMatch(/link was lost/)
    const look = await bench.open()
    await until('no tail is left', async () => {
      const found = await look.run({ argv: ['pgrep', '-f', `^tail -f ${log}`] })
      return found.exitCode === 1
    })
  })
})

describe('the server', () => {
  it('the exit of a short command is heard, also when it comes in one packet with the answer to exec', async () => {
    const key = testKey()
    const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (context) => context.accept())
      client.on('session', (accept) =>
        accept().on('exec', (accept, _reject, info) => {
          const [, nonce = ''] = /([0-9a-f]{32}):begin/.exec(info.command) ?? []
          const socket = (client as unknown as { _sock: Duplex })._sock
          socket.cork()
          const channel = accept()
          channel.stderr.write(`${nonce}:begin 4711\n`)
          channel.write(`${nonce}:begin 4711\nout\n`)
          channel.exit(7)
          channel.end()
          socket.uncork()
        }),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as AddressInfo
    const knownHosts = [file(`[127.0.0.1]:${port} ${key.type} ${key.blob}\n`)]
    const session = await bench.open({ port, knownHosts })
    for (let n = 0; n < 20; n++) {
      const result = await session.run({ argv: ['true'] })
      expect(result).toMatchObject({ endedBy: 'exit', exitCode: 7 })
      expect(text(result).out).toBe('out\n')
    }
    await session[Symbol.asyncDispose]()
    server.close()
  })

  it('fault 37: MaxSessions 1: commands queue', async () => {
    const own = await ssh2Bench(['MaxSessions 1'])
    const session = await own.open()
    const results = await Promise.all(
      [1, 2, 3].map((n) => session.run({ argv: ['sh', '-c', `sleep 0.1; echo ${n}`] })),
    )
    expect(results.map((result) => text(result).out)).toEqual(['1\n', '2\n', '3\n'])
    await own.close()
  }, 30_000)

  it('what a login shell prints before the command is not its output', async () => {
    const own = await ssh2Bench(['ForceCommand echo noise; echo noise >&2; eval "$SSH_ORIGINAL_COMMAND"'])
    const session = await own.open()
    const result = await session.run({ argv: ['sh', '-c', 'echo out; echo err >&2'] })
    expect(text(result)).toEqual({ out: 'out\n', err: 'err\n' })
    const job = await session.job(v7(), { argv: ['sh', '-c', 'echo out; echo err >&2'] })
    expect(text(await job.done)).toEqual({ out: 'out\n', err: 'err\n' })
    await job.remove()
    await own.close()
  })

  it('a login shell that runs nothing is named', async () => {
    const own = await ssh2Bench(['ForceCommand echo This account is currently not available.; exit 1'])
    const session = await own.open()
    const result = await session.run({ argv: ['true'] })
    expect(result.problem).toBe(
      'the login shell did not run the command: This account is currently not available.',
    )
    expect(result.exitCode).toBeUndefined()
    const job = await session.job(v7(), { argv: ['true'] })
    expect((await job.done).problem).toContain('currently not available')
    await own.close()
  })
})
