import type { Action, Around, Change } from '../model/action.ts'
import type { OutputListener, RunResult, Session, Sha256 } from '../model/command.ts'
import type { Append } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { Confirm, Step } from '../model/runbook.ts'
import type { SecretStore } from '../model/secret.ts'
import type { Keep } from './keep.ts'
import type { Left } from './left.ts'
import type { Locks } from './locks.ts'
import type { Approve } from './types.ts'

/** One step on one host: what the runner takes one at a time. */
export interface Unit {
  step: Step
  host: string
  /** The unit is skipped unless this holds (the step's `if`). */
  when?: Condition
  /** What an earlier run of the incident left of it. */
  left?: Left
  /** The block of steps that it belongs to: how many hosts run side by side there, and how many may fail before the run stops. */
  block?: { number: number; atATime: number; mayFail: number }
}

/** The verdict of an earlier step, or of a check, that a unit waits for. */
export interface Condition {
  of: 'steps' | 'checks'
  id: string
  verdict: 'ok' | 'failed' | 'unknown'
}

/** A unit whose templates are filled in, or the step whose result they wait for. */
export type Resolution =
  | { is: 'resolved'; action: Action; params: unknown; title: string; as?: string }
  | { is: 'after'; step: string }

/** What carrying out one change needs of its surroundings. */
export interface CarryDeps {
  session: Session
  local: Session
  secrets: SecretStore
  signal: AbortSignal
  timeoutMs?: number
  onOutput?: OutputListener
  /** Files of the host as the last inspection read them, by path. */
  seen?: ReadonlyMap<string, Uint8Array>
  learned(name: string, value: string): void
  /** True where the end of its job is recorded by now: another console looked after it. */
  over?(): boolean
  /** The job's folder stays on the host, with an output that is not to be seen here. */
  leavesFolder?: boolean
  /** Journals the result; the job's folder is removed from the host only after it resolved. */
  journaled(result: RunResult, after?: Record<string, Sha256>): Promise<void>
}

/** Carries out one change as a job with this id; the result has come back and was journaled when it resolves. */
export type CarryOut = (change: Change, id: string, deps: CarryDeps) => Promise<RunResult>

/** What the runner is doing right now on a host, for the status line; an empty `doing` says that it is done there. */
export interface Progress {
  step: string
  /** Empty where it is done on no host. */
  host: string
  doing: string
  /** It waits for the answer of a person. */
  waits?: true
}

/** Everything that a run is given; it has no other way to a host, a person or the disk. */
export interface RunContext {
  run: string
  incident: string
  dir: string
  host(name: string): Host
  session(host: string): Promise<Session>
  local: Session
  secrets: SecretStore
  append: Append
  /** How a started change ended, as far as the incident holds it by now; undefined where its end is not known. */
  endOf?(started: string): RunResult | undefined
  approve: Approve
  /** True where a person answers: hosts that run side by side are then asked for together. */
  asksPerson?: boolean
  /** The stamp of a step, one for all hosts that run side by side; drawn for each unit where absent. */
  stamp?(step: string): string
  /** Who takes what steps must have to themselves; absent where nothing is carried out. */
  locks?: Locks
  carry: CarryOut
  resolve(unit: Unit, outputs: Outputs): Resolution
  /** The last verdict of a step or a check on this host (on another, where this one has none); undefined before its first. */
  verdictOf(condition: Condition, host: string): Condition['verdict'] | undefined
  /** How a unit is approved, by its step, its action's risk, and its host (protocol.md, "Approval"). */
  confirm(
    unit: Unit,
    risk: 'observe' | 'change' | 'interrupt',
    params: unknown,
  ): { confirm: Confirm; target?: string }
  /** The one pipe for text from outside: inert and redacted. */
  text(bytes: Uint8Array): string
  keep: Keep
  /** Hosts run side by side, and each is told of by itself; undefined where nothing is at work any more. */
  progress(now: Progress | undefined): void
  onOutput?(host: string, stream: 'stdout' | 'stderr', chunk: Uint8Array): void
  now(): Date
  signal: AbortSignal
  /** Ends a verification at once, for the console is being left; what runs on the hosts is not cancelled by it. */
  leaving?: AbortSignal
}

/** The outputs that steps registered, by step id (and by the name of `register`), for each host. */
export interface Outputs {
  get(host: string, name: string): string | undefined
  set(host: string, name: string, value: string): void
}

/** The surroundings of an inspection on this host; what it learns is registered and journaled by name. */
export function aroundOf(
  context: RunContext,
  host: string,
  step?: { public: readonly string[]; secret: readonly string[]; dir?: string },
  fetched?: Around['fetched'],
): Around {
  return {
    host: context.host(host),
    local: context.local,
    dir: step?.dir ?? context.dir,
    secrets: context.secrets,
    text: context.text,
    learned: learner(context, host),
    ...(step === undefined ? {} : { lists: { public: step.public, secret: step.secret } }),
    ...(fetched === undefined ? {} : { fetched }),
  }
}

/** Registers a secret value that was read from a host; values too short to be told apart from ordinary text are left. */
export function learner(
  context: Pick<RunContext, 'secrets'>,
  host: string,
): (name: string, value: string) => void {
  const { secrets } = context
  return (name, value) => {
    if (value.length < 4 || (secrets.has(name) && secrets.value({ secret: name }) === value)) return
    secrets.register(name, `host:${host}`, value)
  }
}
