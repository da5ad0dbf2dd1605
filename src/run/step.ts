import { applyChanges, wentWell, whyBad } from './apply.ts'
import { approvedPlan } from './approve.ts'
import { readerAs } from './as.ts'
import { aroundOf, type Outputs, type RunContext, type Unit } from './context.ts'
import { endFailed, endInSync, type UnitEnd } from './end.ts'
import { onCancel, onFailure } from './failure.ts'
import { type Inspected, inspectUnit, plannedData, stampOf } from './inspect.ts'
import { askPerson } from './person.ts'
import { verifyUntil } from './verify.ts'

/**
 * Takes one unit from inspection to verdict: inspect, plan, approve, inspect again, apply, verify, and undo on
 * failure where the step says so. Every decision is journaled before it has an effect.
 */
export async function runUnit(context: RunContext, unit: Unit, outputs: Outputs): Promise<UnitEnd> {
  const { step, host } = unit
  const ref = { run: context.run, step: step.id, host }
  if (unit.when !== undefined && context.verdictOf(unit.when, host) !== unit.when.verdict) {
    const reason = `not needed: ${unit.when.of}.${unit.when.id} is not ${unit.when.verdict}`
    await context.append('step.skipped', { ...ref, reason })
    return { end: 'skipped', code: 0, reason }
  }
  const stamp = stampOf(context.now())
  context.progress({ step: step.id, host, doing: 'inspecting' })
  const inspected = await inspectUnit(context, unit, outputs, stamp)
  await context.append('step.planned', plannedData(inspected.shown))
  if (inspected.action === undefined) return endFailed(context, ref, inspected.shown.because)

  const { shown } = inspected
  if (shown.plan.changes.some(({ do: change }) => 'ask' in change)) return askPerson(context, unit, shown)
  if (shown.outcome === 'in_sync') {
    registerOutput(context, unit, inspected, [], outputs)
    return endInSync(context, ref, shown.because)
  }
  if (shown.outcome === 'cannot_tell') return endFailed(context, ref, shown.because)

  const approved = await approvedPlan(context, unit, inspected, outputs, stamp)
  return 'end' in approved ? approved : applyAndVerify(context, unit, approved, outputs, stamp)
}

async function applyAndVerify(
  context: RunContext,
  unit: Unit,
  inspected: Inspected,
  outputs: Outputs,
  stamp: string,
): Promise<UnitEnd> {
  const { step, host } = unit
  const ref = { run: context.run, step: step.id, host }
  const { shown, action, params, facts, as } = inspected
  const timeoutMs = (step.timeout ?? 60) * 1000
  const applied = await applyChanges(context, { step: step.id, host, timeoutMs }, shown.plan.changes)
  if (applied.bad !== undefined) {
    const reason = whyBad(applied.bad, context.text)
    if (applied.bad.endedBy === 'lost') {
      await context.append('step.unknown', { ...ref, reason })
      return { end: 'unknown', code: 5, reason }
    }
    if (applied.bad.endedBy === 'cancel')
      return onCancel(context, unit, action.onFail, applied.started, applied.bad.problem)
    return onFailure(context, unit, action.onFail, applied.started, reason, 0)
  }
  context.progress({ step: step.id, host, doing: 'verifying' })
  const begun = context.now().getTime()
  const reader = readerAs(await context.session(host), as, { timeoutMs: 30_000 })
  const around = aroundOf(context, host, step)
  const drawn = { stamp, id: step.id }
  const verdict = await verifyUntil(
    () => action.verify(reader, params, { before: facts, applied: applied.results, around, drawn }),
    { settle: step.settle ?? action.settle ?? 0, within: step.within ?? action.within ?? 0 },
    context.signal,
  )
  const ms = context.now().getTime() - begun
  if (verdict.verdict === 'ok') {
    registerOutput(context, unit, inspected, applied.results, outputs)
    await context.append('step.verified', { ...ref, ...verdict, ms })
    return { end: 'ok', code: 0, reason: verdict.reason }
  }
  if (verdict.verdict === 'unknown') {
    await context.append('step.verified', { ...ref, ...verdict, ms })
    await context.append('step.unknown', { ...ref, reason: verdict.reason })
    return { end: 'unknown', code: 5, reason: verdict.reason }
  }
  return onFailure(context, unit, action.onFail, applied.started, verdict.reason, ms, verdict.evidence)
}

function registerOutput(
  context: RunContext,
  unit: Unit,
  { action }: Inspected,
  results: Parameters<NonNullable<Inspected['action']['output']>>[0],
  outputs: Outputs,
): void {
  const last = results.findLast(wentWell)
  const value =
    action.output?.(results) ?? (last === undefined ? undefined : context.text(last.stdout.bytes).trimEnd())
  if (value === undefined) return
  outputs.set(unit.host, unit.step.id, value)
  if (unit.step.register !== undefined) outputs.set(unit.host, unit.step.register, value)
}
