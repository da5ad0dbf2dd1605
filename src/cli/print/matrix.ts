import stringWidth from 'string-width'
import type { Observed } from '../../run/checks.ts'
import type { Ink } from '../output.ts'

/** Checks as aligned lines: title, host, verdict, what was observed, and what was wanted where it differs. */
export function checkLines(checks: readonly Observed[], ink: Ink): string[] {
  const title = Math.max(0, ...checks.map((check) => stringWidth(check.title)))
  const host = Math.max(0, ...checks.map((check) => stringWidth(check.host)))
  return checks.map((check) => {
    const style = check.verdict === 'ok' ? 'good' : check.verdict === 'failed' ? 'bad' : 'warn'
    const wanted = check.verdict === 'ok' || check.expected === '' ? '' : `  (wanted ${check.expected})`
    const cells = [
      pad(check.title, title),
      pad(check.host, host),
      ink(style, pad(check.verdict, 7)),
      check.observed,
    ]
    return `  ${cells.join('  ')}${wanted}`
  })
}

/** The JSON form of the checks (protocol.md, "JSON on stdout"). */
export function checkJson({ check, title, host, kind, verdict, expected, observed, ms }: Observed): object {
  return { id: check, title, host, kind, verdict, expected, observed, ms }
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}
