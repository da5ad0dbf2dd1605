import type { JobState, RunResult } from '../model/command.ts'
import type { Incident, StartedChange, StepState } from '../model/incident.ts'
import { isStillRunning, stillRunning } from '../model/stillRunning.ts'
import { atOnceOrSoon, journalResult, wentWell, whyBad } from './apply.ts'
import { runJob } from './carry/job.ts'
import { leftBy } from './carry/put.ts'
import { learner, type RunContext, type Unit } from './context.ts'
import { endUnknown, type UnitEnd } from './end.ts'
import { onCancel, onFailure } from './failure.ts'
import { keeping } from './keep.ts'
import { hasBegun, neverBegan, plannedChanges, startedOf } from './left.ts'
import { underLock } from './locks.ts'

/** A change that was started and whose end is not known: its console died, or lost the link. */
export interface Dangling {
  state: StepState
  change: StartedChange
}

/** The changes of an incident whose true results were never recorded, oldest first. */
export function danglingOf(incident: Incident): Dangling[] {
  const open = ({ applied, undone }: StartedChange) =>
    undone === undefined &&
    applied?.began !== 'no' &&
    (applied === undefined || applied.endedBy === 'lost' || isStillRunning(said(applied)))
  const said = ({ problem }: { problem?: string | undefined }) => (problem === undefined ? {} : { problem })
  return Object.values(incident.steps).flatMap((state) =>
    state.changes.filter(open).map((change) => ({ state, change })),
  )
}

/**
 * Looks what became of a change that a dead console had started: a job that still runs is waited for, a finished one
 * is recorded with its true exit code, one that never began is told so. What can't be known is `unknown`, and is never
 * run again by itself. All of it is recorded under the run that started it. `unit` is the step of today's runbook, for
 * its timeout and for what its failure leads to; `open` is false as soon as another console recorded the result. One that never
 * began can't begin any more then, however late its order comes. With `waits: false` a job that runs is left alone (`unknown`,
 * with a reason that `isStillRunning` knows).
 */
export async function settleDangling(
  running: RunContext,
  { state, change }: Dangling,
  o: { unit: Unit | undefined; open(): boolean; waits?: boolean },
): Promise<UnitEnd> {
  const context: RunContext = { ...running, run: state.run }
  const ref = { run: state.run, step: state.step, host: state.host }
  const session = await context.session(state.host)
  // What the host was heard of once, it can't have forgotten: without its folder nobody can tell what became of it.
  const heard = change.applied !== undefined && change.applied.began === undefined
  const found = await session.jobState(change.started, { claim: !heard })
  const recorded = (ms: number) => atOnceOrSoon(() => (o.open() ? undefined : true), ms)
  // Who saw its end removes its folder when that is recorded; the record may take a moment to arrive.
  if (await recorded(found.is === 'not_started' || isUnbegun(found) ? 1000 : 0)) return elsewhere
  // Nobody has waited for it yet, so there is nothing to cancel: it stays as it is for the next look.
  if (context.signal.aborted) return { end: 'stopped', code: 130, reason: 'interrupted' }
  if (found.is === 'not_started' && heard)
    return endUnknown(context, ref, 'its folder on the host is gone; what became of it is not known')
  if (found.is === 'not_started' || isUnbegun(found)) {
    await journalResult(context, ref, change.started, notBegun)
    return { end: 'ok', code: 0, reason: neverBegan }
  }
  if (found.is === 'unknown') return endUnknown(context, ref, found.reason)
  if (found.is === 'running' && o.waits === false)
    return { end: 'unknown', code: 5, reason: stillRunning(change.say) }

  context.progress({ step: state.step, host: state.host, doing: `started before, waited for: ${change.say}` })
  const wanted = plannedChanges(state)?.[change.change]?.do
  // What still ran is measured from its start; of what had ended before, nobody knows for how long it ran.
  const lasted = ({ ms }: { ms: number }) =>
    found.is === 'running' ? Math.max(ms, context.now().getTime() - Date.parse(change.at)) : ms
  let byOther = false
  const ended = await keeping(context.keep, (keeper) =>
    runJob(
      session,
      change.started,
      { argv: [] },
      {
        ...context,
        session,
        attach: true,
        // Where its console lives and comes back, it must find it; the sweep that follows removes it.
        leavesFolder: true,
        timeoutMs: (o.unit?.step.timeout ?? 60) * 1000,
        onOutput: (stream, chunk) => {
          keeper.chunk(stream, chunk)
          context.onOutput?.(state.host, stream, chunk)
        },
        learned: learner(context, state.host),
        journaled: async (here, after) => {
          const result = { ...here, ms: lasted(here) }
          byOther = (await recorded(here.removed === true ? 3000 : 0)) === true
          if (byOther) return
          await journalResult(context, ref, change.started, result, { kept: await keeper.end(), after })
        },
      },
      (result) => (wanted !== undefined && 'put' in wanted ? leftBy(wanted.put.path, result) : undefined),
    ),
  )
  if (byOther) return elsewhere
  const result = { ...ended, ms: lasted(ended) }
  if (wentWell(result)) return { end: 'ok', code: 0, reason: 'it had ended well' }
  const reason = whyBad(result, context.text)
  if (result.endedBy === 'lost') return endUnknown(context, ref, reason)
  const unit = o.unit ?? { step: stepOf(state), host: state.host }
  const began = (one: StartedChange) =>
    hasBegun(one) && (one.started !== change.started || result.began !== 'no')
  const started = state.changes.filter(began).map(startedOf)
  const end = (own: RunContext, of: Unit, why: string) =>
    result.endedBy === 'cancel'
      ? onCancel(own, of, onFailOf(context, o.unit), started, result.problem)
      : onFailure(own, of, onFailOf(context, o.unit), started, why, Math.round(result.ms))
  const { title, resources = [] } = state
  if (resources.length === 0 || unit.step.onFail === 'stop') return end(context, unit, reason)
  // What a failure takes back is a change like any other: nobody else may be at work there.
  const held = await underLock(context, { ...ref, title, resources }, (locked) => end(locked, unit, reason))
  if ('done' in held) return held.done
  const left: Unit = { ...unit, step: { ...unit.step, onFail: 'stop' } }
  return end(context, left, `${reason}; nothing was taken back: ${held.lockedOut}`)
}

const none = { bytes: new Uint8Array(), total: 0, cut: false }

/** What is recorded of a job that never began, and can't any more. */
export const notBegun: RunResult = {
  endedBy: 'cancel',
  stdout: none,
  stderr: none,
  ms: 0,
  began: 'no',
  problem: neverBegan,
}

/** True for an id that another console has claimed before anything began under it. */
export function isUnbegun(found: JobState): boolean {
  return found.is === 'done' && found.result.began === 'no' && found.result.exitCode === 125
}

const elsewhere: UnitEnd = { end: 'ok', code: 0, reason: 'another console recorded its result' }

/** What the action's own failure leads to; a step that waits for another's output has not said which action it is. */
function onFailOf(context: RunContext, unit: Unit | undefined): 'stop' | 'ask' | 'undo' | undefined {
  if (unit === undefined) return undefined
  const resolution = context.resolve(unit, { get: () => undefined, set: () => undefined })
  return resolution.is === 'resolved' ? resolution.action.onFail : undefined
}

/** The step of a runbook that is not open now, as the journal knows it: its failure leads to nothing more. */
export function stepOf({ step, title, uses }: StepState): Unit['step'] {
  const at = { file: '', line: 1, column: 1 }
  return {
    id: step,
    title,
    uses,
    with: {},
    rerun: 'unsafe',
    public: [],
    secret: [],
    at,
    locate: () => at,
    onFail: 'stop',
  }
}
