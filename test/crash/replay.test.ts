import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { times } from './helpers/counts.ts'
import { foundAfter, type Moment, momentAt, type Step, unsafeUnits } from './helpers/powerCut.ts'
import { whyNoStrace } from './helpers/strace.ts'
import type { Acknowledged } from './helpers/whole.ts'
import { logging, type Op, readWriteLog } from './helpers/writeLog.ts'

const child = join(import.meta.dirname, 'helpers', 'declare.child.ts')
const note = { text: 'after the power cut', at: '2026-11-20T22:16:00.000Z' }

// The write log is the kernel's own account of what a real process asked of it, not the journal's.
describe.skipIf(whyNoStrace !== undefined)(
  `fault 44: the power goes${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    let root: string
    let ops: Op[]
    let steps: Step<Acknowledged>[]
    let whole: Buffer
    let writer: string

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'sitrep-test-'))
      const log = join(root, 'strace')
      const [command = '', ...args] = logging(log)
      await execa(command, [...args, process.execPath, child, join(root, 'state')], {
        env: { UV_THREADPOOL_SIZE: '1' },
      })
      ops = await readWriteLog(log, root)
      const journal = ops.find(
        ({ is, ...op }) => is === 'write' && 'path' in op && op.path.endsWith('.jsonl'),
      )
      const path = journal !== undefined && 'path' in journal ? journal.path : ''
      steps = ops.flatMap((op): Step<Acknowledged>[] => {
        if (op.is === 'said') return [{ is: 'kept', what: JSON.parse(op.text) as Acknowledged }]
        if (op.is === 'named' || op.path !== path) return []
        return [op]
      })
      whole = await readFile(path)
      writer = basename(path, '.jsonl')
    }, 60_000)
    afterAll(() => rm(root, { recursive: true, force: true }))

    /** A folder with what is found, under the writer's own file name. */
    async function after(found: Buffer, fn: (dir: string) => Promise<void>): Promise<void> {
      const dir = await mkdtemp(join(root, 'found-'))
      try {
        await mkdir(join(dir, 'journal'))
        await writeFile(join(dir, 'journal', `${writer}.jsonl`), found)
        await fn(dir)
      } finally {
        await rm(dir, { recursive: true, force: true })
      }
    }

    async function expectSurvives(moment: Moment<Acknowledged>, found: Buffer): Promise<void> {
      await after(found, async (dir) => {
        const before = await readJournal(dir)
        const genuine = before.records.filter((record) => whole.includes(`${JSON.stringify(record)}\n`))
        expect(genuine).toHaveLength(before.records.length)
        const last = moment.kept.length
        expect(before.records.slice(0, last).map(({ id }) => id)).toEqual(moment.kept.map(({ id }) => id))
        // What is amiss stands after the last acknowledged record.
        for (const { first_bad } of (await verifyJournal(dir)).writers)
          expect(first_bad?.seq ?? Number.POSITIVE_INFINITY).toBeGreaterThan(last)
        // The next console starts, and finds the rest as it was.
        const { seq, id } = await nextStart(dir)
        expect(seq).toBe(1)
        const { records } = await readJournal(dir)
        expect(records.map((record) => record.id)).toEqual([...before.records.map((record) => record.id), id])
      })
    }

    async function nextStart(dir: string, now = Date.now): Promise<EventRecord> {
      const journal = await openJournal({ dir, by: 'ben@laptop', clean: (value) => value, now })
      const record = await journal.append('note.added', note)
      await journal.close()
      return record
    }

    /** Every moment with every subset of what is not safe, where these are few. */
    async function everySubset(
      fn: (moment: Moment<Acknowledged>, found: Buffer) => Promise<void>,
    ): Promise<number> {
      let looked = 0
      for (let at = 0; at <= steps.length; at++) {
        const moment = momentAt(steps, at)
        for (const unit of [512, 4096]) {
          const units = unsafeUnits(moment, unit)
          if (units.length > times(3, 7)) continue
          for (let subset = 0; subset < 2 ** units.length; subset++) {
            const arrived = new Set(units.filter((_, bit) => subset & (1 << bit)))
            await fn(moment, foundAfter(moment, unit, arrived, moment.seen.length))
            looked++
          }
        }
      }
      return looked
    }

    it('the log tells all: written bytes, syncs and acknowledgements', () => {
      expect(momentAt(steps, steps.length).seen.equals(whole)).toBe(true)
      expect(steps.filter(({ is }) => is === 'kept')).toHaveLength(61)
      expect(steps.filter(({ is }) => is === 'synced').length).toBeGreaterThan(10)
    })

    it('no event is acknowledged before it, its file and all folders above it are on disk', () => {
      const pending = new Set<string>()
      for (const op of ops) {
        if (op.is === 'named' && !pending.has(op.folder)) pending.add(op.folder)
        else if (op.is === 'synced') pending.delete(op.path)
        else if (op.is === 'said') break
      }
      // The folder that holds the state root is the user's own.
      pending.delete(root)
      expect([...pending].map((path) => path.slice(root.length))).toEqual([])
      for (const [index, step] of steps.entries()) {
        if (step.is !== 'kept') continue
        const { safe } = momentAt(steps, index)
        expect(safe.includes(step.what.id)).toBe(true)
      }
    })

    it('any subset of the unsynced sectors may be lost: acknowledged records survive, the next start works', {
      timeout: 1_800_000,
    }, async () => {
      expect(await everySubset(expectSurvives)).toBeGreaterThan(100)
    })

    it('a console that starts after it comes after all that can be read, also where its clock is behind', {
      timeout: 1_800_000,
    }, async () => {
      await everySubset(async (_, found) => {
        await after(found, async (dir) => {
          const { records } = await readJournal(dir)
          const { hlc } = await nextStart(dir, () => 1000)
          for (const record of records) if (record.hlc >= hlc) expect(hlc > record.hlc).toBe(true)
        })
      })
    })

    it('the same for large groups, in random subsets and lengths', { timeout: 1_800_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(steps.length),
          fc.constantFrom(512, 4096),
          fc.infiniteStream(fc.boolean()),
          fc.double({ min: 0, max: 1, noNaN: true }),
          async (at, unit, bits, part) => {
            const moment = momentAt(steps, at)
            const arrived = new Set(unsafeUnits(moment, unit).filter(() => bits.next().value))
            const length = Math.round(moment.safe.length + part * (moment.seen.length - moment.safe.length))
            await expectSurvives(moment, foundAfter(moment, unit, arrived, length))
          },
        ),
        { numRuns: times(300, 10_000) },
      )
    })
  },
)
