import type { Plan } from '../../model/action.ts'
import type { Step } from '../../model/runbook.ts'
import { whyNotArmed } from './body.ts'

/**
 * The plan of a step as its approval shows it: with the time after which it goes back by itself, or `cannot_tell` where the
 * host alone could not take it back.
 */
export function withRevert(
  plan: Plan,
  { revertAfter }: Pick<Step, 'revertAfter'>,
  as: string | undefined,
): Plan {
  if (revertAfter === undefined || plan.outcome !== 'would_change') return plan
  const impossible = whyNotArmed(
    plan.changes.map(({ undo }) => undo),
    as,
  )
  if (impossible !== undefined) {
    const because = `revert_after can't be armed: ${impossible}`
    return { outcome: 'cannot_tell', because, changes: [] }
  }
  return { ...plan, because: `${plan.because}; goes back by itself after ${revertAfter} s unless confirmed` }
}
