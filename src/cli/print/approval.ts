import type { ApprovalRequest } from '../../run/types.ts'
import type { Ink } from '../output.ts'
import { planLines } from './plan.ts'

/**
 * What an approval asks about, as lines on the terminal. A plan that stands on the screen already (`there`) is only named; of
 * a lock that would be taken over it is said whose it is.
 */
export function approvalLines(
  { plan, holder, repeats }: ApprovalRequest,
  ink: Ink,
  there: boolean,
): string[] {
  const named = `  ${ink('strong', plan.step)}  ${plan.title}`
  const lines =
    holder !== undefined
      ? [named, `    ${ink('warn', 'held')}: ${plan.because}`]
      : there && repeats === undefined
        ? [named]
        : planLines(plan, ink)
  return repeats === undefined ? lines : [...lines, `    ${ink('warn', repeats)}`]
}

/** What has to be typed, and for what. */
export function typedQuestion({ plan, holder, target }: ApprovalRequest): string {
  const what = holder === undefined ? 'run this' : 'take this lock over'
  return `Type ${target ?? plan.host} to ${what}, s to skip, anything else to stop: `
}
