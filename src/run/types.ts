import type { Action, Plan } from '../model/action.ts'
import type { LockHolder } from '../model/lock.ts'
import type { Confirm, Step } from '../model/runbook.ts'

/** A step whose templates were filled in for one host. */
export interface ResolvedStep {
  step: Step
  host: string
  action: Action
  params: unknown
  as?: string
}

/** The plan of one step on one host, as `plan` prints it and the approval shows it. */
export interface StepPlan {
  run: string
  step: string
  host: string
  title: string
  uses: string
  /** `after_step:ID` where the step depends on another's result. */
  outcome: Plan['outcome'] | `after_step:${string}`
  because: string
  plan: Plan
  /** sha256 of the canonical plan. */
  hash: string
  risk: 'observe' | 'change' | 'interrupt'
}

/** What a responder is asked before a step runs. */
export interface ApprovalRequest {
  /** Unique; an answer names it, so that an answer to an older frame counts for nothing. */
  id: string
  plan: StepPlan
  confirm: Confirm
  /** What has to be typed where `confirm` is `typed`. */
  target?: string
  /** The hosts that the target stands for. */
  targetHosts?: readonly string[]
  /** Where the same is asked for several hosts at once: all of them. */
  hosts?: readonly string[]
  /** Why it is asked again: the plan changed since it was approved. */
  changed?: boolean
  /** Why only a person may approve it, whatever the flags say: it would run something a second time. */
  repeats?: string
  /** The run can go on without it: where nobody can be asked it is left out, not a reason to stop. */
  optional?: boolean
  /** Whose lock would be taken over; its id is the target. */
  holder?: LockHolder
  /** For a manual step: what to ask. */
  question?: string
}

/** What a responder answered. */
export type Decision =
  | { answer: 'run'; how: 'auto' | 'yes' | 'enter' | 'typed' }
  | { answer: 'skip'; reason: string }
  | { answer: 'stop'; reason: string }
  | { answer: 'said'; text: string; ok: boolean }

/** Asks whoever can approve: the console, a terminal, or the flags of a headless run. */
export type Approve = (request: ApprovalRequest, signal: AbortSignal) => Promise<Decision>
