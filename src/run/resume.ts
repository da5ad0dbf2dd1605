import type { Incident, StartedChange, StepState } from '../model/incident.ts'
import { journalResult, wentWell, whyBad } from './apply.ts'
import type { RunContext } from './context.ts'
import type { UnitEnd } from './end.ts'

/** A change that was started and whose end is not known: its console died, or lost the link. */
export interface Dangling {
  state: StepState
  change: StartedChange
}

/** The changes of an incident whose true results were never recorded, oldest first. */
export function danglingOf(incident: Incident): Dangling[] {
  const open = ({ applied, undone }: StartedChange) =>
    undone === undefined && (applied === undefined || applied.endedBy === 'lost')
  return Object.values(incident.steps).flatMap((state) =>
    state.changes.filter(open).map((change) => ({ state, change })),
  )
}

/**
 * Looks what became of a change that a dead console had started: a job that still runs is waited for, a finished one
 * is recorded with its true exit code, one that never began is told so. What can't be known is `unknown`, and is never
 * run again by itself.
 */
export async function settleDangling(context: RunContext, { state, change }: Dangling): Promise<UnitEnd> {
  const ref = { run: state.run, step: state.step, host: state.host }
  const session = await context.session(state.host)
  let found = await session.jobState(change.started)
  if (found.is === 'running') {
    context.progress({
      step: state.step,
      host: state.host,
      doing: `waiting for what was started before: ${change.say}`,
    })
    const job = await session.job(change.started, { argv: ['true'] })
    found = { is: 'done', result: await job.done }
  }
  if (found.is === 'not_started') {
    const result = {
      endedBy: 'cancel' as const,
      stdout: none,
      stderr: none,
      ms: 0,
      problem: 'it never began on the host',
    }
    await journalResult(context, ref, change.started, change.say, result)
    return { end: 'ok', code: 0, reason: 'it never began' }
  }
  if (found.is === 'unknown') {
    await context.append('step.unknown', { ...ref, reason: found.reason })
    return { end: 'unknown', code: 5, reason: found.reason }
  }
  await journalResult(context, ref, change.started, change.say, found.result)
  const job = await session.job(change.started, { argv: ['true'] })
  await job.remove()
  const reason = whyBad(found.result, context.text)
  return wentWell(found.result)
    ? { end: 'ok', code: 0, reason: 'it had ended well' }
    : { end: 'failed', code: 1, reason }
}

const none = { bytes: new Uint8Array(), total: 0, cut: false }
