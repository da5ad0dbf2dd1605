import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyFileOf } from '../../src/hosts/openssh/askpass.ts'
import { failureOf, terrapin } from '../../src/hosts/openssh/failure.ts'
import { createMasters } from '../../src/hosts/openssh/hops.ts'
import { connectionOptions } from '../../src/hosts/openssh/options.ts'
import { onlyOwnKeys } from '../../src/hosts/openssh/ownKeys.ts'
import { createPassphrases } from '../../src/hosts/openssh/passphrases.ts'
import { startSsh } from '../../src/hosts/openssh/process.ts'
import { readProgress } from '../../src/hosts/openssh/progress.ts'
import { defaultLinkTimes, type Host } from '../../src/model/host.ts'
import { testHost, until } from './helpers/machine.ts'

let folder: string
const path = process.env.PATH
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sitrep-parts-'))
})
afterAll(() => {
  process.env.PATH = path
  rmSync(folder, { recursive: true })
})
const host = (more: Partial<Host> = {}) => testHost({ transport: 'openssh', ...more })

/** What is read from what ssh says, line by line. */
function saying(...lines: string[]) {
  const { progress, write } = readProgress()
  write(Buffer.from(lines.map((line) => `${line}\r\n`).join('')))
  return progress
}

const accepted = [
  'debug1: Connecting to h [127.0.0.1] port 22.',
  'debug1: Connection established.',
  'debug1: kex: server->client cipher: aes256-ctr MAC: hmac-sha2-256 compression: none',
  'debug1: Server host key: ssh-ed25519 SHA256:TRUE',
  'debug1: SSH2_MSG_NEWKEYS received',
]

describe('what a host can have printed', () => {
  it('a banner does not change which key was accepted, nor how it was agreed on', () => {
    const progress = saying(
      ...accepted,
      'debug1: Server host key: ssh-ed25519 SHA256:EVIL',
      'debug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com SHA256:EVIL',
      'debug1: kex: server->client cipher: chacha20-poly1305@openssh.com MAC: <implicit> compression: none',
      'debug3: kex_choose_conf: will use strict KEX ordering',
      'debug1: Connecting to h [127.0.0.1] port 22.',
    )
    expect(progress).toMatchObject({
      phase: 'authentication',
      fingerprint: 'SHA256:TRUE',
      cipher: { name: 'aes256-ctr' },
      strict: false,
    })
  })

  it('a login that failed is one, whatever the banner says', () => {
    const words = [
      'ssh: connect to host x port 22: foo',
      'ssh: Could not resolve hostname x: foo',
      'debug1: Entering interactive session.',
      'Permission denied (nonsense).',
    ]
    for (const banner of [...words.map((word) => [word]), words]) {
      const end = 'ana@h: Permission denied (publickey).'
      const error = failureOf(host(), saying(...accepted, ...banner, end), 255)
      expect([banner, error.phase, error.passing]).toEqual([banner, 'authentication', false])
      expect(error.message).toMatch(/the host takes publickey$/)
    }
    const unreached = saying(accepted[0]!, 'ssh: connect to host h port 22: Connection refused')
    expect(failureOf(host(), unreached, 255)).toMatchObject({ phase: 'connect' })
  })

  it('fault 7: words before the key was accepted do not make a weak cipher good', () => {
    const weak = 'debug1: kex: server->client cipher: chacha20-poly1305@openssh.com MAC: <implicit>'
    const prefix = 'debug1: kex_exchange_identification: banner line 0:'
    for (const forged of [
      [`${prefix} will use strict KEX ordering`],
      [`${prefix} debug3: kex_choose_conf: will use strict KEX ordering`],
      ['debug1: Remote: hello', 'debug3: kex_choose_conf: will use strict KEX ordering'],
    ])
      expect([forged, terrapin(host(), saying(...forged, weak))]).toEqual([
        forged,
        expect.objectContaining({ phase: 'handshake', passing: false }),
      ])
    // sshd itself says such words once the login has begun.
    expect(terrapin(host(), saying(...accepted, 'debug1: Remote: /home/ana/.ssh/keys:1'))).toBeUndefined()
  })

  it('questions of the host are known as such once they have begun', () => {
    const method = 'debug1: Next authentication method: keyboard-interactive'
    expect(saying(...accepted).questions).toBe(false)
    expect(saying(...accepted, method, 'debug1: Next authentication method: publickey').questions).toBe(true)
  })
})

describe('a passphrase', () => {
  it('is asked for the keys of this host alone', () => {
    const long = `/k/${'x'.repeat(120)}`
    const own = host({ identityFiles: ['/k/one', '~/two', long] })
    const asks = (file: string) => `Enter passphrase for key '${file}': `.replace(/: $/, '')
    expect(keyFileOf(own, asks('/k/one'))).toBe('/k/one')
    expect(keyFileOf(own, asks(join(homedir(), 'two')))).toBe(join(homedir(), 'two'))
    expect(keyFileOf(own, asks(long.slice(0, 100)))).toBe(long.slice(0, 100))
    for (const other of ['/k/other', '/k/on', '']) expect(keyFileOf(own, asks(other))).toBeUndefined()
    const standard = join(homedir(), '.ssh/id_ed25519')
    expect(keyFileOf(own, asks(standard))).toBeUndefined()
    expect(keyFileOf(host(), asks(standard))).toBe(standard)
    expect(keyFileOf(host(), asks('/k/one'))).toBeUndefined()
    expect(keyFileOf(own, 'Verification code')).toBeUndefined()
  })

  it('that was mistyped once is asked for once more, not once for every host', async () => {
    const passphrases = createPassphrases()
    const answers = ['wrong', 'right']
    let asked = 0
    const ask = async () => {
      asked++
      return answers.shift()
    }
    const first = [1, 2, 3].map(() => passphrases.get('/k', ask))
    expect(await Promise.all(first)).toEqual(['wrong', 'wrong', 'wrong'])
    const second: (string | undefined)[] = []
    for (const answer of first) {
      passphrases.forget('/k', answer)
      second.push(await passphrases.get('/k', ask))
    }
    expect(second).toEqual(['right', 'right', 'right'])
    expect(asked).toBe(2)
  })
})

it('the login on a shared hop is not given up with the host that came first', async () => {
  const masters = createMasters()
  const signals: AbortSignal[] = []
  const far = host({ name: 'far', via: [host({ name: 'bastion' })] })
  const opening = masters.through(far, (_hop, signal) => {
    signals.push(signal)
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('closed'))))
  })
  expect(signals[0]?.aborted).toBe(false)
  const refused = expect(opening).rejects.toThrow('closed')
  await masters.close()
  await refused
})

describe('the configuration that ssh reads', () => {
  const options = (more: Partial<Host>) =>
    connectionOptions(host(more), { times: defaultLinkTimes, asks: false })
  /** An ssh whose own configuration is this one. */
  const configure = (config: string) => {
    const real = execFileSync('sh', ['-c', 'command -v ssh'], { env: { PATH: path } })
    const bin = join(folder, 'bin')
    mkdirSync(bin, { recursive: true })
    const file = join(bin, 'config')
    writeFileSync(file, config)
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${String(real).trim()} -F ${file} "$@"\n`, {
      mode: 0o755,
    })
    process.env.PATH = `${bin}:${path}`
  }
  const effective = (args: string[]) =>
    execFileSync('ssh', ['-G', '-T', ...args, '--', 'here'], { encoding: 'utf8' })
      .trim()
      .split('\n')

  it('is none where it can not be used', () => {
    configure('Nonsense yes\n')
    expect(() => effective(options({}))).toThrow(/Bad configuration option/)
    expect(effective(options({ withoutSshConfig: true }))).toContain('hostname 127.0.0.1')
  })

  it('adds no keys to those of the entry, and stays what it is for all else', async () => {
    const asked = { folder, timeoutMs: 5000 }
    const config = `CASignatureAlgorithms ssh-ed25519
Ciphers aes256-gcm@openssh.com
Compression yes
GSSAPIAuthentication yes
GSSAPIDelegateCredentials yes
HostKeyAlgorithms ssh-ed25519
IPQoS cs0 cs1
KexAlgorithms sntrup761x25519-sha512@openssh.com
KnownHostsCommand /bin/echo "%H x"
MACs hmac-sha2-256
NumberOfPasswordPrompts 2
PKCS11Provider "/lib/a module.so"
PreferredAuthentications publickey,password
PubkeyAcceptedAlgorithms ssh-ed25519
RekeyLimit 1G 1h
RevokedHostKeys "/etc/revoked keys"
SendEnv LC_* X
SetEnv "A=b c" D=e
BindAddress 127.0.0.1
AddressFamily inet
`
    configure(`${config}IdentityFile /k/config\nCertificateFile /k/config-cert.pub\n`)
    for (const identityFiles of [['/k/own', '/k/a 100% key'], []]) {
      const own = options({ identityFiles })
      const only = await onlyOwnKeys(host({ identityFiles }), own, asked)
      expect(only).toEqual(['-F', join(folder, 'config')])
      const keys = (line: string) => /^(identity|certificate)file /.test(line)
      const settings = (args: string[]) => effective(args).filter((line) => !keys(line))
      // The two ways to say what sitrep has no use for.
      expect(settings([...only, ...own])).toEqual(settings(own))
      const files = effective([...only, ...own]).filter(keys)
      expect(files).toEqual(
        identityFiles.length === 0
          ? ['identityfile none']
          : identityFiles.map((file) => `identityfile ${file.replace('%', '%%')}`),
      )
    }
    // Nothing is written where it names no others.
    configure('IdentityFile /k/own\n')
    const same = { identityFiles: ['/k/own'] }
    expect(await onlyOwnKeys(host(same), options(same), asked)).toEqual([])
    expect(await onlyOwnKeys(host(), options({}), asked)).toEqual([])
  })

  it('what ssh runs ends with it, also when sitrep is killed', async () => {
    const running = (argument: string) =>
      readdirSync('/proc').some((pid) => {
        if (!/^\d+$/.test(pid)) return false
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${argument}\0`
        } catch {
          return false
        }
      })
    configure('Match exec "sleep 341.1"\n  User x\n')
    const match = startSsh(['-N', '-T', '--', 'here'], { folder: join(folder, 'm'), onSaid() {} })
    await until('Match exec', () => running('341.1'))
    await match.end()
    await until('the end of Match exec', () => !running('341.1'))

    configure('')
    const stubborn = `sh -c 'trap "" TERM; sleep 341.2; :'`
    const proxied = ['-N', '-T', '-o', `ProxyCommand=${stubborn}`, '--', 'here']
    const proxy = startSsh(proxied, { folder: join(folder, 'p'), onSaid() {} })
    await until('the proxy command', () => running('341.2'))
    await proxy.end()
    await until('the end of the proxy command', () => !running('341.2'))

    const module = join(import.meta.dirname, '../../src/hosts/openssh/process.ts')
    const left = join(folder, 'left')
    mkdirSync(left)
    const script = `import { startSsh } from ${JSON.stringify(module)}
      startSsh(['-N', '-T', '-o', 'ProxyCommand=sleep 341.3', '--', 'here'], { folder: ${JSON.stringify(left)}, onSaid() {} })
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    await until('the proxy command of another', () => running('341.3'))
    child.kill('SIGKILL')
    await until('its end', () => !running('341.3') && !existsSync(left))
  })
})
