import type { Observed } from '../../run/checks.ts'
import type { Ink } from '../output.ts'

/** A check as one line: title, host, verdict, what was observed, and what was wanted where it differs. Title and host may be given padded. */
export function checkLine(
  check: Observed,
  ink: Ink,
  { title, host }: Pick<Observed, 'title' | 'host'> = check,
): string {
  const style = check.verdict === 'ok' ? 'good' : check.verdict === 'failed' ? 'bad' : 'warn'
  const wanted = check.verdict === 'ok' || check.expected === '' ? '' : `  (wanted ${check.expected})`
  return `  ${[title, host, ink(style, check.verdict.padEnd(7)), check.observed].join('  ')}${wanted}`
}
