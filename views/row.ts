import { clean, cut, widthOf } from './text.ts'
import type { Tone } from './theme.ts'

/** A piece of a row: plain text, or text with a tone. */
export type Span = string | readonly [text: string, tone: Tone]

/** One row of the screen, from left to right; cut to its place when it is printed. */
export type Row = readonly Span[]

/** A row that was made inert and fits its place. */
export type FittedRow = readonly { text: string; tone: Tone }[]

/** The row in at most `width` columns: inert, and cut with … where it is longer. */
export function fitRow(row: Row, width: number): FittedRow {
  const fitted: { text: string; tone: Tone }[] = []
  let left = width
  for (const [index, span] of row.entries()) {
    const [raw, tone] = typeof span === 'string' ? [span, 'plain' as const] : span
    const text = clean(raw)
    if (!text) continue
    // What does not follow needs no room for its …: only a row that goes on is cut one column early.
    const more =
      index < row.length - 1 &&
      widthOf(text) >= left &&
      row.slice(index + 1).some((next) => lengthOf(next) > 0)
    const shown = more && widthOf(text) === left ? cut(`${text} `, left) : cut(text, left)
    if (shown) fitted.push({ text: shown, tone })
    left -= widthOf(shown)
    if (left <= 0) break
  }
  return fitted
}

/** A row with `right` at its right end; `left` gives way. */
export function ends(left: Row, right: Row, width: number): Row {
  const room = Math.max(0, width - widthOfRow(right) - 1)
  const fitted = fitRow(left, room)
  const gap = width - widthOfRow(right) - fitted.reduce((sum, span) => sum + widthOf(span.text), 0)
  return [...fitted.map(({ text, tone }) => [text, tone] as const), ' '.repeat(Math.max(0, gap)), ...right]
}

/** Columns that a row takes when nothing is cut. */
export function widthOfRow(row: Row): number {
  return row.reduce((sum, span) => sum + widthOf(clean(textOf(span))), 0)
}

function textOf(span: Span): string {
  return typeof span === 'string' ? span : span[0]
}

function lengthOf(span: Span): number {
  return textOf(span).trim().length
}
