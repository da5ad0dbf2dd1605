import type { RunContext } from './context.ts'

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

/** Journals that a unit has nothing to change, and why. */
export async function endInSync(
  context: RunContext,
  ref: { run: string; step: string; host: string },
  reason: string,
): Promise<UnitEnd> {
  await context.append('step.verified', { ...ref, verdict: 'ok', reason, ms: 0 })
  return { end: 'in_sync', code: 0, reason }
}
