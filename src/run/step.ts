import { goOn, repeatsOf } from './again.ts'
import { approvedPlan } from './approve.ts'
import type { Outputs, RunContext, Unit } from './context.ts'
import { endFailed, endInSync, type UnitEnd } from './end.ts'
import { hashOf } from './hash.ts'
import { inspectUnit, journalPlan, stampOf } from './inspect.ts'
import { lockOfUnit } from './locks.ts'
import { applyAndVerify, registerOutput } from './outcome.ts'
import { askPerson } from './person.ts'
import { keptRevert } from './revert/settle.ts'
import { LockedOut, type StepLock } from './stepLock.ts'
import { endLockedOut } from './takeOver.ts'

/**
 * Takes one unit from inspection to verdict: inspect, plan, approve, inspect again, apply, verify, and undo on
 * failure where the step says so. Every decision is journaled before it has an effect.
 */
export async function runUnit(context: RunContext, unit: Unit, outputs: Outputs): Promise<UnitEnd> {
  try {
    return await runLocked(context, unit, outputs)
  } finally {
    // Other hosts may go on.
    context.progress({ step: unit.step.id, host: unit.host, doing: '' })
  }
}

async function runLocked(context: RunContext, unit: Unit, outputs: Outputs): Promise<UnitEnd> {
  const { step, host } = unit
  const ref = { run: context.run, step: step.id, host }
  if (unit.when !== undefined && context.verdictOf(unit.when, host) !== unit.when.verdict) {
    const reason = `not needed: ${unit.when.of}.${unit.when.id} is not ${unit.when.verdict}`
    await context.append('step.skipped', { ...ref, reason })
    return { end: 'skipped', code: 0, reason }
  }
  const locking = lockOfUnit(context, unit, outputs)
  if (locking === undefined) return takeUnit(context, unit, outputs)
  const { lock, atOnce } = locking
  try {
    return await takeUnit(lock.context(), unit, outputs, {
      lock,
      first: atOnce ? lock.context({ looking: true }) : lock.context(),
    })
  } catch (error) {
    if (!(error instanceof LockedOut)) throw error
    return await endLockedOut(context, ref, error)
  } finally {
    await lock.end()
  }
}

async function takeUnit(
  context: RunContext,
  unit: Unit,
  outputs: Outputs,
  locking?: { lock: StepLock; first: RunContext },
): Promise<UnitEnd> {
  const { step, host } = unit
  const ref = { run: context.run, step: step.id, host }
  const lock = locking?.lock
  const stamp = context.stamp?.(step.id) ?? stampOf(context.now())
  context.progress({ step: step.id, host, doing: 'inspecting' })
  const inspected = await inspectUnit(locking?.first ?? context, unit, outputs, stamp)
  if (unit.left !== undefined && inspected.action !== undefined) {
    const end = await goOn(context, unit, inspected, unit.left, outputs, stamp, lock)
    if (end !== undefined) return keptRevert(context, unit, end)
  }
  await journalPlan(context, inspected)
  if (inspected.action === undefined) return endFailed(context, ref, inspected.shown.because)

  const { shown } = inspected
  if (shown.plan.changes.some(({ do: change }) => 'ask' in change)) return askPerson(context, unit, shown)
  if (shown.outcome === 'in_sync') {
    registerOutput(context, unit, inspected, [], outputs)
    return endInSync(context, ref, shown.because)
  }
  if (shown.outcome === 'cannot_tell') return endFailed(context, ref, shown.because)

  const repeats = repeatsOf(
    unit,
    shown.plan.changes.map(({ do: change }) => hashOf(change)),
  )
  const approved = await approvedPlan(context, unit, inspected, outputs, stamp, {
    ...(repeats === undefined ? {} : { repeats }),
    ...(lock === undefined ? {} : { lock }),
  })
  return 'end' in approved ? approved : applyAndVerify(context, unit, approved, outputs, stamp)
}
