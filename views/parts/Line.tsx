import { Box, Text } from 'ink'
import { memo, useContext } from 'react'
import { type FittedRow, fitRow, type Row } from '../row.ts'
import { ThemeContext } from '../theme.ts'

/** Prints one row, inert and cut to its width: the only component that prints text from outside. */
export function Line({ row, width }: { row: Row; width: number }) {
  return <Fitted row={fitRow(row, width)} />
}

/** Exactly `height` rows of `width` columns: what is too much is left out, what is missing is blank. */
export function Lines({ rows, width, height }: { rows: readonly Row[]; width: number; height: number }) {
  const shown = Array.from({ length: Math.max(0, height) }, (_, index) => rows[index] ?? [])
  return (
    <Box flexDirection="column" width={width} height={Math.max(0, height)} flexShrink={0}>
      {shown.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
        <Line key={index} row={row} width={width} />
      ))}
    </Box>
  )
}

const Fitted = memo(
  function Fitted({ row }: { row: FittedRow }) {
    const { styles } = useContext(ThemeContext)
    // An empty Text takes no row, so a blank one holds a space.
    if (row.length === 0) return <Text> </Text>
    return (
      <Text wrap="truncate-end">
        {row.map(({ text, tone }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a span is its place in the row
          <Text key={index} {...styles[tone]}>
            {text}
          </Text>
        ))}
      </Text>
    )
  },
  (before, after) =>
    before.row.length === after.row.length &&
    before.row.every(
      (span, index) => span.text === after.row[index]?.text && span.tone === after.row[index]?.tone,
    ),
)
