import { ask } from './approve.ts'
import type { Outputs, RunContext, Unit } from './context.ts'
import { endInSync, endNotApproved, endUnknown, type UnitEnd } from './end.ts'
import type { Inspected } from './inspect.ts'
import type { Left } from './left.ts'
import { applyAndVerify, registerOutput, verifyUnit } from './outcome.ts'
import type { StepLock } from './stepLock.ts'

/**
 * Goes on with a unit that an earlier run began. What was carried out whole is only verified; where changes of its plan
 * are left and the host shows nothing else to do, those are carried out. All of it is recorded under the earlier run.
 * Undefined where the unit has to be taken like any other, from its fresh plan.
 *
 * Example: a file was replaced, and the console died before the reload. The file is in sync by now; the reload is left.
 */
export async function goOn(
  running: RunContext,
  unit: Unit,
  inspected: Inspected,
  left: Left,
  outputs: Outputs,
  stamp: string,
  lock?: StepLock,
): Promise<UnitEnd | undefined> {
  const context: RunContext = { ...running, run: left.run }
  const ref = { run: left.run, step: unit.step.id, host: unit.host }
  const { shown } = inspected
  if (shown.outcome === 'in_sync') {
    if (left.rest === undefined) {
      const reason =
        'it was interrupted between its changes, and the journal does not hold the plan as it was'
      return endUnknown(context, ref, reason)
    }
    if (left.rest.length > 0) return carryOutRest(context, unit, inspected, left, outputs, stamp, lock)
    if (!left.interrupted) return undefined
    registerOutput(context, unit, inspected, left.done, outputs)
    return endInSync(context, ref, shown.because)
  }
  if (shown.outcome !== 'would_change' || !left.interrupted || left.rest?.length !== 0) return undefined
  const { ms, ...verdict } = await verifyUnit(context, unit, inspected, left.done, stamp)
  if (verdict.verdict !== 'ok') return undefined
  registerOutput(context, unit, inspected, left.done, outputs)
  await context.append('step.verified', { ...ref, ...verdict, ms })
  return { end: 'ok', code: 0, reason: verdict.reason }
}

async function carryOutRest(
  context: RunContext,
  unit: Unit,
  inspected: Inspected,
  { rest = [], done, started }: Left,
  outputs: Outputs,
  stamp: string,
  lock?: StepLock,
): Promise<UnitEnd> {
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  const because = `${inspected.shown.because}; still to be done since it was interrupted: ${rest.map(({ do: { say } }) => say).join('; ')}`
  const plan = { ...inspected.shown.plan, outcome: 'would_change' as const, because, changes: rest }
  const shown = { ...inspected.shown, run: context.run, outcome: plan.outcome, because, plan }
  const { decision } = await ask(context, unit, { ...inspected, shown }, {})
  if (decision.answer !== 'run') return endNotApproved(context, ref, decision)
  await lock?.have()
  const approved = context.append('step.approved', { ...ref, plan: shown.hash, how: decision.how })
  await Promise.all([approved, lock?.keep()])
  return applyAndVerify(context, unit, { ...inspected, shown }, outputs, stamp, { results: done, started })
}

/** Why a fresh plan may run only when a person says so: it holds a change that an interrupted run had begun. */
export function repeatsOf(unit: Unit, changes: readonly string[]): string | undefined {
  const { left, step } = unit
  if (left?.interrupted !== true || step.rerun === 'safe') return undefined
  if (!changes.some((hash) => left.begun.includes(hash))) return undefined
  return 'an interrupted run had begun the same change, and it would run a second time'
}
