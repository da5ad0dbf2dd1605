import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type ConnectDeps, connect } from '../../../src/hosts/connect.ts'
import { createSecretStore } from '../../../src/hosts/secrets.ts'
import type { RunResult, Session } from '../../../src/model/command.ts'
import type { Host } from '../../../src/model/host.ts'
import type { SecretStore } from '../../../src/model/secret.ts'
import { type PrivateSshd, privateSshd } from '../../lab/privateSshd.ts'

/** A host with everything that a test does not care about filled in. */
export function testHost(host: Partial<Host>): Host {
  return {
    name: 'here',
    transport: 'local',
    address: '127.0.0.1',
    port: 22,
    user: userInfo().username,
    groups: [],
    production: false,
    path: [],
    env: {},
    vars: {},
    ...host,
  }
}

/** The host that a private sshd is. */
export function sshdHost(sshd: PrivateSshd, more: Partial<Host> = {}): Host {
  return testHost({
    name: 'private',
    transport: 'ssh2',
    address: sshd.address,
    port: sshd.port,
    user: sshd.user,
    identityFiles: [sshd.identityFile],
    knownHosts: [sshd.knownHosts],
    ...more,
  })
}

/** One transport under test: opens sessions to the same machine, and forgets everything at the end. */
export interface Bench {
  host: Host
  secrets: SecretStore
  /** The folder under which the host keeps sitrep's state. */
  state: string
  open(more?: Partial<Host>, deps?: Partial<ConnectDeps>): Promise<Session>
  close(): Promise<void>
}

/** Sessions on this machine, with a state folder of their own. */
export async function localBench(): Promise<Bench> {
  const state = stateFolder()
  const before = process.env.XDG_STATE_HOME
  process.env.XDG_STATE_HOME = state
  return bench(testHost({}), state, async () => {
    if (before === undefined) delete process.env.XDG_STATE_HOME
    else process.env.XDG_STATE_HOME = before
  })
}

/** Sessions over ssh2 to a private sshd. */
export async function ssh2Bench(config: string[] = []): Promise<Bench & { sshd: PrivateSshd }> {
  const state = stateFolder()
  // A bash that sshd starts reads ~/.bashrc unless it thinks that it is not the first: this machine's may be slow.
  const sshd = await privateSshd({ config: [...config, `SetEnv XDG_STATE_HOME=${state} SHLVL=2`] })
  return { ...bench(sshdHost(sshd), state, () => sshd.stop()), sshd }
}

/** Sessions over the system's ssh to a private sshd, which knows users by certificates and is known by one itself. */
export async function opensshBench(config: string[] = []): Promise<Bench & { sshd: PrivateSshd }> {
  const state = stateFolder()
  const sshd = await privateSshd({
    config: [...config, `SetEnv XDG_STATE_HOME=${state} SHLVL=2`],
    certificates: {},
  })
  return { ...bench(opensshHost(sshd), state, () => sshd.stop()), sshd }
}

/** The host that a private sshd is to the system's ssh. */
export function opensshHost(sshd: PrivateSshd, more: Partial<Host> = {}): Host {
  const { certificateFile } = sshd
  return sshdHost(sshd, {
    transport: 'openssh',
    ...(certificateFile === undefined ? {} : { certificateFiles: [certificateFile] }),
    ...more,
  })
}

const stateFolder = () => mkdtempSync(join(tmpdir(), 'sitrep-bench-'))

function bench(host: Host, state: string, stop: () => Promise<void>): Bench {
  const secrets = createSecretStore()
  const sessions: Session[] = []
  return {
    host,
    state,
    secrets,
    async open(more = {}, deps = {}) {
      const session = await connect({ ...host, ...more }, { secrets, gentleMs: 1000, ...deps })
      sessions.push(session)
      return session
    },
    async close() {
      await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
      await stop()
      rmSync(state, { recursive: true, force: true })
    },
  }
}

/** What a result printed, as text. */
export const text = (result: RunResult) => ({
  out: Buffer.from(result.stdout.bytes).toString('utf8'),
  err: Buffer.from(result.stderr.bytes).toString('utf8'),
})

/** Waits until something is true; fails with its last value after the time given. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = 5000,
): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const value = await look()
    if (value) return value
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
