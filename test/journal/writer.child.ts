// A console of its own for the test of several writers: records as many notes as it is told.
import { openJournal } from '../../src/journal/open.ts'

const [dir, name, count] = process.argv.slice(2) as [string, string, string]
const journal = await openJournal({ dir, by: `${name}@laptop`, clean: (value) => value })
const pending: Promise<unknown>[] = []
for (let n = 0; n < Number(count); n++) {
  pending.push(
    journal.append('note.added', {
      text: `${name} ${n} ${'ü'.repeat(n % 500)}`,
      at: '2026-11-20T22:16:00.000Z',
    }),
  )
  if (n % 20 === 0) await Promise.all(pending)
}
await Promise.all(pending)
await journal.close()
