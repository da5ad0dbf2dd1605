import type { RunContext } from './context.ts'
import type { Decision } from './types.ts'

/** How a unit ended; `code` is its part in the exit code of the run. */
export interface UnitEnd {
  end: 'ok' | 'in_sync' | 'failed' | 'unknown' | 'skipped' | 'stopped' | 'cancelled'
  code: number
  reason: string
}

/** Journals that a unit failed before it touched anything. */
export async function endFailed(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  reason: string,
): Promise<UnitEnd> {
  await context.append('step.verified', { ...ref, verdict: 'failed', reason, ms: 0 })
  return { end: 'failed', code: 1, reason }
}

/** Journals that a unit was skipped, or that the run stopped at it. */
export async function endNotApproved(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  decision: Exclude<Decision, { answer: 'run' }>,
): Promise<UnitEnd> {
  if (decision.answer === 'skip') {
    await context.append('step.skipped', { ...ref, reason: decision.reason })
    return { end: 'skipped', code: 0, reason: decision.reason }
  }
  const reason = decision.answer === 'stop' ? decision.reason : 'not approved'
  await context.append('step.skipped', { ...ref, reason: `stopped: ${reason}` })
  return { end: 'stopped', code: 4, reason }
}

/** Journals that the outcome of a unit can't be known. */
export async function endUnknown(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  reason: string,
): Promise<UnitEnd> {
  await context.append('step.unknown', { ...ref, reason })
  return { end: 'unknown', code: 5, reason }
}

/** Journals that a unit has nothing to change, and why. */
export async function endInSync(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  reason: string,
): Promise<UnitEnd> {
  await context.append('step.verified', { ...ref, verdict: 'ok', reason, ms: 0 })
  return { end: 'in_sync', code: 0, reason }
}
