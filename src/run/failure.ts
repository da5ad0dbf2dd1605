import { worstExit } from '../model/errors.ts'
import type { Started } from './apply.ts'
import type { RunContext, Unit } from './context.ts'
import type { UnitEnd } from './end.ts'
import { armedWords, lookAtRevert } from './revert/end.ts'
import { revertOf } from './revert/ref.ts'
import type { StepPlan } from './types.ts'
import { undoStarted } from './undo.ts'

/** Journals a failure, and takes back what was started where the step, else its action, says so. */
export async function onFailure(
  context: RunContext,
  unit: Unit,
  actionDefault: 'stop' | 'ask' | 'undo' | undefined,
  started: Started[],
  reason: string,
  ms: number,
  evidence?: string[],
): Promise<UnitEnd> {
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  const stops = policyOf(unit, actionDefault, started) === 'stop'
  const said = stops ? await withArmed(context, ref, started, reason) : reason
  await context.append('step.verified', {
    ...ref,
    verdict: 'failed',
    reason: said,
    ms,
    ...(evidence === undefined ? {} : { evidence }),
  })
  return takeBack(context, unit, actionDefault, started, { end: 'failed', code: 1, reason: said })
}

/** Journals a cancel, and takes back what was started where that is what a failure would lead to. */
export async function onCancel(
  context: RunContext,
  unit: Unit,
  actionDefault: 'stop' | 'ask' | 'undo' | undefined,
  started: Started[],
  stillRunning: string | undefined,
): Promise<UnitEnd> {
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  // What still runs may still write: nothing is put back under it.
  const undoes = stillRunning === undefined && policyOf(unit, actionDefault, started) === 'undo'
  const found = stillRunning ?? 'its whole process group is gone'
  const detail = undoes ? found : await withArmed(context, ref, started, found)
  await context.append('step.cancelled', { ...ref, gone: stillRunning === undefined, detail })
  const end: UnitEnd = {
    end: 'cancelled',
    code: context.signal.aborted ? 130 : 4,
    reason: `cancelled: ${detail}`,
  }
  if (!undoes) return end
  // The operator's cancel has aborted the run's signal; the undo is work of its own.
  return takeBack({ ...context, signal: new AbortController().signal }, unit, actionDefault, started, end)
}

async function takeBack(
  context: RunContext,
  unit: Unit,
  actionDefault: 'stop' | 'ask' | 'undo' | undefined,
  started: Started[],
  end: UnitEnd,
): Promise<UnitEnd> {
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  const policy = policyOf(unit, actionDefault, started)
  if (policy === 'stop') return end
  if (policy === 'ask' && !(await agreesToUndo(context, unit, started, end.reason)))
    return { ...end, reason: await withArmed(context, ref, started, end.reason) }
  const undone = await undoStarted(context, { step: unit.step.id, host: unit.host }, started)
  return {
    ...end,
    code: undone.verdict === 'ok' ? end.code : worstExit([end.code, undone.code]),
    reason: `${end.reason}; ${undone.reason}`,
  }
}

/** What a failure leads to; a step that would go back by itself is undone at once where it does not say otherwise. */
function policyOf(unit: Unit, actionDefault: 'stop' | 'ask' | 'undo' | undefined, started: Started[]) {
  const withRevert = revertOf(started) === undefined ? undefined : 'undo'
  return unit.step.onFail ?? withRevert ?? actionDefault ?? 'stop'
}

/** Why a step ended that is not undone here, with what becomes of it by the revert that waits on its host. */
export async function withArmed(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  started: readonly Started[],
  reason: string,
): Promise<string> {
  const revert = revertOf(started)
  if (revert === undefined) return reason
  // A console that is being left does not ask any more.
  if (context.leaving?.aborted === true) return `${reason}; the host takes it back by itself`
  return `${reason}; ${armedWords(await lookAtRevert(context, ref, revert))}`
}

async function agreesToUndo(
  context: RunContext,
  unit: Unit,
  started: Started[],
  reason: string,
): Promise<boolean> {
  const changes = started.toReversed().flatMap(({ undo }) => (Array.isArray(undo) ? undo : []))
  const plan = {
    outcome: 'would_change' as const,
    because: `the step failed: ${reason}`,
    changes: changes.map((change) => ({ do: change, undo: { impossible: 'this is itself an undo' } })),
  }
  const shown: StepPlan = {
    run: context.run,
    step: unit.step.id,
    host: unit.host,
    title: `Undo: ${unit.step.title}`,
    uses: unit.step.uses,
    outcome: 'would_change',
    because: plan.because,
    plan,
    hash: '',
    risk: 'change',
  }
  const decision = await context.approve(
    { id: crypto.randomUUID(), plan: shown, confirm: 'ask' },
    context.signal,
  )
  const ref = { run: context.run, step: unit.step.id, host: unit.host }
  if (decision.answer === 'run') await context.append('undo.approved', { ...ref, how: decision.how })
  else {
    const why = decision.answer === 'said' ? 'not approved' : decision.reason
    await context.append('undo.refused', { ...ref, reason: why })
  }
  return decision.answer === 'run'
}
