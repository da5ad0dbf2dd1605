import * as z from 'zod'
import type { RunResult } from './command.ts'
import { asRegExp } from './http/expect.ts'
import { cleanText, cutText, lastLine, type ToText, wholeText } from './said.ts'

const exit = z.number().int().min(0).max(255)

function compiles(pattern: string): boolean {
  try {
    return asRegExp(pattern) !== undefined || new RegExp(pattern, 'm') !== undefined
  } catch {
    return false
  }
}

/** What a command has to come to; shared by the `shell` action and the `command` check. */
export const zExpect = z.strictObject({
  exit: z
    .union([exit, z.array(exit).min(1)])
    .optional()
    .describe('The exit code, or a list of them; 0 where absent'),
  match: z
    .string()
    .refine(compiles, 'expected a regular expression')
    .optional()
    .describe('A regular expression that the output matches'),
})

export type ShellExpect = z.infer<typeof zExpect>

/** What is expected, short: `exit 0, output ~ ready`. */
export function describeShellExpect({ exit = 0, match }: ShellExpect): string {
  const code = `exit ${[exit].flat().join(' or ')}`
  return match === undefined ? code : `${code}, output ~ ${match}`
}

/** Compares a finished command with what is expected; `observed` is short, its words of the program are from behind the pipe. */
export function judgeExit(
  { exit = 0, match }: ShellExpect,
  result: RunResult,
  text: ToText,
): { ok: boolean; observed: string } {
  if (result.problem !== undefined) return { ok: false, observed: result.problem }
  if (result.endedBy === 'timeout')
    return { ok: false, observed: `did not end within ${Number((result.ms / 1000).toFixed(1))} s` }
  if (result.endedBy === 'signal') return { ok: false, observed: `ended by ${result.signal ?? 'a signal'}` }
  if (result.endedBy !== 'exit') return { ok: false, observed: result.endedBy }
  const code = result.exitCode ?? -1
  if (![exit].flat().includes(code)) {
    const said = lastLine(wholeText(result.stderr, text)) ?? lastLine(wholeText(result.stdout, text))
    return { ok: false, observed: said === undefined ? `exit ${code}` : `exit ${code}: ${said}` }
  }
  if (match === undefined) return { ok: true, observed: `exit ${code}` }
  const pattern = asRegExp(match) ?? new RegExp(match, 'm')
  const printed = new TextDecoder().decode(result.stdout.bytes)
  if (pattern.test(printed)) return { ok: true, observed: `exit ${code}, output matches` }
  const short = cutText(cleanText(match, text), 60)
  return {
    ok: false,
    observed:
      printed.trim() === ''
        ? `exit ${code} but no output`
        : `exit ${code} but output does not match ${short}`,
  }
}
