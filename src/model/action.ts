import type { ZodType } from 'zod'
import type { Command, Payload, Reader, RunResult, Sha256 } from './command.ts'
import type { Host } from './host.ts'
import type { ToText } from './said.ts'
import type { SecretRef, SecretStore, Text } from './secret.ts'

/** What a step may do to a host: only look, change something, or interrupt a service. */
export type Risk = 'observe' | 'change' | 'interrupt'

/** A difference of one file or definition, for people: both sides by sha256 (or 'absent'), and a unified diff without secrets. */
export interface Diff {
  path: string
  from: Sha256 | 'absent'
  to: Sha256 | 'absent'
  /** Unified diff text; empty where it can't be shown, with `hidden` saying why. */
  unified: string
  hidden?: string
}

/** One key of a `.env` file to set, or to remove where `value` is null. */
export interface EnvEdit {
  key: string
  value: string | SecretRef | null
}

/** Where a file's new content comes from. */
export type FileContent =
  | { text: Text }
  | { base64: string }
  /** A file on the same host, which must have this sha256. */
  | { copy: string; sha256: Sha256 }
  /** A file on the operator's machine (absolute path), which must have this sha256; the plan holds no content. */
  | { local: string; sha256: Sha256 }
  /** The file as it is, with these keys changed; comments, order and quoting kept. */
  | { edits: EnvEdit[] }

/** Replaces one file atomically: candidate beside it, validated, backed up, renamed. */
export interface FileChange {
  path: string
  content: FileContent
  /** What must be at `path` just before; anything else fails the change and touches nothing. */
  expect: Sha256 | 'absent'
  /** sha256 of the new content, where it is known before (it is not where it holds a secret). */
  result?: Sha256
  /** A path for a copy of the former file (same owner and mode). */
  backup?: string
  /** The backup is 0600 and its writer's: the former file holds secrets that others could read. */
  privateBackup?: boolean
  /** Run against the candidate; every `{candidate}` in argv is its path. A failure leaves the file untouched. */
  validate?: Command
  /** Octal mode such as '0644', owner and group; kept from the former file where absent (0644 and the writer for a new one). */
  mode?: string
  owner?: string
  group?: string
}

/** Points a symbolic link at a target by an atomic rename. */
export interface LinkChange {
  path: string
  target: string
  expect: string | 'absent'
}

/** One HTTP request, made by curl on the host or by the operator's machine. */
export interface HttpRequest {
  url: string
  method: string
  headers: Record<string, Text>
  body?: Text
  /** A JSON body instead of `body`; a secret stands in it as SecretRef or SecretText where a string stands. */
  json?: unknown
  /** Connect here instead of where the URL's name resolves: `ADDRESS` or `ADDRESS:PORT`. */
  resolve?: string
  /** Do not verify the certificate. */
  insecure: boolean
  from: 'host' | 'operator'
  timeoutMs: number
}

/** A question that only a person can answer. */
export interface Question {
  question: string
  instructions?: string
}

/** One thing to carry out, as data. `say` is one line for a person; `as` is filled in by the runner from the step. */
export type Change = { say: string; diff?: Diff; as?: string } & (
  | { run: Command }
  | { put: FileChange }
  | { remove: { path: string; expect: Sha256 } }
  | { link: LinkChange }
  | { local: Command }
  | { request: HttpRequest }
  | { ask: Question }
)

/** A change and what takes it back, known before it is carried out. */
export interface PlannedChange {
  do: Change
  undo: Change[] | { impossible: string }
}

/** What a step would do on one host, given the facts. */
export interface Plan {
  outcome: 'in_sync' | 'would_change' | 'cannot_tell'
  /** One line that says why, with the values that matter. */
  because: string
  changes: PlannedChange[]
  /** Evidence beyond the changes' own diffs: drift that is seen but has no file of its own (names, never secret values). */
  evidence?: string[]
}

/** `unknown` never repeats by itself. */
export interface Verdict {
  verdict: 'ok' | 'failed' | 'unknown'
  reason: string
  evidence?: string[]
}

/** What inspection may reach beside the host. */
export interface Around {
  host: Host
  /** The operator's machine. */
  local: Reader
  /** The folder of the runbook, for relative paths on the operator's machine. */
  dir: string
  /** Only to compare what a host holds with what a secret should be; a fact never holds the value. */
  secrets: Pick<SecretStore, 'has' | 'value'>
  /** The one pipe: what is said of a program's output goes through it whole; a line is picked, and a text cut, only behind it. */
  text: ToText
  /** The step's own lists of keys whose values may be shown, or may not, whatever they look like. */
  lists?: { public: readonly string[]; secret: readonly string[] }
  /** Secret values learned on the host (a secret `.env` key) are told here, so that no sink shows them. */
  learned(name: string, value: string): void
  /** Bytes of a file of the host that were read by other means than `read` are told here, for the record. */
  fetched?(path: string, bytes: Uint8Array): void
}

/** Drawn before `plan`, so that plan stays pure: the UTC stamp `20261120T030405Z`, and the step's id within its run. */
export interface Drawn {
  stamp: string
  id: string
}

/** A typed thing that a step can do; one file in src/actions/. P is the parameters, F the facts. */
// biome-ignore lint/suspicious/noExplicitAny: each action has its own P and F; a list of them has none in common.
export interface Action<P = any, F = any> {
  name: string
  /** One sentence for the reference and the palette. */
  summary: string
  risk: Risk | ((p: P) => Risk)
  params: ZodType<P>
  /** Parameters that are shell text: substitution quotes values there and turns secrets into variables. */
  shellText?: readonly string[]
  /** A `with:` block as YAML for the reference; a test runs it through `params`. */
  example: string
  /** Defaults for verification, in seconds: how long ok must hold, and how long it may take to come. */
  settle?: number
  within?: number
  /** What a failed apply or verification leads to where the step does not say; `stop` where absent. */
  onFail?: 'stop' | 'ask' | 'undo'
  /** What it must have to itself on the host: `pm2:core-backend`, `file:/etc/caddy/Caddyfile`. */
  locks(p: P): string[]
  /** Files on the host whose change makes this step necessary: a plan that an earlier step will make stale says so. */
  reads?(p: P): string[]
  /** Read-only: the host's files, processes and ports are the same before and after. */
  inspect(host: Reader, p: P, around: Around): Promise<F>
  /** Pure: the same parameters, facts and drawn values give the same plan. */
  plan(p: P, facts: F, drawn: Drawn): Plan
  /** One look at the host after the apply; the runner repeats it. */
  verify(
    host: Reader,
    p: P,
    o: { before: F; applied: RunResult[]; around: Around; drawn: Drawn },
  ): Promise<Verdict>
  /** A name for the output that `register` keeps; the last result's stdout where absent. */
  output?(applied: RunResult[]): string
}

export type { Payload }
