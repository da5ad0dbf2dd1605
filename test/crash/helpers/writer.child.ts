// A console of its own that records notes and says on stdout what was acknowledged, so that it can be killed at any
// moment and held to its word. It writes with writeSync: what it said before the kill stands in the pipe.
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { openJournal } from '../../../src/journal/open.ts'
import { messageOf, SitrepError } from '../../../src/model/errors.ts'
import type { WriterPlan } from './writer.ts'

const plan = JSON.parse(process.argv[2] ?? '{}') as WriterPlan
const say = (line: string) => writeSync(1, `${line}\n`)

const journal = await openJournal({
  dir: plan.dir,
  by: `${plan.by ?? 'ana'}@laptop`,
  clean: (value) => value,
  ...(plan.writer === undefined ? {} : { writer: plan.writer }),
  ...(plan.reserve === undefined ? {} : { reserve: plan.reserve, every: 20 }),
})
say(`open ${journal.writer}`)

async function note(n: number): Promise<void> {
  const size = plan.sizes[n % plan.sizes.length] ?? 0
  try {
    const { seq, id } = await journal.append('note.added', {
      text: `note ${n} ${'ü'.repeat(size / 2)}`,
      at: '2026-11-20T22:16:00.000Z',
    })
    say(`kept ${seq} ${id}`)
  } catch (error) {
    say(`refused ${error instanceof SitrepError ? error.kind : 'bug'} ${messageOf(error)}`)
  }
}

for (let n = 0; n < plan.events; n += plan.together) {
  await Promise.all(Array.from({ length: Math.min(plan.together, plan.events - n) }, (_, k) => note(n + k)))
  if (plan.pause !== undefined) await setTimeout(plan.pause)
}
await journal.close().catch((error: unknown) => say(`not closed ${messageOf(error)}`))
say('end')
