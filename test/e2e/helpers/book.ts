import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Desk } from './sitrep.ts'

/** The name of the runbook: locks hold for the whole machine, and other tests run beside. */
export const bookName = `book-${process.pid}`

/** Writes `book.yaml` at a desk: a runbook for host `here` with these steps, and what else it says. */
export function writeBook(
  at: Desk,
  steps: readonly Record<string, unknown>[],
  more: Record<string, unknown> = {},
): void {
  const titled = steps.map((step) => ({ title: `Step ${step.id}`, uses: 'shell', ...step }))
  const book = { runbook: bookName, title: 'A book', hosts: 'here', ...more, steps: titled }
  writeFileSync(join(at.cwd, 'book.yaml'), stringify(book, { lineWidth: 0 }))
}

/** Writes `sitrep.yaml` at a desk; one local host `here` where nothing is said. */
export function writeInventory(
  at: Desk,
  hosts: Record<string, Record<string, unknown>> = { here: { transport: 'local' } },
): void {
  writeFileSync(join(at.cwd, 'sitrep.yaml'), stringify({ hosts }))
}
