import { SitrepError } from '../model/errors.ts'
import type { ConnectPhase } from '../model/host.ts'

/** A host that could not be reached, or that refused us, with the phase in which it happened. */
export class ConnectError extends SitrepError {
  readonly phase: ConnectPhase
  /** SHA256 fingerprints: what the host showed first, then what was known of it. */
  readonly fingerprints: readonly string[]

  constructor(
    phase: ConnectPhase,
    message: string,
    o: { where: string; next?: string; cause?: unknown; fingerprints?: readonly string[] },
  ) {
    super('unreachable', message, o)
    this.name = 'ConnectError'
    this.phase = phase
    this.fingerprints = o.fingerprints ?? []
  }
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
