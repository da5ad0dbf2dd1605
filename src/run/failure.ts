import type { Started } from './apply.ts'
import type { RunContext, Unit } from './context.ts'
import type { UnitEnd } from './end.ts'
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
  await context.append('step.verified', {
    ...ref,
    verdict: 'failed',
    reason,
    ms,
    ...(evidence === undefined ? {} : { evidence }),
  })
  const policy = unit.step.onFail ?? actionDefault ?? 'stop'
  if (policy === 'stop') return { end: 'failed', code: 1, reason }
  if (policy === 'ask' && !(await agreesToUndo(context, unit, started, reason)))
    return { end: 'failed', code: 1, reason }
  const undone = await undoStarted(context, { step: unit.step.id, host: unit.host }, started)
  return {
    end: 'failed',
    code: undone.verdict === 'ok' ? 1 : undone.code,
    reason: `${reason}; ${undone.reason}`,
  }
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
  return decision.answer === 'run'
}
