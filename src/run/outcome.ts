import type { PlannedChange, Verdict } from '../model/action.ts'
import type { RunResult } from '../model/command.ts'
import { messageOf } from '../model/errors.ts'
import { wholeText } from '../model/said.ts'
import { applyChanges, type Started, wentWell, whyBad } from './apply.ts'
import { readerAs } from './as.ts'
import { aroundOf, type Outputs, type RunContext, type Unit } from './context.ts'
import { endUnknown, type UnitEnd } from './end.ts'
import { onCancel, onFailure, withArmed } from './failure.ts'
import type { Inspected } from './inspect.ts'
import { type Armed, armFor } from './revert/arm.ts'
import { armedWords, confirmRevert } from './revert/end.ts'
import { shownSaid } from './shown.ts'
import { LockedOut } from './stepLock.ts'
import { verifyUntil } from './verify.ts'

/** What was carried out of the same plan before, in an interrupted run. */
interface Earlier {
  results: readonly RunResult[]
  started: readonly Started[]
}

/**
 * Carries out an approved plan, verifies it, and takes it back on failure where the step says so. Where the step says
 * `revert_after`, its revert is armed on the host before anything begins, and confirmed when the step was verified.
 */
export async function applyAndVerify(
  running: RunContext,
  unit: Unit,
  inspected: Inspected,
  outputs: Outputs,
  stamp: string,
  earlier: Earlier = { results: [], started: [] },
): Promise<UnitEnd> {
  const armed = await armFor(running, unit, inspected, earlier.started)
  if (armed !== undefined && 'end' in armed) return armed
  try {
    const context = armed?.context ?? running
    return await carryOut(context, unit, inspected, outputs, stamp, earlier, armed)
  } catch (error) {
    // Who has the resource by now must not find it taken back by us.
    const ref = { run: running.run, step: unit.step.id, host: unit.host }
    if (armed !== undefined && error instanceof LockedOut)
      await confirmRevert(running, ref, armed.ref, 'its lock is another’s by now')
    throw error
  } finally {
    armed?.stop()
  }
}

async function carryOut(
  context: RunContext,
  unit: Unit,
  inspected: Inspected,
  outputs: Outputs,
  stamp: string,
  earlier: Earlier,
  armed: Armed | undefined,
): Promise<UnitEnd> {
  const { step, host } = unit
  const ref = { run: context.run, step: step.id, host }
  const { shown, action } = inspected
  const timeoutMs = (step.timeout ?? 60) * 1000
  const applied = await applyChanges(context, { step: step.id, host, timeoutMs }, shown.plan.changes, {
    before: earlier.results.length,
    armed,
    ...(inspected.approved === undefined ? {} : { approved: inspected.approved }),
    seen: new Map(inspected.fetched?.map(({ path, bytes }) => [path, bytes])),
  })
  // A failure takes back all of the step, also what an interrupted run had done of it.
  const started = [...earlier.started, ...applied.started]
  if (applied.bad !== undefined) {
    const reason = whyBad(applied.bad, context.text)
    // Its first change was not begun any more: there is nothing that could be taken back.
    if (armed !== undefined && started.length === 0)
      await confirmRevert(context, ref, armed.ref, 'nothing was begun')
    if (applied.bad.endedBy === 'lost')
      return endUnknown(context, ref, await withArmed(context, ref, started, reason))
    if (applied.bad.endedBy === 'cancel')
      return onCancel(context, unit, action.onFail, started, applied.bad.problem)
    return onFailure(context, unit, action.onFail, started, reason, 0)
  }
  const results = [...earlier.results, ...applied.results]
  const { ms, ...verdict } = await verifyUnit(context, unit, inspected, results, stamp)
  if (applied.refused !== undefined) {
    // What was begun is verified and told. Its undo waits in the journal, for it would have to begin something.
    const told = ofPart(verdict, shown.plan.changes.slice(applied.started.length))
    await context.append('step.verified', { ...ref, ...told, ms }).catch(() => undefined)
    throw applied.refused
  }
  if (verdict.verdict === 'failed')
    return onFailure(context, unit, action.onFail, started, verdict.reason, ms, verdict.evidence)
  if (verdict.verdict === 'ok' && armed !== undefined) {
    const lost = await confirmOrTell(context, ref, armed, verdict.reason, ms)
    if (lost !== undefined) return lost
  }
  if (verdict.verdict === 'ok') registerOutput(context, unit, inspected, results, outputs)
  await context.append('step.verified', { ...ref, ...verdict, ms })
  if (verdict.verdict === 'unknown')
    return endUnknown(context, ref, await withArmed(context, ref, started, verdict.reason))
  return { end: 'ok', code: 0, reason: verdict.reason }
}

/** Confirms the revert of a step that was verified; gives how the step ended where that came too late, or not at all. */
async function confirmOrTell(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  { ref: revert }: Armed,
  verified: string,
  ms: number,
): Promise<UnitEnd | undefined> {
  const reason = `${verified}; but it was not confirmed in time`
  const tooLate = () => context.append('step.verified', { ...ref, verdict: 'failed', reason, ms })
  const end = await confirmRevert(context, ref, revert, verified, tooLate)
  if (end.is === 'kept') return undefined
  if (end.is === 'fired') return { end: 'failed', code: 1, reason: `${reason}: ${end.reason}` }
  const unconfirmed = `${verified}; but it could not be confirmed: ${armedWords(end)}`
  return endUnknown(context, ref, unconfirmed)
}

/** The verdict of a step whose last changes were not begun: what holds without them is not yet the whole step. */
function ofPart(verdict: Verdict, notBegun: readonly PlannedChange[]): Verdict {
  const missing = `not begun, since recording stopped: ${notBegun.map(({ do: { say } }) => say).join('; ')}`
  return {
    ...verdict,
    verdict: verdict.verdict === 'ok' ? 'unknown' : verdict.verdict,
    reason: `${verdict.reason}; ${missing}`,
  }
}

/** Looks until ok has held, or until it can't come any more; a look that can't be made is `unknown`, with the reason. */
export async function verifyUnit(
  context: RunContext,
  { step, host }: Unit,
  { action, params, facts, as }: Inspected,
  applied: RunResult[],
  stamp: string,
): Promise<Verdict & { ms: number }> {
  context.progress({ step: step.id, host, doing: 'verifying' })
  const begun = context.now().getTime()
  const around = aroundOf(context, host, step)
  const drawn = { stamp, id: step.id }
  const look = async (): Promise<Verdict> => {
    try {
      const reader = readerAs(await context.session(host), as, { timeoutMs: 30_000 })
      return await action.verify(reader, params, { before: facts, applied, around, drawn })
    } catch (error) {
      return { verdict: 'unknown', reason: `the look failed: ${messageOf(error)}` }
    }
  }
  const times = { settle: step.settle ?? action.settle ?? 0, within: step.within ?? action.within ?? 0 }
  const verdict = shownSaid(context, await verifyUntil(look, times, context), 'reason')
  return { ...verdict, ms: context.now().getTime() - begun }
}

/** Keeps what a step printed (or what its action calls its output) for the steps after it. */
export function registerOutput(
  context: RunContext,
  unit: Unit,
  { action }: Inspected,
  results: RunResult[],
  outputs: Outputs,
): void {
  const last = results.findLast(wentWell)
  const value =
    action.output?.(results) ??
    (last === undefined ? undefined : wholeText(last.stdout, context.text).trimEnd())
  if (value === undefined) return
  outputs.set(unit.host, unit.step.id, value)
  if (unit.step.register !== undefined) outputs.set(unit.host, unit.step.register, value)
}
