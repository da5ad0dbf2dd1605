import type { Outputs, RunContext, Unit } from './context.ts'
import { endFailed, endInSync, endNotApproved, type UnitEnd } from './end.ts'
import { type Inspected, inspectUnit, journalPlan } from './inspect.ts'
import type { ApprovalRequest, Decision } from './types.ts'

/**
 * Asks for approval of a plan, and looks again just before the apply: a plan whose hash differs from the approved one
 * is asked again (under `--yes` it is journaled and goes on). `repeats` says why only a person may approve it. Gives the
 * plan to carry out, or how the unit ended.
 */
export async function approvedPlan(
  context: RunContext,
  unit: Unit,
  first: Inspected,
  outputs: Outputs,
  stamp: string,
  repeats?: string,
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
    const fresh = young ? shown : await inspectUnit(context, unit, outputs, stamp)
    if (fresh.action === undefined) return endFailed(context, ref, fresh.shown.because)
    const same = fresh.shown.hash === shown.shown.hash
    if (!same) await journalPlan(context, fresh)
    if (fresh.shown.outcome === 'in_sync') return endInSync(context, ref, fresh.shown.because)
    if (fresh.shown.outcome === 'cannot_tell') return endFailed(context, ref, fresh.shown.because)
    if (same || decision.how === 'yes' || decision.how === 'auto') {
      await context.append('step.approved', { ...ref, plan: fresh.shown.hash, how: decision.how })
      return fresh
    }
    shown = fresh
  }
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
  context.progress({ step: unit.step.id, host: unit.host, doing: 'waiting for approval' })
  const request: ApprovalRequest = {
    id: crypto.randomUUID(),
    plan: shown,
    ...policy,
    ...(repeats === undefined ? {} : { repeats, ...(policy.confirm === 'auto' ? { confirm: 'ask' } : {}) }),
    ...(changed ? { changed } : {}),
  }
  return { decision: await context.approve(request, context.signal), at }
}
