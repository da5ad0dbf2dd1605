import type { Row, Span } from '../row.ts'
import type { Marks } from '../theme.ts'
import type { Typed } from '../typed.ts'

/** What is drawn over or below the panes; `keys` go to the footer. */
export interface Panel {
  title: Row
  rows: Row[]
  keys: [key: string, name: string][]
  /** Rows in all and rows shown, where it scrolls. */
  extent?: { rows: number; height: number }
}

/** A line being typed, with its caret; the part around the caret is shown where it is too long. */
export function typedSpans({ text, cursor }: Typed, width: number, marks: Marks): Span[] {
  const chars = [...text]
  const from = Math.max(0, cursor - Math.max(1, width - 2))
  return [chars.slice(from, cursor).join(''), [marks.caret, 'accent'], chars.slice(cursor).join('')]
}
