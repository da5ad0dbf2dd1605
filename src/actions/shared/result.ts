import type { RunResult } from '../../model/command.ts'
import { lastLine, type ToText, wholeText } from '../../model/said.ts'

/** What a command printed on stdout, as text; for parsers. */
export function stdoutOf(result: RunResult): string {
  return new TextDecoder().decode(result.stdout.bytes)
}

/** True where a command ended by itself with 0. */
export function succeeded(result: RunResult): boolean {
  return result.endedBy === 'exit' && result.exitCode === 0 && result.problem === undefined
}

/** Why a command did not succeed, in one line: its problem, how it ended, and the last line that it printed, from behind the pipe. */
export function whyFailed(result: RunResult, text: ToText): string {
  if (result.problem !== undefined) return result.problem
  if (result.endedBy === 'timeout') return `did not end within ${Math.floor(result.ms / 1000)} s`
  if (result.endedBy === 'lost') return 'the link was lost'
  if (result.endedBy === 'cancel') return 'cancelled'
  const how =
    result.endedBy === 'signal' ? `ended by ${result.signal ?? 'a signal'}` : `exit ${result.exitCode ?? '?'}`
  const said = lastLine(wholeText(result.stderr, text)) ?? lastLine(wholeText(result.stdout, text))
  return said === undefined ? how : `${how}: ${said}`
}

/** A sha256 shortened for people: `3f2a9c1b…`. */
export function shortSha(sha: string): string {
  return /^[0-9a-f]{64}$/.test(sha) ? `${sha.slice(0, 8)}…` : sha
}
