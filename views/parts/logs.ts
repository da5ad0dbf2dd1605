import type { ConsoleState } from '../../src/console.types.ts'
import type { LogLine } from '../../src/model/log.ts'
import { type Context, selectedLog } from '../context.ts'
import { clockOf } from '../format.ts'
import type { Row, Span } from '../row.ts'
import { clean } from '../text.ts'
import type { Marks, Tone } from '../theme.ts'

const bad = /\b(error|fatal|panic|exception|critical|emerg|alert|crit)\b/i
const worrying = /\b(warn|warning|timeout|refused|denied|retry)\b/i

/** The search of a log: a regular expression, or plain words where it is none; capitals count where one was typed. */
export function matcher(search: string): RegExp {
  const flags = /[A-Z]/.test(search) ? 'g' : 'gi'
  try {
    return new RegExp(search, flags)
  } catch {
    return new RegExp(search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags)
  }
}

/** Lines longer than this are searched and shown by their start: a 5 MB line costs no more than a long one. */
const seen = 4000

/** True where the search finds something in the line. */
export function finds(line: LogLine, expression: RegExp): boolean {
  expression.lastIndex = 0
  return expression.test(line.text.slice(0, seen))
}

/** The index of the first line at or after a sequence number: sequence numbers count up by one, but a window may have holes. */
export function indexOf(lines: readonly LogLine[], seq: number): number {
  let [low, high] = [0, lines.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle]?.seq ?? 0) < seq) low = middle + 1
    else high = middle
  }
  return low
}

/** The symptoms of the opened runbook: lines that hold one are marked. */
function symptomsOf(state: ConsoleState): string[] {
  const name = state.room?.run?.runbook ?? state.room?.suggested
  return (
    state.room?.run?.symptoms ?? state.home.runbooks.find((runbook) => runbook.name === name)?.symptoms ?? []
  )
}

/** The visible lines of the shown log; only these are looked at, however many there are. */
export function logRows(context: Context, height: number, focused: boolean, marks: Marks): Row[] {
  const { state, view } = context
  const shown = selectedLog(context)
  if (!shown) return [[['No log is followed. f follows one.', 'dim']]]
  const { lines } = shown.log
  if (lines.length === 0) return [[[shown.log.state === 'connecting' ? 'connecting' : 'no lines yet', 'dim']]]
  const { cursor, mark, search, pausedAt = Number.POSITIVE_INFINITY } = view.log
  // A paused log ends at the last line that was there then, so that what comes later moves nothing.
  const newest = cursor === undefined ? lines.length : indexOf(lines, pausedAt + 1)
  const end =
    cursor === undefined
      ? newest
      : Math.min(newest, Math.max(height, indexOf(lines, cursor) + 1 + Math.floor(height / 2)))
  const symptoms = symptomsOf(state)
  const expression = search ? matcher(search) : undefined
  return lines.slice(Math.max(0, end - height), end).map((line): Row => {
    const here = cursor === line.seq
    const chosen = cursor !== undefined && mark !== undefined && between(line.seq, mark, cursor)
    const text = clean(line.text.slice(0, seen))
    const symptom = symptoms.some((one) => text.includes(one))
    const tone: Tone = symptom || bad.test(text) ? 'bad' : worrying.test(text) ? 'warn' : 'plain'
    return [
      [
        here ? marks.cursor : chosen ? marks.picked : symptom ? marks.hit : ' ',
        here && focused ? 'key' : symptom ? 'bad' : 'plain',
      ],
      [`${clockOf(line.at)} `, 'dim'],
      [line.stream === 'stderr' ? '! ' : '  ', 'warn'],
      ...highlighted(text, expression, here || chosen ? 'selected' : tone),
    ]
  })
}

function between(seq: number, a: number, b: number): boolean {
  return seq >= Math.min(a, b) && seq <= Math.max(a, b)
}

function highlighted(text: string, expression: RegExp | undefined, tone: Tone): Span[] {
  if (!expression) return [[text, tone]]
  const spans: Span[] = []
  let last = 0
  for (const match of text.matchAll(expression)) {
    if (match[0] === '' || spans.length > 40) break
    spans.push([text.slice(last, match.index), tone], [match[0], 'hit'])
    last = match.index + match[0].length
  }
  return [...spans, [text.slice(last), tone]]
}

/** How many lines came since the log was paused; 0 while it follows. */
export function newLines(context: Context): number {
  const { cursor, pausedAt } = context.view.log
  const lines = selectedLog(context)?.log.lines
  if (cursor === undefined || pausedAt === undefined || !lines) return 0
  return Math.max(0, (lines.at(-1)?.seq ?? 0) - pausedAt)
}

/** The head of the logs pane: which log, whether it follows, and what is new. */
export function logTitle(context: Context): Row {
  const shown = selectedLog(context)
  if (!shown) return [['none followed', 'dim']]
  const { log, key, keys } = shown
  const nth = keys.length > 1 ? ` (${keys.indexOf(key) + 1} of ${keys.length})` : ''
  const fresh = newLines(context)
  const paused = context.view.log.cursor !== undefined
  const search = context.view.log.search ? `  /${context.view.log.search}` : ''
  const state: Span =
    log.state === 'ended'
      ? [`ENDED${log.detail ? `: ${log.detail}` : ''}`, 'bad']
      : paused
        ? [`PAUSED${fresh > 0 ? `, ${fresh} new` : ''}`, 'warn']
        : [log.state, 'ok']
  return [[`${key}${nth} `, 'plain'], state, [search, 'accent']]
}
