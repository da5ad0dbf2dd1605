import type { Outputs, RunContext, Unit } from './context.ts'
import { endFailed, endInSync, endNotApproved, type UnitEnd } from './end.ts'
import { type Inspected, inspectUnit, journalPlan } from './inspect.ts'
import type { StepLock } from './stepLock.ts'
import type { ApprovalRequest, Decision } from './types.ts'

/**
 * Asks for approval of a plan, and looks again just before the apply, with what the step must have to itself locked: a plan
 * whose hash differs from the approved one is asked again (under `--yes` it is journaled and goes on). `repeats` says why only
 * a person may approve it. Gives the plan to carry out, or how the unit ended. Throws LockedOut.
 */
export async function approvedPlan(
  context: RunContext,
  unit: Unit,
  first: Inspected,
  outputs: Outputs,
  stamp: string,
  { repeats, lock }: { repeats?: string; lock?: StepLock } = {},
): Promise<Inspected | UnitEnd> {
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  let shown = first
  for (let changed = false; ; changed = true) {
    const { decision, at } = await ask(context, unit, shown, {
      changed,
      ...(repeats === undefined ? {} : { repeats }),
    })
    if (decision.answer !== 'run') return endNotApproved(context, ref, decision)
    // A plan that is younger than a second is as fresh as another inspection would be.
    const young = context.now().getTime() - at < 1000
    const again = () => inspectUnit(context, unit, outputs, stamp)
    const fresh = await lastLook(unit, shown, { young, again, ...(lock === undefined ? {} : { lock }) })
    if (fresh.action === undefined) return endFailed(context, ref, fresh.shown.because)
    const same = fresh.shown.hash === shown.shown.hash
    if (!same) await journalPlan(context, fresh)
    if (fresh.shown.outcome === 'in_sync') return endInSync(context, ref, fresh.shown.because)
    if (fresh.shown.outcome === 'cannot_tell') return endFailed(context, ref, fresh.shown.because)
    if (same || decision.how === 'yes' || decision.how === 'auto') {
      const approved = context.append('step.approved', { ...ref, plan: fresh.shown.hash, how: decision.how })
      // It stands before the start of the first change, which is awaited with it: one write of the disk for both.
      approved.catch(() => undefined)
      await lock?.keep()
      if (unit.step.revertAfter !== undefined) await approved
      return { ...fresh, approved }
    }
    shown = fresh
  }
}

/** The plan as it is under the lock: looked at again, unless the look before was made under it, or none is needed. */
async function lastLook(
  unit: Unit,
  shown: Inspected,
  { young, again, lock }: { young: boolean; again(): ReturnType<typeof inspectUnit>; lock?: StepLock },
): ReturnType<typeof inspectUnit> {
  if (lock === undefined) return young ? shown : again()
  if (lock.asked()) {
    const { sound } = await lock.have()
    return young && sound ? shown : again()
  }
  const [change, ...more] = shown.shown.plan.changes
  // What looks at nothing is one command: its job takes the lock as it starts.
  const one = !lock.looked() && change !== undefined && more.length === 0 && 'run' in change.do
  if (one && unit.step.revertAfter === undefined && lock.alone()) return shown
  const looking = again()
  const [had, found] = await Promise.allSettled([lock.have(), looking])
  if (had.status === 'rejected') throw had.reason
  if (!had.value.sound) return again()
  if (found.status === 'rejected') throw found.reason
  return found.value
}

/** Asks for approval as the policy wants it; `at` is when it was asked. What would repeat something is always asked. */
export async function ask(
  context: RunContext,
  unit: Unit,
  { shown, params }: Inspected,
  { changed = false, repeats }: { changed?: boolean; repeats?: string },
): Promise<{ decision: Decision; at: number }> {
  const at = context.now().getTime()
  const policy = context.confirm(unit, shown.risk, params)
  if (policy.confirm === 'auto' && repeats === undefined)
    return { decision: { answer: 'run', how: 'auto' }, at }
  const here = { step: unit.step.id, host: unit.host }
  context.progress({ ...here, doing: 'waiting for approval', waits: true })
  const request: ApprovalRequest = {
    id: crypto.randomUUID(),
    plan: shown,
    ...policy,
    ...(repeats === undefined ? {} : { repeats, ...(policy.confirm === 'auto' ? { confirm: 'ask' } : {}) }),
    ...(changed ? { changed } : {}),
  }
  const decision = await context.approve(request, context.signal)
  context.progress({ ...here, doing: 'answered' })
  return { decision, at }
}
