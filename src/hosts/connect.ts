import { userInfo } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Session } from '../model/command.ts'
import {
  type ConnectPhase,
  defaultLinkTimes,
  type Host,
  type HostState,
  type LinkTimes,
} from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import { timedPrompter } from './asked.ts'
import { ConnectError } from './errors.ts'
import { attemptLink } from './lasting/attempt.ts'
import { type BackoffTimes, defaultBackoff } from './lasting/backoff.ts'
import { firstLink } from './lasting/first.ts'
import { lastingTransport } from './lasting/lasting.ts'
import { type Link, openLink } from './link.ts'
import type { Prompter } from './prompter.ts'
import { createSession } from './session.ts'
import type { SharedLinks } from './shared.ts'
import { keepState, now } from './states.ts'
import { createSudoPasswords, type SudoPasswords } from './sudo/passwords.ts'
import type { Transport } from './transport.ts'

/**
 * What became of an attempt to open a link, for the journal: the first one, and each that comes in its place. `ms` does not
 * count the time in which a person was asked.
 */
export type ConnectEvent =
  | { is: 'connected'; host: Host; ms: number; fingerprint?: string; authentication?: string }
  | { is: 'refused'; host: Host; phase: ConnectPhase; reason: string; fingerprints: readonly string[] }

/** What opening sessions may use. One `passwords` for all hosts of an incident keeps sudo's passwords; one is made where absent. */
export interface ConnectDeps {
  prompter?: Prompter
  secrets: SecretStore
  passwords?: SudoPasswords
  /** What the links of one fleet share; whoever made it closes it. */
  shared?: SharedLinks
  /** Beside those of the host's own entry, which win. */
  times?: Partial<LinkTimes>
  /** The waits between one try and the next. */
  retry?: BackoffTimes
  /** How long a process group may take to end by TERM before it is ended by KILL; 5000 ms where absent. */
  gentleMs?: number
  /** Gives the opening up; an open session is closed by its own means. */
  signal?: AbortSignal
  onEvent?(event: ConnectEvent): void
  /** Each state up to the first link; the session tells the later ones. */
  onState?(state: HostState): void
}

/**
 * Opens a session by the host's transport. It lasts until it is disposed of: a link that is lost is opened anew by itself.
 * Throws ConnectError where the host can't be reached or refuses us, and the signal's reason.
 */
export async function connect(host: Host, deps: ConnectDeps): Promise<Session> {
  const { secrets, gentleMs } = deps
  const times = { ...defaultLinkTimes, ...deps.times, ...host.link }
  const { transport, reached } = await transportTo(host, times, deps)
  return createSession({
    host: reached,
    user: host.transport === 'local' ? userInfo().username : host.user,
    transport,
    times,
    secrets,
    passwords: deps.passwords ?? createSudoPasswords(deps),
    ...(gentleMs === undefined ? {} : { gentleMs }),
  })
}

/** `reached` is the host as the first link reached it. */
async function transportTo(
  host: Host,
  times: LinkTimes,
  deps: ConnectDeps,
): Promise<{ transport: Transport; reached: Host }> {
  const { secrets, shared, onEvent } = deps
  const asked = deps.prompter && timedPrompter(deps.prompter)
  const retry = deps.retry ?? defaultBackoff
  let reached = host
  /** The key that the first link was let in by; each later one has to show it too. */
  let expected: string | undefined
  const attempt = async (signal: AbortSignal) => {
    const started = performance.now() - (asked?.ms() ?? 0)
    const link = await attemptLink(
      () =>
        openLink(reached, {
          secrets,
          times,
          signal,
          ...(expected === undefined ? {} : { expected }),
          ...(asked === undefined ? {} : { prompter: asked.prompter }),
          ...(shared === undefined ? {} : { shared }),
        }),
      signal,
    )
    const { fingerprint, authentication } = link
    reached = link.host ?? reached
    expected ??= fingerprint
    const ms = performance.now() - (asked?.ms() ?? 0) - started
    onEvent?.({
      is: 'connected',
      host: reached,
      ms,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(authentication === undefined ? {} : { authentication }),
    })
    return link
  }
  const onRefused = (error: unknown) => {
    if (!(error instanceof ConnectError)) return
    const { phase, message: reason, fingerprints } = error
    onEvent?.({ is: 'refused', host: reached, phase, reason, fingerprints })
  }
  const state = keepState({ is: 'connecting', since: now() })
  const unlisten = state.on((next) => deps.onState?.(next))
  const signal = deps.signal ?? new AbortController().signal
  let first: Link
  try {
    if (host.unusable) {
      const { reason, next } = host.unusable
      throw new ConnectError('resolve', reason, { where: host.name, next, passing: false })
    }
    first = await firstLink({ attempt, times, retry, state, signal })
  } catch (error) {
    if (!signal.aborted) onRefused(error)
    throw error
  } finally {
    unlisten()
  }
  // There is nothing to come back to on this machine.
  if (host.transport === 'local') return { transport: first.transport, reached }
  return { transport: lastingTransport(first, { attempt, times, retry, state, onRefused }), reached }
}
