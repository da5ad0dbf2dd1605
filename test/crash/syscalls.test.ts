import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tempDir, testJournal } from '../journal/setup.ts'
import { times } from './helpers/counts.ts'
import { type Fault, whyNoStrace, withFault } from './helpers/strace.ts'
import { expectWhole } from './helpers/whole.ts'
import { startWriter } from './helpers/writer.ts'

const prlimit = '/usr/bin/prlimit'
const writes = 'write,pwrite64,writev,pwritev'

/** A fault after which this process never records again. libuv has no name for EDQUOT (errno 122): ours has to. */
interface Case {
  title: string
  fault: Omit<Fault, 'path'>
  /** Only the journal's own file is struck; else every call of the process. */
  onJournal?: boolean
}

const cases: Case[] = [
  { title: 'fdatasync, from the third on: EIO', fault: { calls: 'fdatasync', error: 'EIO', when: '3+' } },
  {
    title: 'one fdatasync: EIO; the later ones succeed',
    fault: { calls: 'fdatasync', error: 'EIO', when: '3' },
  },
  {
    title: 'one fdatasync: ENOSPC; the later ones succeed',
    fault: { calls: 'fdatasync', error: 'ENOSPC', when: '3' },
  },
  {
    title: 'one fdatasync: EDQUOT; the later ones succeed',
    fault: { calls: 'fdatasync', error: 'EDQUOT', when: '3' },
  },
  {
    title: 'write, from the third on: EIO',
    fault: { calls: writes, error: 'EIO', when: '3+' },
    onJournal: true,
  },
  {
    title: 'one write: EIO; the later ones succeed',
    fault: { calls: writes, error: 'EIO', when: '3' },
    onJournal: true,
  },
  {
    title: 'write, from the third on: EROFS',
    fault: { calls: writes, error: 'EROFS', when: '3+' },
    onJournal: true,
  },
]

describe.skipIf(whyNoStrace !== undefined)(
  `fault 41: the kernel refuses${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    for (const { title, fault, onJournal } of cases) {
      it(`${title}: recording has stopped for good, and a new console can record`, async () => {
        const dir = `${await tempDir()}/incident`
        const path = `${dir}/journal/struck.jsonl`
        const writing = startWriter(
          { dir, writer: 'struck', events: 20, together: 1, sizes: [300] },
          withFault(onJournal ? { ...fault, path } : fault),
        )
        await writing.over
        expect(writing.ended).toBe(true)
        expect(writing.kept.map(({ seq }) => seq)).toEqual([1, 2])
        // No later success is proof of anything: all 18 are refused, with the cause.
        expect(writing.refused).toHaveLength(18)
        const stopped = new RegExp(`^recording RECORDING STOPPED: ${fault.error}`)
        for (const said of writing.refused) expect(said).toMatch(stopped)
        const next = await testJournal(dir)
        const note = { text: 'the next console', at: '2026-11-20T22:16:00.000Z' }
        const { writer, seq, id } = await next.append('note.added', note)
        await expectWhole(dir, [...writing.kept, { writer, seq, id }])
      })
    }
  },
)

describe.skipIf(!existsSync(prlimit))(
  `fault 40: the kernel writes a part of a line${existsSync(prlimit) ? '' : ' (no prlimit here)'}`,
  () => {
    it('up to any byte, then EFBIG: what was acknowledged is there, the torn line is told, the next start works', {
      timeout: 900_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 9000 }), async (limit) => {
          const dir = `${await tempDir()}/incident`
          const plan = { dir, writer: 'struck', events: 16, together: 2, sizes: [300, 900] }
          const writing = startWriter(plan, [prlimit, `--fsize=${limit}`])
          await writing.over
          expect(writing.ended).toBe(true)
          expect(writing.refused.length).toBeGreaterThan(0)
          for (const said of writing.refused) expect(said).toMatch(/^recording RECORDING STOPPED: EFBIG/)
          expect((await stat(`${dir}/journal/struck.jsonl`)).size).toBe(limit)
          const next = await testJournal(dir)
          const note = { text: 'the next console', at: '2026-11-20T22:16:00.000Z' }
          const { writer, seq, id } = await next.append('note.added', note)
          await expectWhole(dir, [...writing.kept, { writer, seq, id }])
        }),
        { numRuns: times(10, 300), endOnFailure: true },
      )
    })
  },
)
