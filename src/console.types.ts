import type { Milestone, Severity, Status } from './model/event.ts'
import type { HostState } from './model/host.ts'
import type { Incident, IncidentSummary } from './model/incident.ts'
import type { LogLine, LogSource } from './model/log.ts'
import type { ApprovalRequest, StepPlan } from './run/types.ts'

/** A runbook in the list of the home screen. */
export interface RunbookSummary {
  name: string
  title: string
  file: string
  symptoms: string[]
  steps: string[]
  /** Found in a folder that is not trusted: shown as text only. */
  trusted: boolean
  /** Why it can't be opened: the first finding. */
  broken?: string
}

/** A host in the list of the home screen. */
export interface HostRow {
  name: string
  address: string
  groups: string[]
  production: boolean
  state: HostState
}

/** One step of the opened runbook as the room shows it; `plans` by host. */
export interface StepView {
  id: string
  title: string
  uses: string
  hosts: string[]
  /** Undefined while its inspection runs. */
  plans: Record<string, StepPlan | undefined>
}

/** What is at work on a host; its host is empty where it is done on none. */
export interface AtWork {
  step: string
  host: string
  since: string
  doing: string
  /** It waits for the answer of a person. */
  waits?: true
}

/** A question to the person at the console. What is typed for a `secret` one is never shown. */
export interface Prompt {
  id: string
  /** `password`, `passphrase`, `host key`, `secret`, `manual`. */
  kind: 'secret' | 'confirm' | 'text'
  /** Who asks: `core-1 (10.0.4.11)`. */
  who: string
  /** What is asked and why, in one or two lines. */
  what: string
}

/** Followed lines of one source: a bounded window, newest last. */
export interface LogView {
  source: LogSource
  lines: readonly LogLine[]
  /** Lines received in all; `lines` holds the last of them. */
  total: number
  state: 'connecting' | 'following' | 'ended'
  detail?: string
}

/** What the room shows of one incident. */
export interface Room {
  incident: Incident
  /** Chosen for this incident and not yet opened. */
  suggested?: string
  run?: {
    id: string
    runbook: string
    title: string
    file: string
    hosts: string[]
    /** What a log shows where the runbook helps: such lines are marked. */
    symptoms?: string[]
    steps: StepView[]
    checks: { id: string; title: string; kind: string; effect: 'observe' | 'probe'; hosts: string[] }[]
    phase: 'connecting' | 'planning' | 'checking' | 'ready' | 'running' | 'finished'
    /** What is at work, by host: hosts of a batch run side by side. */
    atWork: Record<string, AtWork>
    exit?: number
  }
  approval?: ApprovalRequest
  /** Ad hoc commands that run now. */
  commands?: { host: string; text: string; since: string }[]
  logs: Record<string, LogView>
  hosts: Record<string, HostState>
}

/** The whole state of the console; views select slices of it. */
export interface ConsoleState {
  home: { incidents: IncidentSummary[]; runbooks: RunbookSummary[]; hosts: HostRow[]; problems: string[] }
  room: Room | undefined
  prompt: Prompt | undefined
  /** Why recording stopped, while it is; `reserve` where results are still recorded. */
  recording: { stopped?: string; reserve?: boolean }
  /** The last thing worth saying in one line, and whether it is bad. */
  message: { text: string; bad: boolean; at: string } | undefined
  /** Milliseconds since the epoch, ticking once a second. */
  now: number
  operator: string
}

/** What a person wants done. Times are ISO 8601 UTC. */
export type Intent =
  | { do: 'declare'; title: string; severity?: Severity; started?: string }
  | { do: 'open'; incident: string }
  | { do: 'home' }
  | { do: 'openRunbook'; runbook: string; hosts?: string[]; params?: Record<string, string> }
  /** Goes on with the runbook from the first step that is not done, or from `step`; asks for each approval. */
  | { do: 'run'; step?: string }
  | { do: 'replan' }
  | { do: 'approve'; request: string; typed?: string }
  | { do: 'answer'; request: string; text: string; ok: boolean }
  | { do: 'skip'; request: string; reason: string }
  | { do: 'refuse'; request: string }
  | { do: 'cancel' }
  | { do: 'undo'; step: string; host?: string }
  | { do: 'note'; text: string; at?: string; until?: string }
  | { do: 'status'; to: Status }
  | { do: 'set'; title?: string; severity?: Severity; impact?: string }
  | { do: 'milestone'; milestone: Milestone; at: string }
  | { do: 'check' }
  | { do: 'follow'; host: string; kind: string; name: string }
  | { do: 'pin'; source: string; seqs: number[] }
  | { do: 'command'; hosts: string[]; text: string }
  | { do: 'export'; path?: string }
  | { do: 'reply'; prompt: string; value: string | undefined }

/** The console core: state to read, intents to send. Rejections of `send` are SitrepErrors, which the view shows. */
export interface Console {
  getState(): ConsoleState
  subscribe(listener: (state: ConsoleState, previous: ConsoleState) => void): () => void
  send(intent: Intent): Promise<void>
  /** The exit code of the last run that was made here; 0 where none was, or it was brought to its end well. */
  exit(): number
  /** Ends sessions and timers, writes the postmortem of an open incident, and returns its path and the line of its checkpoint. Running jobs go on. */
  close(): Promise<{ postmortem?: string; checkpoint?: string }>
}
