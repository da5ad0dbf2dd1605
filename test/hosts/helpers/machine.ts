import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { connect } from '../../../src/hosts/connect.ts'
import type { Prompter } from '../../../src/hosts/prompter.ts'
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
    identityFile: sshd.identityFile,
    knownHosts: [sshd.knownHosts],
    ...more,
  })
}

/** One transport under test: opens sessions to the same machine, and forgets everything at the end. */
export interface Bench {
  host: Host
  secrets: SecretStore
  open(more?: Partial<Host>, prompter?: Prompter): Promise<Session>
  /** Ends every connection to the host without a goodbye; only ssh2 has one. */
  cut?(): Promise<void>
  close(): Promise<void>
}

/** Sessions on this machine, with a state folder of their own. */
export async function localBench(): Promise<Bench> {
  return bench(testHost({}), async () => {})
}

/** Sessions over ssh2 to a private sshd. */
export async function ssh2Bench(config: string[] = []): Promise<Bench & { sshd: PrivateSshd }> {
  const sshd = await privateSshd({ config })
  return { ...bench(sshdHost(sshd), () => sshd.stop()), sshd }
}

function bench(host: Host, stop: () => Promise<void>): Bench {
  const secrets = createSecretStore()
  const state = mkdtempSync(join(tmpdir(), 'sitrep-bench-'))
  const sessions: Session[] = []
  return {
    host: { ...host, env: { XDG_STATE_HOME: state } },
    secrets,
    async open(more = {}, prompter) {
      const session = await connect({ ...host, ...more }, { secrets, ...(prompter ? { prompter } : {}) })
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
