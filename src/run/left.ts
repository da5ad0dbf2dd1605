import type { PlannedChange } from '../model/action.ts'
import type { RunResult } from '../model/command.ts'
import type { Incident, StartedChange, StepState } from '../model/incident.ts'
import { isStepDone } from '../model/stepDone.ts'
import { type Started, wentWell } from './apply.ts'
import type { Outputs, Unit } from './context.ts'
import { hashOf } from './hash.ts'

/** What an earlier run left of a unit: it began it, and did not bring it to an end. */
export interface Left {
  /** The earlier run; what is still done for the unit is recorded under it. */
  run: string
  /** True where its console died or was stopped before a verdict: nothing that was begun runs again by itself. */
  interrupted: boolean
  /** The results of the changes that went well, in order. */
  done: RunResult[]
  /** What was begun of it, in order, with what takes it back. */
  started: Started[]
  /** What of its plan was never carried out; undefined where the journal does not hold the plan as it was. */
  rest: PlannedChange[] | undefined
  /** The hashes of the changes that were begun. */
  begun: string[]
}

/** Finds the last word on a unit in the runs of this runbook so far: the newest state that is settled or changed something. */
export function earlierStates(incident: Incident, runbook: string): (unit: Unit) => StepState | undefined {
  const runs = Object.values(incident.runs).filter((run) => run.runbook === runbook)
  return ({ step, host }) =>
    runs
      .flatMap(({ run }) => incident.steps[`${run} ${step.id} ${host}`] ?? [])
      .findLast((state) => isStepDone(state) || state.changes.length > 0)
}

/** What is left of a unit by the last word on it; undefined where nothing is. */
export function leftOf(state: StepState | undefined): Left | undefined {
  if (state === undefined || isStepDone(state)) return undefined
  const begun = state.changes.filter(hasBegun)
  if (begun.length === 0 || begun.some(({ undone }) => undone !== undefined)) return undefined
  const planned = plannedChanges(state)
  const done = begun.map(resultOf).filter((result) => result !== undefined && wentWell(result))
  return {
    run: state.run,
    interrupted: ['running', 'verifying', 'unknown'].includes(state.state),
    done: done as RunResult[],
    started: begun.map(startedOf),
    rest: done.length >= (begun[0]?.of ?? 0) ? [] : planned?.slice(done.length),
    begun: begun.flatMap(({ change }) => hashOf(planned?.[change]?.do ?? null)),
  }
}

/** Puts back what the steps of earlier runs registered, for the steps that use it. */
export function restoreOutputs(
  outputs: Outputs,
  units: readonly Unit[],
  earlier: (unit: Unit) => StepState | undefined,
): void {
  for (const unit of units) {
    const state = earlier(unit)
    if (state?.state !== 'ok') continue
    const said = state.changes.findLast(({ applied }) => applied?.exitCode === 0)?.applied?.stdout
    if (said === undefined) continue
    outputs.set(unit.host, unit.step.id, said)
    if (unit.step.register !== undefined) outputs.set(unit.host, unit.step.register, said)
  }
}

/** False for a change that was journaled but never came to the host. */
export function hasBegun({ applied }: StartedChange): boolean {
  return applied?.problem !== neverBegan && applied?.began !== 'no'
}

/** Why a change that was journaled has no result: its console died before the host heard of it. */
export const neverBegan = 'it never began on the host'

/** A started change as the journal holds it; an undo that was redacted on its way there is not carried out. */
export function startedOf({ started, undo, undoHash, applied, undone, revert }: StartedChange): Started {
  const waits = revert === undefined ? {} : { revert }
  if (Array.isArray(undo) && hashOf(undo) !== undoHash) {
    const impossible = 'its journaled form was redacted, so it is not carried out'
    return { id: started, undo: { impossible }, ...waits }
  }
  return {
    id: started,
    undo,
    ...waits,
    ...(applied?.after === undefined ? {} : { after: applied.after }),
    ...(undone === undefined ? {} : { tried: true }),
  }
}

/** The changes of a step's plan; undefined where their journaled form is not the one that was approved. */
export function plannedChanges({ plan }: StepState): PlannedChange[] | undefined {
  if (plan === undefined) return undefined
  const { outcome, because, changes, evidence } = plan
  const same = hashOf({ outcome, because, changes, evidence }) === plan.plan
  return same ? (changes as unknown as PlannedChange[]) : undefined
}

/** The end of a started change as the incident holds it; undefined where it is not known. */
export function endIn(incident: Incident, started: string): RunResult | undefined {
  const job = incident.jobs?.[started]
  if (job?.ended === undefined || job.ended === 'lost') return undefined
  const change = incident.steps[`${job.run} ${job.step} ${job.host}`]?.changes.find(
    (one) => one.started === started,
  )
  return change === undefined ? undefined : resultOf(change)
}

function resultOf({ applied }: StartedChange): RunResult | undefined {
  if (applied === undefined) return undefined
  const { endedBy, exitCode, signal, problem, began, ms, stdout, stderr } = applied
  const output = (text: string) => {
    const bytes = new TextEncoder().encode(text)
    return { bytes, total: bytes.length, cut: false }
  }
  return {
    endedBy: endedBy as RunResult['endedBy'],
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(problem === undefined ? {} : { problem }),
    ...(began === undefined ? {} : { began }),
    stdout: output(stdout),
    stderr: output(stderr),
    ms,
  }
}
