import type { Action } from '../model/action.ts'
import type { CheckKind } from '../model/check.ts'
import type { LogSourceKind } from '../model/log.ts'

/** What a runbook can be written with: the actions, the kinds of checks, and the kinds of log sources. */
export interface Kinds {
  actions: readonly Action[]
  checks: readonly CheckKind[]
  logSources: readonly LogSourceKind[]
}
