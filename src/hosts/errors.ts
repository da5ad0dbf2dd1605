import { SitrepError } from '../model/errors.ts'
import type { ConnectPhase } from '../model/host.ts'

/** A host that could not be reached, or that refused us, with the phase in which it happened. */
export class ConnectError extends SitrepError {
  readonly phase: ConnectPhase
  /** SHA256 fingerprints: what the host showed first, then what was known of it. */
  readonly fingerprints: readonly string[]
  /** Nobody said no: time ran out, or the connection went, and the next try may come through. */
  readonly passing: boolean

  constructor(
    phase: ConnectPhase,
    message: string,
    o: {
      where: string
      next?: string
      cause?: unknown
      fingerprints?: readonly string[]
      passing?: boolean
    },
  ) {
    super('unreachable', message, o)
    this.name = 'ConnectError'
    this.phase = phase
    this.fingerprints = o.fingerprints ?? []
    this.passing = o.passing ?? (phase !== 'host key' && phase !== 'authentication')
  }
}

/** Whether the host said no to who we are, or its key is not to be trusted: trying again by itself would not help, or do harm. */
export function isRefusal(error: unknown): boolean {
  return !(error instanceof ConnectError && error.passing)
}

/**
 * Text that a host sent, for a message of ours: as it is but for control characters. It is redacted, and only then put on
 * one line and cut, for a redactor knows no secret that was changed or cut before it.
 */
export function hostWords(text: string): string {
  return text
    .toWellFormed()
    .replace(/(?![\t\r\n])\p{Cc}/gu, '?')
    .trim()
}
