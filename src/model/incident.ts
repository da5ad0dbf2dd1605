import type { PlannedChange } from './action.ts'
import type { EventData, Milestone, Severity, Status } from './event.ts'

/** One row of the timeline, in the incident's time. */
export interface TimelineRow {
  /** The event it came from. */
  event: string
  at: string
  /** The journal's order, for rows of the same time. */
  hlc?: string
  until?: string
  by: string
  kind:
    | 'incident'
    | 'status'
    | 'milestone'
    | 'note'
    | 'host'
    | 'run'
    | 'step'
    | 'check'
    | 'command'
    | 'log'
    | 'export'
    | 'record'
    | 'other'
  text: string
  host?: string
  /** Short label of what proves it: `exit 0`, `sha256 3f2a…`, `evidence 3`. */
  evidence?: string
  bad?: boolean
  /** How sure `at` is, in milliseconds either way: it comes from a host's clock and was corrected by its offset. */
  uncertaintyMs?: number
}

/** A timed revert on a host: the name of its folder, and the user that it belongs to where that is not the login user. */
export interface RevertRef {
  id: string
  as?: string
}

/** One change that was started, with what became of it. */
export interface StartedChange {
  started: string
  at: string
  change: number
  of: number
  say: string
  command?: string
  undo: PlannedChange['undo']
  undoHash: string
  applied?: EventData<'step.applied'> & { at: string; event: string }
  undone?: EventData<'step.undone'> & { at: string }
  /** The revert that takes it back unless it is confirmed; absent again as soon as that has an end. */
  revert?: RevertRef
}

/** One step on one host of one run. */
export interface StepState {
  run: string
  step: string
  host: string
  title: string
  uses: string
  state:
    | 'planned'
    | 'approved'
    | 'running'
    | 'verifying'
    | 'ok'
    | 'in_sync'
    | 'failed'
    | 'unknown'
    | 'skipped'
    | 'cancelled'
    | 'undone'
    | 'answered'
  plan?: EventData<'step.planned'>
  /** The first plan of the run, before anything ran: the drift that was found. */
  drift?: EventData<'step.planned'>
  approved?: { how: string; at: string; by: string }
  /** What it had to itself on the host; an undo wants the same. */
  resources?: string[]
  changes: StartedChange[]
  /** The newest revert of the step; `end` where it is known what became of it. */
  revert?: RevertRef & { after: number; at: string; end?: 'refused' | 'confirmed' | 'fired' }
  verified?: EventData<'step.verified'> & { at: string }
  reason?: string
  answer?: string
}

/** One cell row of the verification matrix. */
export interface CheckState {
  check: string
  title: string
  host: string
  kind: string
  before?: EventData<'check.observed'> & { at: string; event?: string }
  after?: EventData<'check.observed'> & { at: string; event?: string }
  last?: EventData<'check.observed'> & { at: string; event?: string }
  /** The last 120 looks, oldest first. */
  history: { at: string; verdict: 'ok' | 'failed' | 'unknown'; ms: number }[]
}

/** A job on a host, by the event that it was started with (whose id is its name there). */
export interface JobRecord {
  is: 'change' | 'undo' | 'command'
  host: string
  at: string
  by: string
  /** What it does: the command of a responder, or what the change says of itself. */
  say: string
  /** The step that it belongs to; none for a responder's own command. */
  run?: string
  step?: string
  /** How it ended, as far as it is recorded; `lost` where that was not known. */
  ended?: string
  /** True where it was lost before its host said that it knows it. */
  unheard?: true
  /** The writer (a console's file of the journal) that began it. */
  writer?: string
  /** True where another console than the one that began it recorded its end. */
  elsewhere?: true
}

/** One opened runbook. */
export interface RunState extends EventData<'runbook.opened'> {
  at: string
  by: string
  finished?: EventData<'run.finished'> & { at: string }
}

/** Everything that was recorded of one incident, folded. Keys of `steps` are `RUN STEP HOST`, of `checks` `CHECK HOST`. */
export interface Incident {
  id: string
  title: string
  severity: Severity
  status: Status
  impact?: string
  alert?: string
  declaredAt: string
  updatedAt: string
  milestones: Partial<Record<Milestone, { at: string; event: string }>>
  timeline: TimelineRow[]
  runs: Record<string, RunState>
  steps: Record<string, StepState>
  checks: Record<string, CheckState>
  hosts: Record<
    string,
    { state: 'connected' | 'stale' | 'lost' | 'refused'; detail: string; fingerprint?: string }
  >
  /** How far each host's clock is from this machine's, as it was measured last: host's time minus ours. */
  clocks: Record<string, { offsetMs: number; uncertaintyMs: number; at: string }>
  secrets: Record<string, string>
  /** The values that each secret had, as their checks, in order; without a check where none could be made. */
  secretChecks?: Record<string, readonly { at: string; check?: string }[]>
  responders: string[]
  roles: Record<string, string>
  followups: { id: string; text: string; owner?: string; done: boolean }[]
  commands: (EventData<'command.ran'> & { at: string; by: string; event: string })[]
  /** Every job that was started on a host, by its id. */
  jobs?: Record<string, JobRecord>
  pins: (EventData<'log.pinned'> & { event: string; by: string })[]
  exports: (EventData<'export.written'> & { at: string })[]
  artifacts: Record<string, { bytes: number; name: string; host?: string; original?: string; cut?: boolean }>
  /** Closed parts of followed logs by their file. */
  logs: Record<string, EventData<'log.kept'> & { event: string }>
  /** How many parts were removed to keep the bound, by the folder of their log. */
  dropped?: Record<string, number>
  /** Where each writer's chain stands: the checkpoint of what was folded. */
  writers: Record<string, { seq: number; hash: string }>
  recording: { stopped?: string }
  /** Records that this version does not know, kept and counted by type. */
  unknown: Record<string, number>
  events: number
}

/** A line of `sitrep list`. */
export interface IncidentSummary {
  id: string
  title: string
  severity: Severity
  status: Status
  started: string
  updated: string
}
