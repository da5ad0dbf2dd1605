/** A place in a file, counted from 1. */
export interface Position {
  file: string
  line: number
  column: number
}

/** Something wrong in a file that a person wrote. */
export interface Finding {
  at: Position
  message: string
  level: 'error' | 'warning'
}

/** A declared parameter. */
export interface ParamSpec {
  name: string
  type: 'string' | 'number' | 'boolean' | 'list'
  required: boolean
  default?: unknown
  description?: string
  pattern?: string
  secret: boolean
  /** `env:NAME`, `file:PATH`, `prompt`. */
  from?: string
  /** The folder of the file that declares it, where that is not the runbook's own. */
  dir?: string
  at: Position
}

/** How a step is approved. */
export type Confirm = 'auto' | 'ask' | 'typed'

/** One use of an action, with its templates not yet filled in. */
export interface Step {
  id: string
  title: string
  uses: string
  /** Raw values from the file; `{{ … }}` stands in its strings. */
  with: Record<string, unknown>
  /** Host, group, or list of them; the runbook's hosts where absent. */
  hosts?: string[]
  as?: string
  /** Seconds. */
  timeout?: number
  within?: number
  settle?: number
  confirm?: Confirm
  /** The action's own default where absent, else `stop`. */
  onFail?: 'stop' | 'ask' | 'undo'
  rerun: 'safe' | 'unsafe'
  serial?: number | string
  maxFailures?: number
  revertAfter?: number
  /** A verdict of another step or check: `steps.ID ok`, `checks.ID failed`. */
  if?: string
  register?: string
  public: string[]
  secret: string[]
  /** The folder of the file that it stands in, where that is not the runbook's own: relative paths start there. */
  dir?: string
  at: Position
  /** The position of a value inside `with`, by its path. */
  locate(path: readonly PropertyKey[]): Position
}

/** One check, with its templates not yet filled in. */
export interface CheckSpec {
  id: string
  title: string
  kind: string
  with: Record<string, unknown>
  hosts?: string[]
  as?: string
  /** Retry until ok, for at most this many seconds. */
  within?: number
  at: Position
  locate(path: readonly PropertyKey[]): Position
}

/** One log that the runbook wants followed. */
export interface LogSpec {
  kind: string
  name: string
  hosts?: string[]
  /** The user that reads it, by sudo. */
  as?: string
  at: Position
}

/** A loaded runbook: valid in its form, its templates checked but not filled in. */
export interface Runbook {
  name: string
  title: string
  description?: string
  symptoms: string[]
  params: ParamSpec[]
  vars: Record<string, string>
  hosts: string[]
  logs: LogSpec[]
  checks: CheckSpec[]
  steps: Step[]
  file: string
  /** sha256 of the file's bytes. */
  sha256: string
  /** The folder that relative paths of the operator's machine start from. */
  dir: string
}
