// A console that declares an incident and records notes to it, alone and in groups, small and of many pages, and says
// each acknowledged event on stdout: what strace logs of it is the write log of a power cut.
import { writeSync } from 'node:fs'
import { createIncident } from '../../../src/journal/incidents.ts'
import { openJournal } from '../../../src/journal/open.ts'
import type { EventRecord } from '../../../src/model/event.ts'

const [root = ''] = process.argv.slice(2)
const say = ({ writer, seq, id }: EventRecord) => writeSync(1, JSON.stringify({ writer, seq, id }))

const { id, dir } = await createIncident({ root, title: 'The power goes' })
const journal = await openJournal({ dir, by: 'ana@laptop', clean: (value) => value })
say(await journal.append('incident.declared', { incident: id, title: 'The power goes', severity: 'sev3' }))
const at = '2026-11-20T22:16:00.000Z'
const note = async (size: number) =>
  say(await journal.append('note.added', { text: 'ü'.repeat(size / 2), at }))

for (let n = 0; n < 20; n++) await note((n * 137) % 3000)
for (let n = 0; n < 10; n++) await Promise.all([100, 900, n * 1500, 40].map((size) => note(size)))
await journal.close()
