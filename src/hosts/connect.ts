import { performance } from 'node:perf_hooks'
import type { Session } from '../model/command.ts'
import { SitrepError } from '../model/errors.ts'
import type { ConnectPhase, Host } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import { ConnectError } from './errors.ts'
import { createLocalSession } from './local.ts'
import type { Prompter } from './prompter.ts'
import type { Timeouts } from './ssh2/reach.ts'
import type { Silence } from './ssh2/transport.ts'
import { connectSsh2 } from './ssh2.ts'
import { createSudoPasswords, type SudoPasswords } from './sudo/passwords.ts'

/** What became of an attempt to open a session, for the journal. */
export type ConnectEvent =
  | { is: 'connected'; host: Host; ms: number; fingerprint?: string }
  | { is: 'refused'; host: Host; phase: ConnectPhase; reason: string; fingerprints: readonly string[] }

/** What opening sessions may use. One `passwords` for all hosts of an incident keeps sudo's passwords; one is made where absent. */
export interface ConnectDeps {
  prompter?: Prompter
  secrets: SecretStore
  passwords?: SudoPasswords
  timeouts?: Partial<Timeouts>
  silence?: Partial<Silence>
  /** How long a process group may take to end by TERM before it is ended by KILL; 5000 ms where absent. */
  gentleMs?: number
  onEvent?(event: ConnectEvent): void
}

/** Opens a session by the host's transport. Throws ConnectError where the host can't be reached or refuses us. */
export async function connect(host: Host, deps: ConnectDeps): Promise<Session> {
  const started = performance.now()
  try {
    const { session, fingerprint } = await open(host, deps)
    const ms = performance.now() - started
    deps.onEvent?.({ is: 'connected', host, ms, ...(fingerprint === undefined ? {} : { fingerprint }) })
    return session
  } catch (error) {
    if (error instanceof ConnectError) {
      const { phase, message: reason, fingerprints } = error
      deps.onEvent?.({ is: 'refused', host, phase, reason, fingerprints })
    }
    throw error
  }
}

async function open(host: Host, deps: ConnectDeps): Promise<{ session: Session; fingerprint?: string }> {
  const passwords = deps.passwords ?? createSudoPasswords(deps)
  if (host.transport === 'local') return { session: createLocalSession(host, { ...deps, passwords }) }
  if (host.transport === 'openssh') throw notYet(host, 'the openssh transport')
  if (host.jump && host.jump.length > 0) throw notYet(host, 'a jump host')
  return connectSsh2(host, { ...deps, passwords })
}

function notYet(host: Host, what: string): SitrepError {
  return new SitrepError('unreachable', `${what} is not built into this version yet`, {
    where: host.name,
    next: 'use transport: ssh2 and a host that can be reached directly',
  })
}
