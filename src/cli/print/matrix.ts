import stringWidth from 'string-width'
import type { Observed } from '../../run/checks.ts'
import type { Ink } from '../output.ts'
import { checkLine } from './checkLine.ts'

/** Checks as aligned lines. */
export function checkLines(checks: readonly Observed[], ink: Ink): string[] {
  const title = Math.max(0, ...checks.map((check) => stringWidth(check.title)))
  const host = Math.max(0, ...checks.map((check) => stringWidth(check.host)))
  return checks.map((check) =>
    checkLine(check, ink, { title: pad(check.title, title), host: pad(check.host, host) }),
  )
}

/** The JSON form of the checks (protocol.md, "JSON on stdout"). */
export function checkJson({ check, title, host, kind, verdict, expected, observed, ms }: Observed): object {
  return { id: check, title, host, kind, verdict, expected, observed, ms }
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}
