import { Box } from 'ink'
import { useContext } from 'react'
import { fitRow, type Row, widthOfRow } from '../row.ts'
import { type Marks, ThemeContext } from '../theme.ts'
import { Line, Lines } from './Line.tsx'

/** A rule with a title in it; a focused one is drawn heavier. */
export function ruleRow(title: Row, width: number, focused: boolean, marks: Marks): Row {
  const rule = focused ? marks.ruleFocused : marks.rule
  const fitted = fitRow(title, Math.max(0, width - 4)).map(({ text, tone }) => [text, tone] as const)
  const rest = width - 2 - widthOfRow(fitted) - 1
  return [
    [`${rule} `, focused ? 'key' : 'dim'],
    ...fitted,
    ' ',
    [rule.repeat(Math.max(0, rest)), focused ? 'key' : 'dim'],
  ]
}

/** A titled part of the screen, exactly `height` rows with its rule. */
export function Pane(p: {
  title: Row
  rows: readonly Row[]
  width: number
  height: number
  focused: boolean
}) {
  const { marks } = useContext(ThemeContext)
  if (p.height <= 0) return null
  return (
    <Box flexDirection="column" width={p.width} height={p.height} flexShrink={0}>
      <Line row={ruleRow(p.title, p.width, p.focused, marks)} width={p.width} />
      <Lines rows={p.rows} width={p.width} height={p.height - 1} />
    </Box>
  )
}

/** The line between two columns. */
export function Divider({ height }: { height: number }) {
  const { marks } = useContext(ThemeContext)
  return (
    <Lines
      rows={Array.from({ length: height }, (): Row => [[marks.column, 'dim']])}
      width={1}
      height={height}
    />
  )
}
