import { spawn } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { sshBanner } from './banner.ts'
import { authority, authorityLine, type CertificateOptions, certify } from './certificates.ts'
import { fingerprint, keyPair, knownHostsLines } from './keys.ts'
import { until } from './sh.ts'
import { isAlive, type KnownProcess, knownProcess } from './state.ts'

/** What a private sshd may be asked for. */
export interface PrivateSshdOptions {
  /** Further lines of sshd_config, such as `MaxSessions 1`; they come first, so they win. */
  config?: string[]
  hostKeyType?: 'ed25519' | 'ecdsa' | 'rsa'
  /** The address to listen on; all of 127.0.0.0/8 is there on Linux. */
  address?: string
  /**
   * Knows host and user by certificates alone: the host shows one that an authority of its own has signed, and lets in who
   * has one; neither key is known to the other side by itself. Each may be told to be another than a good one.
   */
  certificates?: { host?: Partial<CertificateOptions>; user?: Partial<CertificateOptions> }
  /** A folder to keep everything in; a temporary one without it, which `stop` removes. */
  folder?: string
}

/** One running OpenSSH server on loopback. */
export interface PrivateSshd {
  address: string
  port: number
  hostKeyFingerprint: string
  identityFile: string
  /** The user's certificate, where the server knows users by them. */
  certificateFile?: string
  /** The authority's private key, where there is one. */
  authority?: string
  knownHosts: string
  user: string
  process: KnownProcess
  /** sshd's own log, with `LogLevel VERBOSE`. */
  log(): string
  stop(): Promise<void>
}

const sshd = '/usr/sbin/sshd'

/** Whether an OpenSSH server is installed here. */
export const hasSshd = () => existsSync(sshd)

/** Starts one real OpenSSH server on loopback, as the current user, with keys of its own. */
export async function privateSshd(options: PrivateSshdOptions = {}): Promise<PrivateSshd> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'sitrep-sshd-'))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const at = (name: string) => join(folder, name)
  const address = options.address ?? '127.0.0.1'
  const [hostKey, identityFile] = await Promise.all([
    keyPair(at('host_key'), options.hostKeyType),
    keyPair(at('client_key')),
  ])
  const port = await freePort(address)
  const certified =
    options.certificates && (await certificates(options.certificates, { at, address, hostKey, identityFile }))
  if (certified) writeFileSync(at('authorized_keys'), '')
  else copyFileSync(`${identityFile}.pub`, at('authorized_keys'))
  const knownHosts = certified
    ? authorityLine(certified.authority, address, port)
    : knownHostsLines(address, port, [hostKey])
  writeFileSync(at('known_hosts'), knownHosts, { mode: 0o600 })
  const more = [...(options.config ?? []), ...(certified?.config ?? [])]
  writeFileSync(at('sshd_config'), config(more, folder, address, port, hostKey), { mode: 0o600 })
  // A server run by root insists on this folder, which the package makes only when its service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const started = start(at('sshd_config'), at('log'))
  const log = () => readFileSync(at('log'), 'utf8')
  await until('private sshd', async () => (await sshBanner(address, port)) || undefined, 5000, log)
  return {
    address,
    port,
    hostKeyFingerprint: await fingerprint(hostKey),
    identityFile,
    ...(certified ? { certificateFile: certified.certificateFile, authority: certified.authority } : {}),
    knownHosts: at('known_hosts'),
    user: userInfo().username,
    process: started,
    log,
    async stop() {
      await stopSshd(started)
      if (!options.folder) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Ends a private sshd by its pid; sessions that are open end with their own connections. */
export async function stopSshd(known: KnownProcess): Promise<void> {
  if (isAlive(known)) process.kill(known.pid, 'SIGTERM')
  await until('end of sshd', () => !isAlive(known) || undefined, 2000).catch(() => {
    // One that a test has stopped with SIGSTOP does not hear SIGTERM.
    if (isAlive(known)) process.kill(known.pid, 'SIGKILL')
  })
}

/** An authority, a host certificate and a user's, and what sshd_config says of them. */
async function certificates(
  o: NonNullable<PrivateSshdOptions['certificates']>,
  {
    at,
    address,
    hostKey,
    identityFile,
  }: { at(name: string): string; address: string; hostKey: string; identityFile: string },
): Promise<{ authority: string; certificateFile: string; config: string[] }> {
  const ca = await authority(at('ca'))
  const host = await certify(ca, hostKey, { principals: [address], host: true, ...o.host })
  // Not beside its key, where ssh would find it without being told.
  const user = { principals: [userInfo().username], ...o.user }
  const certificateFile = await certify(ca, identityFile, user, at('user_certificate.pub'))
  return {
    authority: ca,
    certificateFile,
    config: [`HostCertificate ${host}`, `TrustedUserCAKeys ${ca}.pub`],
  }
}

function start(configFile: string, logFile: string): KnownProcess {
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(sshd, ['-D', '-e', '-f', configFile], { detached: true, stdio: ['ignore', log, log] })
  child.on('error', () => {})
  child.unref()
  closeSync(log)
  const known = child.pid ? knownProcess(child.pid) : undefined
  if (!known) throw new Error('sshd did not start: is openssh-server installed?')
  return known
}

function config(more: string[], folder: string, address: string, port: number, hostKey: string): string {
  return [
    ...more,
    `ListenAddress ${address}:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    `PidFile none`,
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    // The key lies under a temporary folder, whose parents anyone may write to.
    'StrictModes no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, address, () => {
      const bound = server.address()
      server.close(() => resolve(typeof bound === 'object' && bound ? bound.port : 0))
    })
  })
}
