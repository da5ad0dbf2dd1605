/** Why sitrep could not go on; each kind has one exit code (docs/reference/exit-codes). */
export type ErrorKind =
  | 'usage'
  | 'unreachable'
  | 'not_approved'
  | 'unknown_outcome'
  | 'recording'
  | 'failed'
  | 'interrupted'

/** The exit code of each kind of error. */
export const exitCodeOf: Record<ErrorKind, number> = {
  failed: 1,
  usage: 2,
  unreachable: 3,
  not_approved: 4,
  unknown_outcome: 5,
  recording: 6,
  interrupted: 130,
}

/** One clear error for a person: what happened, where (file:line:column or host), and what to do next. */
export class SitrepError extends Error {
  readonly kind: ErrorKind
  readonly where: string | undefined
  readonly next: string | undefined

  constructor(kind: ErrorKind, message: string, o: { where?: string; next?: string; cause?: unknown } = {}) {
    super(message, o.cause === undefined ? undefined : { cause: o.cause })
    this.name = 'SitrepError'
    this.kind = kind
    this.where = o.where
    this.next = o.next
  }
}

const order = [6, 5, 130, 4, 3, 1]

/** The exit code of a whole run: where several hold, the first of 6, 5, 130, 4, 3, 1 wins; 0 where none does. */
export function worstExit(codes: readonly number[]): number {
  return order.find((code) => codes.includes(code)) ?? codes.find((code) => code !== 0) ?? 0
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
