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

/** Text that a host sent, on one line, printable and short, for a message of ours. */
export function oneLine(text: string, length = 300): string {
  const flat = text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '?')
    .trim()
  return flat.length > length ? `${flat.slice(0, length)}…` : flat
}
