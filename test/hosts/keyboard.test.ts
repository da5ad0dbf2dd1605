import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import ssh2, { type AuthContext, type KeyboardAuthContext } from 'ssh2'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import type { Host } from '../../src/model/host.ts'
import { testKey } from './helpers/keys.ts'
import { createLinks, listening, person } from './helpers/links.ts'
import { testHost, until } from './helpers/machine.ts'

/** One round of a server's questions, and whether the answers are right. */
interface Round {
  name?: string
  instructions?: string
  prompts: { prompt: string; echo: boolean }[]
  right(answers: string[]): boolean
}

const password: Round = {
  prompts: [{ prompt: 'Password: ', echo: false }],
  right: ([answer]) => answer === 'correct horse',
}
const code: Round = {
  name: 'Second factor',
  instructions: 'Look at your phone.',
  prompts: [{ prompt: 'Verification code: ', echo: true }],
  right: ([answer]) => answer === '123456',
}

describe('keyboard-interactive, one-time codes, passwords', () => {
  const key = testKey()
  const user = testKey()
  const links = createLinks()
  let folder: string
  let servers: ssh2.Server[] = []
  const socket = process.env.SSH_AUTH_SOCK
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-keyboard-'))
    delete process.env.SSH_AUTH_SOCK
  })
  afterEach(async () => {
    await links.close()
    for (const server of servers) server.close()
    servers = []
  })
  afterAll(() => {
    if (socket !== undefined) process.env.SSH_AUTH_SOCK = socket
    rmSync(folder, { recursive: true })
  })
  const file = (content: string): string => {
    const path = join(folder, v7())
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }

  /** A server that lets in whom this accepts, and the methods that were asked for in turn. */
  async function server(judge: (context: AuthContext, seen: string[]) => void, more: Partial<Host> = {}) {
    const seen: string[] = []
    const made = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
      client.on('error', () => {})
      client.on('authentication', (context) => {
        const signed = context.method === 'publickey' && context.signature !== undefined
        seen.push(signed ? 'publickey, signed' : context.method)
        judge(context, seen)
      })
    })
    servers.push(made)
    const port = await listening(made)
    const host = testHost({
      name: 'core-1',
      transport: 'ssh2',
      user: 'ops',
      port,
      identityFiles: [],
      knownHosts: [file(`[127.0.0.1]:${port} ${key.type} ${key.blob}\n`)],
      ...more,
    })
    return { host, seen, server: made }
  }

  /** Puts these rounds to the client; the answers that came are kept. */
  function rounds(context: KeyboardAuthContext, all: Round[], answers: string[][] = []): string[][] {
    const [round, ...rest] = all
    if (!round) {
      context.accept()
      return answers
    }
    context.prompt(round.prompts, round.name ?? '', round.instructions ?? '', (given) => {
      answers.push(given)
      if (round.right(given)) rounds(context, rest, answers)
      else context.reject(['keyboard-interactive'])
    })
    return answers
  }

  const asking =
    (all: Round[], answers: string[][] = []) =>
    (context: AuthContext) => {
      if (context.method === 'keyboard-interactive') rounds(context, all, answers)
      else context.reject(['keyboard-interactive'])
    }

  it('answers several rounds, echoed or not, and names who asks for whom', async () => {
    const answers: string[][] = []
    const { host } = await server(asking([password, code], answers))
    const { prompter, asked } = person([
      [/Password/, 'correct horse'],
      [/Verification code/, '123456'],
    ])
    const secrets = createSecretStore()
    const link = await links.open(host, { prompter, secrets })
    expect(link.transport.state().is).toBe('ready')
    expect(answers).toEqual([['correct horse'], ['123456']])
    expect(asked).toEqual([
      {
        kind: 'secret',
        who: 'core-1 (127.0.0.1)',
        what: 'to log in as ops this host asks:\nPassword:',
      },
      {
        kind: 'text',
        who: 'core-1 (127.0.0.1)',
        what: 'to log in as ops this host asks:\nSecond factor\nLook at your phone.\nVerification code:',
      },
    ])
    // The password is hidden from now on; the code, which was shown and is used up, is not.
    expect(secrets.entries()).toEqual([{ name: 'ssh ops@core-1', value: 'correct horse' }])
  })

  it('asks every question of a round, and registers no code that is used up', async () => {
    const both: Round = {
      prompts: [
        { prompt: 'Password: ', echo: false },
        { prompt: 'One-time code: ', echo: false },
      ],
      right: (given) => given.join(' ') === 'correct horse 123456',
    }
    const { host } = await server(asking([both]))
    const secrets = createSecretStore()
    const { prompter, asked } = person([
      [/Password/, 'correct horse'],
      [/One-time code/, '123456'],
    ])
    await links.open(host, { prompter, secrets })
    expect(asked).toHaveLength(2)
    expect(secrets.entries().map(({ value }) => value)).toEqual(['correct horse'])
  })

  it('asks again after a wrong answer, three times in all', async () => {
    const answers: string[][] = []
    const { host } = await server(asking([password], answers))
    const { prompter, asked } = person([[/Password/, 'wrong']])
    const error = await links.refused(host, { prompter })
    expect(error).toMatchObject({ phase: 'authentication', passing: false })
    expect(error.message).toBe(
      'it did not let ops in; tried: answers to its questions; it takes keyboard-interactive',
    )
    expect(answers).toHaveLength(3)
    expect(asked[1]?.what).toMatch(/^that was not it; /)
  })

  it('what nobody answers is not sent: an empty answer would count as a wrong one', async () => {
    const answers: string[][] = []
    const { host } = await server(asking([password], answers))
    const error = await links.refused(host, { prompter: person([]).prompter })
    expect(error).toMatchObject({ phase: 'authentication', message: 'nobody answered what it asked' })
    expect(answers).toEqual([])
  })

  it('without anybody to ask it is refused with what was wanted', async () => {
    const { host, seen } = await server((context) => context.reject(['keyboard-interactive', 'password']))
    const error = await links.refused(host)
    expect(error.message).toBe(
      'it did not let ops in; no key was found to try; it takes keyboard-interactive, password; nobody can be asked here for a password or a code',
    )
    expect(error.next).toContain('terminal')
    expect(seen).toEqual(['none'])
  })

  it('what a host says in its questions is inert, and a flood of it is not shown', async () => {
    const evil: Round = {
      name: '\x1b]0;owned\x07',
      instructions: `${'x'.repeat(10_000)}`,
      prompts: [{ prompt: '\x1b[2JPassword\r\n: ', echo: false }],
      right: () => true,
    }
    const { host } = await server(asking([evil]))
    const { prompter, asked } = person([[/Password/, 'correct horse']])
    await links.open(host, { prompter })
    expect(asked[0]?.what).not.toMatch(/(?![\r\n])\p{Cc}/u)
    expect(asked[0]?.what).toContain('(10000 characters, not shown)')
  })

  it('a key and then a code: the key counts, and the code is asked for', async () => {
    const identityFile = file(user.private)
    let keyed = false
    const { host, seen } = await server(
      (context) => {
        if (context.method === 'publickey' && !keyed) {
          if (context.signature === undefined) return context.accept()
          keyed = true
          return context.reject(['keyboard-interactive'], true)
        }
        if (context.method === 'keyboard-interactive' && keyed) {
          rounds(context, [code])
          return
        }
        context.reject(['publickey'])
      },
      { identityFiles: [identityFile] },
    )
    const { prompter } = person([[/Verification code/, '123456']])
    const link = await links.open(host, { prompter })
    expect(link.transport.state().is).toBe('ready')
    expect(seen).toEqual(['publickey', 'publickey, signed', 'keyboard-interactive'])
  })

  it("an agent's key and then a code: what the host takes after the key is asked for", async () => {
    const agentSocket = join(folder, 'agent')
    const agent = execa('ssh-agent', ['-D', '-a', agentSocket], { reject: false })
    try {
      await until('the agent', () => existsSync(agentSocket))
      const identityFile = file(user.private)
      await execa('ssh-add', [identityFile], { env: { SSH_AUTH_SOCK: agentSocket } })
      let keyed = false
      const judge = (context: AuthContext) => {
        if (context.method === 'publickey' && !keyed) {
          if (context.signature === undefined) return context.accept()
          keyed = true
          return context.reject(['keyboard-interactive'], true)
        }
        if (context.method === 'keyboard-interactive' && keyed) {
          rounds(context, [code])
          return
        }
        context.reject(keyed ? ['keyboard-interactive'] : ['publickey'])
      }
      const { host, seen } = await server(judge, { identityAgent: agentSocket })
      const { prompter } = person([[/Verification code/, '123456']])
      const link = await links.open(host, { prompter })
      expect(link.transport.state().is).toBe('ready')
      expect(seen).toEqual(['publickey', 'publickey, signed', 'none', 'keyboard-interactive'])
      // Not every agent is for every host.
      const none = await server((context) => context.reject(['publickey']), { identityAgent: 'none' })
      await links.refused(none.host)
      expect(none.seen).toEqual(['none'])
    } finally {
      agent.kill()
      await agent
    }
  })

  it('gives a password where the host only takes that', async () => {
    const given: string[] = []
    const { host } = await server((context) => {
      if (context.method !== 'password') return context.reject(['password'])
      given.push(context.password)
      if (context.password === 'correct horse') context.accept()
      else context.reject(['password'])
    })
    const answers = ['wrong', 'correct horse']
    const asked: string[] = []
    const secrets = createSecretStore()
    const { prompter } = person([])
    const secret = async ({ what }: { what: string }) => {
      asked.push(what)
      return answers.shift()
    }
    await links.open(host, { prompter: { ...prompter, secret }, secrets })
    expect(given).toEqual(['wrong', 'correct horse'])
    expect(asked).toEqual(['the password of ops', 'that was not it; the password of ops'])
    expect(secrets.value({ secret: 'ssh ops@core-1' })).toBe('correct horse')
  })

  it('a host that offers both, and fails its questions without one, gets the password', async () => {
    const { host, seen } = await server((context) => {
      if (context.method === 'password' && context.password === 'correct horse') return context.accept()
      context.reject(['keyboard-interactive', 'password'])
    })
    const { prompter } = person([[/the password of ops/, 'correct horse']])
    await links.open(host, { prompter })
    expect(seen).toEqual(['none', 'keyboard-interactive', 'password'])
  })

  it("a person's time is not the host's", async () => {
    const { host } = await server(asking([password]))
    const { prompter } = person([[/Password/, 'correct horse']])
    const slow = async (q: Parameters<typeof prompter.secret>[0]) => {
      await new Promise((resolve) => setTimeout(resolve, 400))
      return prompter.secret(q)
    }
    const link = await links.open(host, {
      prompter: { ...prompter, secret: slow },
      times: { authentication: 200 },
    })
    expect(link.transport.state().is).toBe('ready')
  })

  it('a question is taken back where the host hangs up before it was answered', async () => {
    const clients: ssh2.Connection[] = []
    const { host, server: own } = await server(asking([password]))
    own.on('connection', (client) => clients.push(client))
    const taken = Promise.withResolvers<undefined>()
    const { prompter } = person([])
    const secret: typeof prompter.secret = ({ signal }) => {
      signal?.addEventListener('abort', () => taken.resolve(undefined))
      for (const client of clients) client.end()
      return taken.promise
    }
    const error = await links.refused(host, { prompter: { ...prompter, secret } })
    await taken.promise
    // It said no to nobody: the next try may come through.
    expect(error).toMatchObject({ phase: 'authentication', passing: true })
  })
})

/** PAM reads /etc/pam.d/sshd: a real server of our own needs a mount namespace to have another. */
async function canUnshare(): Promise<boolean> {
  const tried = await execa('unshare', ['-m', 'mount', '--bind', '/etc/hostname', '/etc/pam.d/sshd'], {
    reject: false,
  })
  return tried.exitCode === 0 && existsSync('/usr/sbin/sshd')
}

describe.skipIf(!(await canUnshare()))('keyboard-interactive of a real sshd with PAM', () => {
  const links = createLinks()
  let folder: string
  afterAll(() => rmSync(folder, { recursive: true }))

  it('a key and then the answer that PAM wants; a wrong one is asked for again', async () => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-pam-'))
    const at = (name: string) => join(folder, name)
    for (const name of ['host_key', 'client_key'])
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
    // The answer comes with a NUL at its end.
    writeFileSync(
      at('check'),
      '#!/bin/sh\n[ "$PAM_TYPE" = auth ] || exit 0\nread -r given\n[ "$(printf %s "$given" | tr -d "\\0")" = "open sesame" ]\n',
      {
        mode: 0o755,
      },
    )
    writeFileSync(
      at('pam'),
      `auth required pam_exec.so quiet expose_authtok ${at('check')}\nauth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n`,
    )
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    writeFileSync(
      at('config'),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${at('host_key')}`,
        `AuthorizedKeysFile ${at('client_key.pub')}`,
        'StrictModes no',
        'PidFile none',
        'UsePAM yes',
        'KbdInteractiveAuthentication yes',
        'AuthenticationMethods publickey,keyboard-interactive',
        'PermitRootLogin yes',
        'LogLevel VERBOSE',
        '',
      ].join('\n'),
    )
    const script = `mount --bind ${at('pam')} /etc/pam.d/sshd && exec /usr/sbin/sshd -D -e -f ${at('config')}`
    const sshd = execa('unshare', ['-m', 'sh', '-c', script], { reject: false, all: true })
    let log = ''
    sshd.all.on('data', (chunk: Buffer) => (log += chunk.toString()))
    try {
      await until('sshd', () => /Server listening/.test(log))
      const hostKey = readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
      writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`)
      const host = testHost({
        name: 'pam',
        transport: 'ssh2',
        port,
        identityFiles: [at('client_key')],
        knownHosts: [at('known_hosts')],
      })
      const answers = ['wrong words', 'open sesame']
      const asked: string[] = []
      const { prompter } = person([])
      const secret: typeof prompter.secret = async ({ what }) => {
        asked.push(what)
        return answers.shift()
      }
      const link = await links.open(host, { prompter: { ...prompter, secret } })
      expect(link.transport.state().is).toBe('ready')
      expect(asked[0]).toMatch(/this host asks:\n.*Password:$/s)
      expect(asked).toHaveLength(2)
      expect(log).toMatch(/Partial publickey/)
      expect(await links.refused(host)).toMatchObject({
        phase: 'authentication',
        message: expect.stringContaining('it takes keyboard-interactive'),
      })
      await links.close()
    } finally {
      sshd.kill()
      await sshd
    }
  }, 30_000)
})
