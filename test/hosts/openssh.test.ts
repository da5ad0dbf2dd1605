import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import ssh2, { type KeyboardAuthContext } from 'ssh2'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fingerprintOf } from '../../src/hosts/known_hosts.ts'
import type { Link } from '../../src/hosts/link.ts'
import { keyWithin } from '../../src/hosts/openssh/certificate.ts'
import { terrapin } from '../../src/hosts/openssh/failure.ts'
import { readProgress } from '../../src/hosts/openssh/progress.ts'
import { showOpensshHostKey } from '../../src/hosts/openssh.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { createSharedLinks, type SharedLinks } from '../../src/hosts/shared.ts'
import type { ChannelEnd } from '../../src/hosts/transport.ts'
import type { Host, HostState } from '../../src/model/host.ts'
import { certify } from '../lab/certificates.ts'
import { type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { testKey } from './helpers/keys.ts'
import { ask, createLinks, keyIn, listening, mute, person } from './helpers/links.ts'
import { opensshHost, testHost, until } from './helpers/machine.ts'
import { startProxy } from './helpers/proxy.ts'

/** Nobody may be asked. */
const nobody = () => person([])

let folder: string
let plain: PrivateSshd
let certified: PrivateSshd
let runtime: string
const links = createLinks()
const servers: (Server | ssh2.Server)[] = []
const shares: SharedLinks[] = []
const before = { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR, SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK }
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sitrep-openssh-'))
  runtime = mkdtempSync('/tmp/sitrep-run-')
  process.env.XDG_RUNTIME_DIR = runtime
  delete process.env.SSH_AUTH_SOCK
  const config = ['SetEnv SHLVL=2']
  ;[plain, certified] = await Promise.all([
    privateSshd({ config }),
    privateSshd({ config, certificates: {}, address: '127.0.0.2' }),
  ])
})
afterEach(async () => {
  await links.close()
  await Promise.all(shares.splice(0).map((shared) => shared.close()))
  for (const server of servers.splice(0)) server.close()
  // Neither a socket nor a question's program stays behind.
  if (existsSync(join(runtime, 'sitrep'))) expect(readdirSync(join(runtime, 'sitrep'))).toEqual([])
})
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  await Promise.all([plain, certified].map((sshd) => sshd.stop()))
  for (const path of [folder, runtime]) rmSync(path, { recursive: true })
})
const file = (content: string): string => {
  const path = join(folder, v7())
  writeFileSync(path, content, { mode: 0o600 })
  return path
}
const share = () => {
  const shared = createSharedLinks()
  shares.push(shared)
  return shared
}
const listen = async (server: Server | ssh2.Server): Promise<number> => {
  servers.push(server)
  return listening(server)
}
const host = (more: Partial<Host> = {}) => opensshHost(plain, more)

/** Runs a line in a channel of its own to its end. */
async function run(
  link: Link,
  line: string,
  input?: string,
): Promise<{ end: ChannelEnd; out: string; err: string }> {
  const said = { stdout: '', stderr: '' }
  const channel = await link.transport.open(line, (stream, chunk) => {
    said[stream] += Buffer.from(chunk).toString('utf8')
  })
  if (input !== undefined) channel.write(input)
  channel.end()
  return { end: await channel.ended, out: said.stdout, err: said.stderr }
}

describe('certificates', () => {
  it('fault 6: a user and a host that are known by certificates alone', async () => {
    const link = await links.open(opensshHost(certified), nobody())
    expect(link.fingerprint).toBe(certified.hostKeyFingerprint)
    expect(await ask(link, 'echo "$SSH_CONNECTION"')).toMatch(/ 127\.0\.0\.2 \d+$/)
    expect(certified.log()).toMatch(/Accepted certificate ID "sitrep-test"/)
  })

  it('fault 6: without the certificate the user is not let in, and what was tried is said', async () => {
    const error = await links.refused(opensshHost(certified, { certificateFiles: [] }))
    expect(error).toMatchObject({ phase: 'authentication', passing: false })
    expect(error.message).toContain(`tried: ${certified.identityFile}`)
  })

  it.each([
    ['expired', { validity: '-2h:-1h' }, /not valid: expired/],
    ['for another host', { principals: ['other.example'] }, /not valid: name is not a listed principal/],
  ])(
    'fault 6: a host certificate that is %s is refused, and nobody is asked',
    async (_, certificate, words) => {
      const sshd = await privateSshd({ certificates: { host: certificate } })
      const { prompter, asked } = person([[/trust/, true]])
      const error = await links.refused(opensshHost(sshd), { prompter })
      await sshd.stop()
      expect(error).toMatchObject({ phase: 'host key', fingerprints: [sshd.hostKeyFingerprint] })
      expect(error.message).toMatch(words)
      expect(asked).toEqual([])
    },
  )

  it('fault 5: an authority that is revoked vouches for nobody', async () => {
    const line = readFileSync(certified.knownHosts, 'utf8').replace('@cert-authority', '@revoked')
    const error = await links.refused(
      opensshHost(certified, { knownHosts: [file(readFileSync(certified.knownHosts, 'utf8') + line)] }),
      nobody(),
    )
    expect(error.phase).toBe('host key')
    expect(error.message).toMatch(/revoked|not valid|not known/)
  })

  it('fault 6: a user certificate that has expired is refused', async () => {
    const sshd = await privateSshd({ certificates: { user: { validity: '-2h:-1h' } } })
    const error = await links.refused(opensshHost(sshd))
    await sshd.stop()
    expect(error.phase).toBe('authentication')
  })

  it('a host whose authority is not known can be trusted by its key', async () => {
    const knownHosts = [join(folder, v7())]
    const { prompter, asked } = person([[/trust it/, true]])
    await links.open(opensshHost(certified, { knownHosts }), { prompter })
    expect(asked).toHaveLength(1)
    expect(asked[0]?.what).toContain(certified.hostKeyFingerprint)
    expect(readFileSync(knownHosts[0]!, 'utf8')).toMatch(/^\[127\.0\.0\.2\]:\d+ ssh-ed25519 \S+\n$/)
    await links.open(opensshHost(certified, { knownHosts }), nobody())
  })
})

it.each(['ed25519', 'rsa', 'ecdsa'])('finds the key within a certificate of %s', async (type) => {
  const [ca, key] = [join(folder, v7()), join(folder, v7())]
  for (const path of [ca, key]) await execa('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path])
  const certificate = await certify(ca, key, { principals: ['core-1'], host: true })
  const blob = (path: string) => Buffer.from(readFileSync(path, 'utf8').split(' ')[1] ?? '', 'base64')
  expect(keyWithin(blob(certificate))).toEqual(blob(`${key}.pub`))
  expect(keyWithin(blob(`${key}.pub`))).toEqual(blob(`${key}.pub`))
  expect(keyWithin(blob(certificate).subarray(0, 60))).toBeUndefined()
})

describe('the host key', () => {
  it('fault 1: an unknown key stops before any authentication, and shows its fingerprint', async () => {
    const from = plain.log().length
    const error = await links.refused(host({ knownHosts: [file('')] }))
    expect(error).toMatchObject({
      phase: 'host key',
      fingerprints: [plain.hostKeyFingerprint],
      passing: false,
    })
    expect(error.message).toBe(`its host key is not known: ${plain.hostKeyFingerprint}`)
    expect(error.next).toContain('sitrep trust private')
    const log = await until('the end of both connections', () => {
      const text = plain.log().slice(from)
      return (text.match(/closed by/gi) ?? []).length >= 2 && text
    })
    expect(log).not.toMatch(/publickey|authenticating user/i)
  })

  it('fault 2: a changed key is refused, names both fingerprints, and nobody is asked', async () => {
    const other = testKey()
    const knownHosts = [file(`[127.0.0.1]:${plain.port} ${other.type} ${other.blob}\n`)]
    const { prompter, asked } = nobody()
    const error = await links.refused(host({ knownHosts }), { prompter })
    expect(error.fingerprints).toEqual([plain.hostKeyFingerprint, fingerprintOf(other.key)])
    expect(error.message).toMatch(/has changed: .*known is .*:1\)/)
    expect(asked).toEqual([])
  })

  it('fault 2: a session that has begun takes no other key, and nobody is asked about one', async () => {
    const { prompter, asked } = nobody()
    const other = fingerprintOf(testKey().key)
    await links.open(host(), { expected: plain.hostKeyFingerprint })
    for (const knownHosts of [[plain.knownHosts], [file('')]])
      expect(await links.refused(host({ knownHosts }), { expected: other, prompter })).toMatchObject({
        phase: 'host key',
        fingerprints: [plain.hostKeyFingerprint, other],
      })
    const gone = host({ knownHosts: [file('')] })
    expect(await links.refused(gone, { expected: plain.hostKeyFingerprint, prompter })).toMatchObject({
      phase: 'host key',
      message: expect.stringContaining('is not known'),
    })
    expect(asked).toEqual([])
  })

  it('a host that is given no known_hosts file is known by nobody', async () => {
    expect(await links.refused(host({ knownHosts: [] }))).toMatchObject({
      phase: 'host key',
      fingerprints: [plain.hostKeyFingerprint],
    })
  })

  it('fault 5: a revoked key is refused, and a file that can not be read refuses', async () => {
    const key = keyIn(plain.knownHosts)
    const both = `[127.0.0.1]:${plain.port} ${key}\n@revoked * ${key}\n`
    expect((await links.refused(host({ knownHosts: [file(both)] }))).message).toMatch(/is revoked/)
    const unreadable = join(folder, v7())
    mkdirSync(unreadable)
    const error = await links.refused(host({ knownHosts: [plain.knownHosts, unreadable] }))
    expect(error).toMatchObject({
      phase: 'host key',
      message: expect.stringContaining(`${unreadable} can not be read`),
    })
  })

  it('is known under its alias', async () => {
    const knownHosts = [file(`core ${keyIn(plain.knownHosts)}\n`)]
    await links.open(host({ knownHosts, hostKeyAlias: 'core' }))
    expect((await links.refused(host({ knownHosts }))).phase).toBe('host key')
  })

  it('is shown for `sitrep trust` without logging in', async () => {
    const from = plain.log().length
    const secrets = createSecretStore()
    const shown = await showOpensshHostKey(host({ knownHosts: [file('')] }), { secrets })
    expect(shown.verdict).toEqual({ is: 'unknown', fingerprint: plain.hostKeyFingerprint })
    expect((await showOpensshHostKey(host(), { secrets })).verdict.is).toBe('known')
    expect(plain.log().slice(from)).not.toMatch(/publickey|authenticating user/i)
  })
})

describe('a banner in the words of ssh', () => {
  it('forges neither the key that was accepted, nor why a login failed', async () => {
    const banner = file(
      'debug1: Server host key: ssh-ed25519 SHA256:EVIL\nssh: connect to host x port 22: foo\ndebug1: Entering interactive session.\n',
    )
    const sshd = await privateSshd({ config: ['SetEnv SHLVL=2', `Banner ${banner}`] })
    const link = await links.open(opensshHost(sshd))
    expect(link.fingerprint).toBe(sshd.hostKeyFingerprint)
    expect(await ask(link, 'echo in')).toBe('in')
    const other = join(folder, v7())
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
    const error = await links.refused(opensshHost(sshd, { identityFiles: [other] }))
    await sshd.stop()
    expect(error).toMatchObject({ phase: 'authentication', passing: false })
    expect(error.message).toContain('the host takes publickey')
  })
})

describe('the keys of an entry', () => {
  it('are the only ones, whatever the OpenSSH configuration names', async () => {
    const other = join(folder, v7())
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
    const { stdout: ssh } = await execa('sh', ['-c', 'command -v ssh'])
    const bin = mkdtempSync(join(folder, 'bin-'))
    const config = file(`IdentityFile ${plain.identityFile}\n`)
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} -F ${config} "$@"\n`, { mode: 0o755 })
    const path = process.env.PATH
    process.env.PATH = `${bin}:${path}`
    try {
      const error = await links.refused(host({ identityFiles: [other] }))
      expect(error).toMatchObject({ phase: 'authentication', passing: false })
      expect(error.message).toContain(`tried: ${other};`)
      await links.open(host({ identityFiles: [plain.identityFile] }))
    } finally {
      process.env.PATH = path
    }
  })
})

describe('what ssh asks', () => {
  async function encrypted(passphrase: string): Promise<string> {
    const path = file(readFileSync(plain.identityFile, 'utf8'))
    await execa('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', path])
    return path
  }

  it('asks for a passphrase, again when it was wrong, and once for the links of one fleet', async () => {
    const identityFiles = [await encrypted('right one')]
    const shared = share()
    const secrets = createSecretStore()
    const answers = ['wrong one', 'right one']
    const asked: string[] = []
    const prompter = {
      ...nobody().prompter,
      secret: async (q: { what: string }) => {
        asked.push(q.what)
        return answers.shift()
      },
    }
    await links.open(host({ identityFiles }), { prompter, shared, secrets })
    await links.open(host({ identityFiles }), { prompter, shared, secrets })
    expect(asked).toEqual([
      `the passphrase of ${identityFiles[0]}`,
      `that was not it; the passphrase of ${identityFiles[0]}`,
    ])
    expect(secrets.entries().map(({ value }) => value)).toContain('right one')
  })

  it('a host that asks for the passphrase in the words of ssh does not get the one that is known', async () => {
    const identityFiles = [await encrypted('right one')]
    const shared = share()
    const once = person([[/the passphrase of/, 'right one']])
    await links.open(host({ identityFiles }), { prompter: once.prompter, shared })
    const got: string[] = []
    const key = testKey()
    const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive'])
        const keyboard = context as KeyboardAuthContext
        const prompt = `Enter passphrase for key '${identityFiles[0]}': `
        keyboard.prompt([{ prompt, echo: false }], '', '', (answers) => {
          got.push(...answers)
          keyboard.reject()
        })
      })
    })
    const port = await listen(server)
    const knownHosts = [file(`[127.0.0.1]:${port} ${key.type} ${key.blob}\n`)]
    const { prompter, asked } = nobody()
    const error = await links.refused(host({ port, knownHosts, identityFiles }), { prompter, shared })
    expect(error.phase).toBe('authentication')
    expect(got.join()).not.toContain('right one')
    expect(asked[0]?.what).toContain('this host asks')
  })

  it('is refused in time where nobody answers', async () => {
    const identityFiles = [await encrypted('right one')]
    const alone = await links.refused(host({ identityFiles }))
    expect(alone).toMatchObject({ phase: 'authentication' })
    const { prompter, asked } = nobody()
    expect(await links.refused(host({ identityFiles }), { prompter })).toMatchObject({
      phase: 'authentication',
    })
    expect(asked.length).toBeGreaterThan(0)
  })

  /** A server that asks for a one-time code. */
  async function codeServer(right: string): Promise<Host> {
    const key = testKey()
    const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive'])
        const keyboard = context as KeyboardAuthContext
        keyboard.prompt(
          [{ prompt: 'Verification code: ', echo: false }],
          'Second factor',
          'Look at your phone.',
          (answers) => (answers[0] === right ? keyboard.accept() : keyboard.reject(['keyboard-interactive'])),
        )
      })
      client.on('session', (accept) =>
        accept().on('exec', (accept) => {
          const channel = accept()
          channel.write('in\n')
          channel.exit(0)
          channel.end()
        }),
      )
    })
    const port = await listen(server)
    return testHost({
      transport: 'openssh',
      port,
      user: 'ana',
      identityFiles: [],
      knownHosts: [file(`[127.0.0.1]:${port} ${key.type} ${key.blob}\n`)],
    })
  }

  it("asks for a one-time code with the words of the host, and its time is not the host's", async () => {
    const { prompter, asked } = person([[/Verification code/, '123456']])
    const slow = {
      ...prompter,
      secret: async (q: { who: string; what: string }) => {
        await new Promise((resolve) => setTimeout(resolve, 900))
        return prompter.secret(q)
      },
    }
    const link = await links.open(await codeServer('123456'), {
      prompter: slow,
      times: { authentication: 800 },
    })
    expect(await ask(link, 'true')).toBe('in')
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ kind: 'secret', who: 'here (127.0.0.1)' })
    expect(asked[0]?.what).toContain('Look at your phone.')
    expect(asked[0]?.what).toContain('Verification code')
  })

  it('takes a question back when the attempt is given up', async () => {
    const stop = new AbortController()
    let taken = false
    const prompter = {
      ...nobody().prompter,
      secret: (q: { signal?: AbortSignal }) =>
        new Promise<undefined>((resolve) => {
          q.signal?.addEventListener('abort', () => {
            taken = true
            resolve(undefined)
          })
          stop.abort()
        }),
    }
    const error = await links.refused(await codeServer('1'), { prompter, signal: stop.signal })
    expect(error.message).toMatch(/given up/)
    await until('the question is taken back', () => taken)
  })
})

describe('fault 36: each phase has its own time and name', () => {
  it('a name that can not be resolved, a port where nothing listens, a host that does not answer', async () => {
    expect(await links.refused(host({ address: 'no-such-host.invalid' }))).toMatchObject({
      phase: 'resolve',
      message: expect.stringContaining('could not be resolved'),
    })
    expect(await links.refused(host({ port: 1 }))).toMatchObject({
      phase: 'connect',
      message: 'the connection was refused: nothing listens on this port',
    })
    // A documentation network (RFC 5737): nobody answers there, or a router says so.
    const silent = await links.refused(host({ address: '192.0.2.1' }), { times: { connect: 200 } })
    expect(silent.phase).toBe('connect')
  })

  it('a server that says nothing, one that hangs up, and one that is none', async () => {
    const silent = await links.refused(host({ port: await listen(mute()) }), { times: { handshake: 200 } })
    expect(silent).toMatchObject({
      phase: 'handshake',
      message: expect.stringContaining('0.2 s'),
      passing: true,
    })
    const rude = await links.refused(host({ port: await listen(createServer((socket) => socket.end())) }))
    expect(rude).toMatchObject({ phase: 'handshake', passing: true })
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\x1b[2J\r\n\r\n'))
    const error = await links.refused(host({ port: await listen(other) }))
    expect(error.phase).toBe('handshake')
    expect(error.message).not.toContain('\x1b')
  })

  it('an authentication that never ends', async () => {
    const key = testKey()
    const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', () => {})
    })
    const port = await listen(server)
    const knownHosts = [file(`[127.0.0.1]:${port} ${key.type} ${key.blob}\n`)]
    const error = await links.refused(host({ port, knownHosts }), { times: { authentication: 300 } })
    expect(error).toMatchObject({ phase: 'authentication', message: expect.stringContaining('0.3 s') })
  })

  it('fault 7: without strict key exchange only ciphers are good enough that can not be tampered with', () => {
    const agreed = (name: string, mac: string, strict = false) => {
      const { progress, write } = readProgress()
      if (strict) write(Buffer.from('debug3: kex_choose_conf: will use strict KEX ordering\r\n'))
      write(Buffer.from(`debug1: kex: server->client cipher: ${name} MAC: ${mac} compression: none\r\n`))
      return terrapin(host(), progress)
    }
    expect(agreed('chacha20-poly1305@openssh.com', '<implicit>', true)).toBeUndefined()
    expect(agreed('aes256-gcm@openssh.com', '<implicit>')).toBeUndefined()
    expect(agreed('aes256-ctr', 'hmac-sha2-256')).toBeUndefined()
    for (const weak of [
      agreed('chacha20-poly1305@openssh.com', '<implicit>'),
      agreed('aes256-cbc', 'hmac-sha2-256-etm@openssh.com'),
    ])
      expect(weak).toMatchObject({
        phase: 'handshake',
        passing: false,
        next: expect.stringContaining('aes256-gcm'),
      })
  })
})

describe('the way', () => {
  const target = (via: Host[], more: Partial<Host> = {}) =>
    opensshHost(certified, { name: 'core-1', via, ...more })
  const bastion = (more: Partial<Host> = {}) => host({ name: 'bastion', ...more })
  const logins = (sshd: PrivateSshd) => (sshd.log().match(/^Accepted publickey for /gm) ?? []).length

  it('fault 8: goes through a jump host, which is logged in to once for all hosts behind it', async () => {
    const from = [logins(plain), logins(certified)]
    const shared = share()
    const both = await Promise.all(
      [1, 2].map((n) => links.open(target([bastion()], { name: `core-${n}` }), { shared })),
    )
    for (const link of both)
      expect(await ask(link, 'echo "$SSH_CONNECTION"')).toMatch(/^127\.0\.0\.\d+ .* 127\.0\.0\.2 \d+$/)
    expect([logins(plain), logins(certified)].map((n, at) => n - from[at]!)).toEqual([1, 2])
  })

  it('fault 8: a hop is verified under its own name, and a failure names it', async () => {
    const other = testKey()
    const changed = bastion({ knownHosts: [file(`[127.0.0.1]:${plain.port} ${other.type} ${other.blob}\n`)] })
    const error = await links.refused(target([changed]), nobody())
    expect(error).toMatchObject({
      phase: 'host key',
      message: expect.stringMatching(/^the jump host bastion: .*has changed/),
    })
    const far = await links.refused(target([bastion()], { knownHosts: [plain.knownHosts] }))
    expect(far).toMatchObject({ phase: 'host key', where: expect.stringMatching(/^core-1/) })
    const closed = await links.refused(target([bastion()], { port: 1 }))
    expect(closed).toMatchObject({
      phase: 'connect',
      message: expect.stringMatching(/jump host bastion could not connect .*refused/),
    })
  })

  it('fault 8: the agent is not forwarded unless the inventory says so', async () => {
    const socket = join(folder, 'agent')
    const agent = execa('ssh-agent', ['-D', '-a', socket], { reject: false })
    await until('the agent', () => existsSync(socket))
    process.env.SSH_AUTH_SOCK = socket
    try {
      expect(await ask(await links.open(host()), 'echo "agent:$SSH_AUTH_SOCK"')).toBe('agent:')
      expect(
        await ask(await links.open(host({ forwardAgent: true })), 'echo "agent:$SSH_AUTH_SOCK"'),
      ).toMatch(/^agent:\/./)
    } finally {
      delete process.env.SSH_AUTH_SOCK
      agent.kill()
      await agent
    }
  })

  it('a proxy command is the connection, and a percent sign in it is one', async () => {
    const seen = join(folder, v7())
    const relay = `require('net').connect(${plain.port}, '127.0.0.1', function () { process.stdin.pipe(this).pipe(process.stdout) })`
    const proxyCommand = `sh -c 'echo a%h%%p >${seen}; exec ${process.execPath} -e "$0"' "${relay}"`
    const link = await links.open(host({ proxyCommand }))
    expect(await ask(link, 'echo in')).toBe('in')
    expect(readFileSync(seen, 'utf8')).toBe('a%h%%p\n')
  })

  it('fault 9: what looks like an option is none, and what ssh can not be given is refused', async () => {
    const ran = join(folder, v7())
    const link = await links.open(host({ name: `-oProxyCommand=touch ${ran}` }))
    expect(await ask(link, 'echo in')).toBe('in')
    expect(existsSync(ran)).toBe(false)
    for (const bad of ['/a"b', '/a\\b', '/a\nProxyCommand=touch x', '/${HOME}/x'])
      await expect(links.open(host({ identityFiles: [bad] }))).rejects.toThrow(/ssh can not be given/)
    await expect(links.open(host({ proxyCommand: 'a\nb' }))).rejects.toThrow(/ssh can not be given/)
    const spaced = join(folder, 'a key with % and #')
    writeFileSync(spaced, readFileSync(plain.identityFile), { mode: 0o600 })
    await links.open(host({ identityFiles: [spaced] }))
  })
})

describe('a channel', () => {
  let link: Link
  const open = async () => {
    link = await links.open(host())
    return link
  }

  it('gives the status of its command, also 255, and a signal', async () => {
    await open()
    expect(await run(link, 'cat; echo err >&2; exit 7', 'typed')).toEqual({
      end: { code: 7 },
      out: 'typed',
      err: 'err\n',
    })
    expect((await run(link, 'exit 255')).end).toEqual({ code: 255 })
    expect((await run(link, 'kill -TERM $$')).end).toEqual({ signal: expect.any(String) })
    const many = await Promise.all(Array.from({ length: 8 }, (_, n) => run(link, `echo ${n}; exit ${n}`)))
    expect(many.map(({ end, out }) => [end, out])).toEqual(many.map((_, n) => [{ code: n }, `${n}\n`]))
  })

  it('ends though a background process keeps its streams, and when it is abandoned', async () => {
    await open()
    const behind = await run(link, 'sleep 600 & echo $!')
    expect(behind.end).toEqual({ code: 0 })
    let pid = ''
    const channel = await link.transport.open('echo $$; exec sleep 600', (_, chunk) => {
      pid += Buffer.from(chunk).toString()
    })
    await until('its number', () => pid.endsWith('\n'))
    channel.abandon()
    expect(await channel.ended).toEqual({ lost: 'given up' })
    for (const left of [behind.out, pid]) process.kill(Number(left))
  })

  it('fault 37: MaxSessions 1: channels queue, and one that is not wanted any more leaves the queue', async () => {
    const sshd = await privateSshd({ config: ['MaxSessions 1'] })
    const one = await links.open(opensshHost(sshd))
    const release = join(folder, v7())
    const first = await one.transport.open(`while [ ! -e ${release} ]; do sleep 0.02; done`, () => {})
    const stop = new AbortController()
    const unwanted = one.transport.open('true', () => {}, { signal: stop.signal })
    const second = run(one, 'echo second')
    await until('it is told that they wait', () => 'reason' in one.transport.state())
    stop.abort()
    // Given up while it waited, or while ssh was just asking: then nobody knows whether it ran.
    const outcome = await unwanted.then(
      (channel) => channel.ended,
      (error: Error) => ({ lost: error.message }),
    )
    expect(outcome).toEqual({ lost: expect.stringContaining('given up') })
    writeFileSync(release, '')
    expect(await first.ended).toEqual({ code: 0 })
    expect(await second).toMatchObject({ end: { code: 0 }, out: 'second\n' })
    await sshd.stop()
  })

  it('a login shell that runs something else is heard', async () => {
    const sshd = await privateSshd({
      config: ['ForceCommand echo This account is currently not available.; exit 1'],
    })
    const one = await links.open(opensshHost(sshd))
    expect(await run(one, 'echo never')).toMatchObject({
      end: { code: 1 },
      out: 'This account is currently not available.\n',
    })
    await sshd.stop()
  })
})

describe('the link', () => {
  const through = async () => {
    const proxy = await startProxy(plain.port)
    return {
      proxy,
      more: {
        port: proxy.port,
        knownHosts: [file(`[127.0.0.1]:${proxy.port} ${keyIn(plain.knownHosts)}\n`)],
      },
    }
  }

  it('fault 28: when it is cut, what runs is lost, and nothing is opened any more', async () => {
    const { proxy, more } = await through()
    const link = await links.open(host(more))
    const channel = await link.transport.open('echo up; sleep 30', () => proxy.cut())
    expect(await channel.ended).toEqual({ lost: expect.stringMatching(/^the link was lost: /) })
    await until('lost', () => link.transport.state().is === 'lost')
    await expect(link.transport.open('true', () => {})).rejects.toThrow(/the link was lost/)
    await proxy.close()
  })

  it('fault 35: a link that drops everything is stale, then lost; one that comes back is ready', async () => {
    const { proxy, more } = await through()
    const link = await links.open(host(more), { times: { stale: 1000, lost: 3000 } })
    const states: HostState['is'][] = []
    link.transport.onState((state) => states.push(state.is))
    proxy.hold(true)
    await until('stale', () => link.transport.state().is === 'stale')
    proxy.hold(false)
    await until('ready again', () => link.transport.state().is === 'ready')
    proxy.hold(true)
    await until('lost', () => link.transport.state().is === 'lost', 10_000)
    expect(states).toEqual(['stale', 'ready', 'stale', 'lost'])
    proxy.hold(false)
    await proxy.close()
  }, 30_000)

  it('the connection of a program that was killed ends, and its socket goes', async () => {
    const script = `import { openLink } from ${JSON.stringify(join(import.meta.dirname, '../../src/hosts/link.ts'))}
      const link = await openLink(${JSON.stringify(host())}, { secrets: {}, times: ${JSON.stringify({ resolve: 5000, connect: 5000, handshake: 5000, authentication: 5000, stale: 8000, lost: 20_000, back: 1000 })} })
      await link.transport.open('sleep 60', () => {})
      console.log('up')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const from = plain.log().length
    child.kill('SIGKILL')
    await until('the end of the connection', () =>
      /Disconnected from user|closed by/.test(plain.log().slice(from)),
    )
    await until('the socket is gone', () => readdirSync(join(runtime, 'sitrep')).length === 0)
  })
})
