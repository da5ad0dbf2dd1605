import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJournal } from '../../src/journal/read.ts'
import { tempDir, testJournal } from '../journal/setup.ts'
import { times } from './helpers/counts.ts'
import { type Acknowledged, expectWhole } from './helpers/whole.ts'
import { startWriter } from './helpers/writer.ts'

// Small events, as most are, and large ones, whose one write a kill can tear.
const size = fc.oneof(
  { weight: 3, arbitrary: fc.nat(2_000) },
  { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 1_000_000 }) },
)
const round = fc.record({
  sizes: fc.array(size, { minLength: 1, maxLength: 6 }),
  together: fc.integer({ min: 1, max: 30 }),
  /** Milliseconds: from the first line that it may write on, or from its start, while it makes the folder and file. */
  delay: fc.oneof(
    { weight: 4, arbitrary: fc.record({ from: fc.constant('open' as const), ms: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.record({ from: fc.constant('start' as const), ms: fc.nat(250) }) },
  ),
})

describe('fault 40: kill -9 of a writer at a random moment', () => {
  it('every acknowledged event is there, nothing is glued, the next start works', {
    timeout: 1_800_000,
  }, async () => {
    let torn = 0
    let acknowledged = 0
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 5, maxLength: 5 }), async (rounds) => {
        const dir = `${await tempDir()}/incident`
        const kept: Acknowledged[] = []
        for (const { sizes, together, delay } of rounds) {
          const writing = startWriter({ dir, events: 1_000_000, together, sizes })
          if (delay.from === 'open') await writing.open
          await wait(delay.ms)
          writing.kill()
          await writing.over
          expect(writing.refused).toEqual([])
          kept.push(...writing.kept)
          if (kept.length > 0) await expectWhole(dir, kept)
        }
        const next = await testJournal(dir)
        const { writer, seq, id } = await next.append('note.added', {
          text: 'the next start',
          at: '2026-11-20T22:16:00.000Z',
        })
        const records = await expectWhole(dir, [...kept, { writer, seq, id }])
        expect(records.at(-1)?.id).toBe(id)
        torn += (await readJournal(dir)).problems.length
        acknowledged += kept.length
      }),
      { numRuns: times(5, 100), endOnFailure: true },
    )
    expect(acknowledged).toBeGreaterThan(0)
    console.log(`${times(25, 500)} kills: ${acknowledged} events acknowledged, ${torn} last lines torn`)
  })
})
