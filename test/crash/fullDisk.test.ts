import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { until } from '../e2e/helpers/running.ts'
import { tempDir, testJournal } from '../journal/setup.ts'
import { times } from './helpers/counts.ts'
import { smallDisk, whyNoMount } from './helpers/disk.ts'
import { of } from './helpers/heldRun.ts'
import { expectWhole } from './helpers/whole.ts'
import { startWriter, type WritingProcess } from './helpers/writer.ts'

const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 3_000, max: 6_000 })), {
  minLength: 1,
  maxLength: 5,
})

/** How much one of them has kept and refused by now. */
const counted = (writing: WritingProcess) => ({ kept: writing.kept.length, refused: writing.refused.length })

/** Waits until each has done more of it than it had. */
async function each(writers: WritingProcess[], what: 'kept' | 'refused'): Promise<void> {
  const before = writers.map((writing) => counted(writing)[what])
  await until(
    () => `each of two ${what}: ${JSON.stringify(writers.map(counted))}`,
    () => writers.every((writing, index) => counted(writing)[what] > (before[index] ?? 0)),
  )
}

describe.skipIf(whyNoMount !== undefined)(
  `fault 41: two consoles on a disk that is full now and then${whyNoMount ? ` (${whyNoMount})` : ''}`,
  () => {
    it('go on with whole records whenever there is room, and a kill at a random moment loses nothing', {
      timeout: 1_800_000,
    }, async () => {
      let gaps = 0
      await fc.assert(
        fc.asyncProperty(
          sizes,
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          fc.nat(80),
          async (sizes, together, fullAtTheEnd, ms) => {
            const root = join(await tempDir(), 'state')
            const disk = await smallDisk(root, 64 << 10)
            await mkdir(join(root, 'incidents'))
            const dir = join(root, 'incidents', 'x')
            const plan = { dir, reserve: join(root, 'reserve'), events: 1_000_000, pause: 5, together, sizes }
            const writers = ['ana', 'ben'].map((by) => startWriter({ ...plan, by }))
            await each(writers, 'kept')
            for (let cycle = 0; cycle < 3; cycle++) {
              await disk.fill()
              await each(writers, 'refused')
              await disk.empty()
              await each(writers, 'kept')
            }
            if (fullAtTheEnd) await disk.fill()
            await wait(ms)
            for (const writing of writers) writing.kill()
            await Promise.all(writers.map(({ over }) => over))
            await disk.empty()

            for (const said of writers.flatMap(({ refused }) => refused))
              expect(said).toMatch(/^recording RECORDING STOPPED: (ENOSPC|the disk is full)/)
            const kept = writers.flatMap((writing) => writing.kept)
            const next = await testJournal(dir)
            const note = { text: 'the next start', at: '2026-11-20T22:16:00.000Z' }
            const { writer, seq, id } = await next.append('note.added', note)
            const records = await expectWhole(dir, [...kept, { writer, seq, id }])
            gaps += of(records, 'recording.resumed').length
            await disk.release()
          },
        ),
        { numRuns: times(2, 40), endOnFailure: true },
      )
      expect(gaps).toBeGreaterThan(0)
    })
  },
)
