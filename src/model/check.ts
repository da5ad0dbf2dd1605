import type { ZodType } from 'zod'
import type { Around, HttpRequest } from './action.ts'
import type { Reader } from './command.ts'
import type { SecretStore } from './secret.ts'

/** An observe may run at any time and is watched; a probe has effects and runs only before the first step and after the last, with approval. */
export type CheckEffect = 'observe' | 'probe'

/** One look at one check on one host; short texts for the matrix, evidence for the appendix. */
export interface Observation {
  verdict: 'ok' | 'failed' | 'unknown'
  /** What was wanted, short: `200`, `204, access-control-allow-origin: https://…`. */
  expected: string
  /** What came, short: `500`, `refused`. */
  observed: string
  ms: number
  /** The first part of what came (headers, body), for the appendix. */
  evidence?: string
}

/** What a check may use. */
export interface CheckContext extends Around {
  reader: Reader
  secrets: SecretStore
  signal?: AbortSignal
}

/** A kind of check; one file in src/checks/. */
// biome-ignore lint/suspicious/noExplicitAny: each kind has its own P; a list of them has none in common.
export interface CheckKind<P = any> {
  kind: string
  summary: string
  params: ZodType<P>
  shellText?: readonly string[]
  example: string
  effect(p: P): CheckEffect
  /** What a probe sends, for its approval. */
  request?(p: P): HttpRequest
  /** Never throws for what the host answers. */
  observe(context: CheckContext, p: P): Promise<Observation>
}
