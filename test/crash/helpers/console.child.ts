// A console among two: records its own notes and follows the other's at the same time. It says how many of the other's
// it saw while it was itself still writing, waits until it saw all, and says in which order its own reading has them.
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openJournal } from '../../../src/journal/open.ts'
import { readJournal } from '../../../src/journal/read.ts'
import { tailJournal } from '../../../src/journal/tail.ts'

/** A tail keeps no process alive; this wait does. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const [dir = '', name = '', count = '0'] = process.argv.slice(2)
const own = await openJournal({ dir, by: `${name}@laptop`, clean: (value) => value })
const seen: string[] = []
const tail = tailJournal(dir, {
  skip: own.writer,
  onRecords(records) {
    for (const record of records) {
      own.observe(record)
      seen.push(record.id)
    }
  },
})

const kept: { writer: string; seq: number; id: string }[] = []
const group = 10
for (let n = 0; n < Number(count); n += group) {
  const texts = Array.from({ length: group }, (_, k) => `${name} ${n + k} ${'ü'.repeat((n * 7) % 900)}`)
  const records = await Promise.all(
    texts.map((text) => own.append('note.added', { text, at: '2026-11-20T22:16:00.000Z' })),
  )
  kept.push(...records.map(({ writer, seq, id }) => ({ writer, seq, id })))
  // The other one starts when it starts: the second half is not begun before something of it was seen.
  if (n + group === Number(count) / 2) await until(() => seen.length > 0)
}
const live = seen.length
await until(() => seen.length >= Number(count))
await tail.stop()
await own.close()

const { records } = await readJournal(dir)
const order = createHash('sha256')
  .update(records.map(({ id }) => id).join())
  .digest('hex')
writeSync(1, JSON.stringify({ writer: own.writer, kept, seen, live, order }))
