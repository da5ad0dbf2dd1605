import stringWidth from 'string-width'
import { expect } from 'vitest'

/** A frame keeps its terminal: exactly `rows` rows, none wider than `columns`. */
export function expectFits(screen: string, columns: number, rows: number): void {
  const lines = screen.split('\n')
  expect(lines.length, `rows of\n${screen}`).toBe(rows)
  for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(columns)
}
