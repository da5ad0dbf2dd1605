import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkpointHash, checkpointOf } from '../../src/journal/checkpoint.ts'
import { createClock } from '../../src/journal/clock.ts'
import { readJournal } from '../../src/journal/read.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import { recordStory, tempDir, testJournal } from './setup.ts'

/** The story in a folder, and its one file. */
async function recorded() {
  const dir = await tempDir()
  const records = await recordStory(dir)
  const [name] = (await readdir(join(dir, 'journal'))) as [string]
  const path = join(dir, 'journal', name)
  return {
    dir,
    path,
    records,
    bytes: await readFile(path),
    lines: (await readFile(path, 'utf8')).trimEnd().split('\n'),
  }
}

describe('verify', () => {
  it('holds for what was recorded, and says where the chains stand', async () => {
    const { dir, records } = await recorded()
    const report = await verifyJournal(dir)
    expect(report.whole).toBe(true)
    expect(report.writers).toEqual([{ writer: records[0]!.writer, records: records.length }])
    expect(report.checkpoint.writers[0]).toMatchObject({ seq: records.length, hash: records.at(-1)!.hash })
    expect(checkpointHash(report.checkpoint)).toBe(checkpointHash(await checkpointOf(dir)))
  })

  it('fault 42: a flipped bit of any byte is named', async () => {
    const { dir, path, bytes, lines } = await recorded()
    const starts = [0]
    for (const line of lines) starts.push(starts.at(-1)! + Buffer.byteLength(line) + 1)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 2), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 1 << bit
        await writeFile(path, changed)
        const report = await verifyJournal(dir)
        const line = starts.findLastIndex((start) => start <= at) + 1
        expect(report.whole).toBe(false)
        expect(report.writers[0]!.first_bad!.line).toBe(line)
      }),
      { numRuns: process.env.SITREP_FULL ? 3000 : 150 },
    )
  })

  it('fault 42: the last newline gone is told as a line that was never finished', async () => {
    const { dir, path, bytes } = await recorded()
    await rm(join(dir, 'checkpoint.json'))
    await writeFile(path, bytes.subarray(0, -1))
    const report = await verifyJournal(dir)
    expect(report.writers[0]!.torn).toBeGreaterThan(0)
  })

  it('fault 42: a removed record, swapped records, a record of another writer', async () => {
    const { dir, path, lines } = await recorded()
    const write = (changed: string[]) => writeFile(path, `${changed.join('\n')}\n`)
    await write(lines.toSpliced(3, 1))
    expect((await verifyJournal(dir)).writers[0]!.first_bad).toMatchObject({
      line: 4,
      seq: 4,
      reason: expect.stringContaining('missing'),
    })
    await write(lines.toSpliced(3, 2, lines[4]!, lines[3]!))
    expect((await verifyJournal(dir)).writers[0]!.first_bad).toMatchObject({ line: 4 })
    await write(lines)
    expect((await verifyJournal(dir)).whole).toBe(true)
    await write(lines.map((line) => line.replaceAll('"writer":"ana', '"writer":"eve')))
    expect((await verifyJournal(dir)).writers[0]!.first_bad).toMatchObject({ line: 1 })
    await write(lines.toSpliced(2, 1, 'no json'))
    expect((await verifyJournal(dir)).writers[0]!.first_bad).toMatchObject({
      line: 3,
      reason: 'not a JSON object',
    })
  })

  it('fault 42: a cut tail and a removed file, against the checkpoint', async () => {
    const { dir, path, lines } = await recorded()
    await writeFile(path, `${lines.slice(0, -2).join('\n')}\n`)
    const cut = await verifyJournal(dir)
    expect(cut.writers[0]!.first_bad).toMatchObject({
      line: lines.length - 1,
      reason: expect.stringContaining('tail is cut'),
    })
    // Another writer's close does not lower what was known.
    const other = await testJournal(dir)
    await other.append('note.added', { text: 'x', at: '2026-11-20T22:16:00.000Z' })
    await other.close()
    expect((await verifyJournal(dir)).whole).toBe(false)
    await rm(path)
    const gone = await verifyJournal(dir)
    expect(gone.whole).toBe(false)
    expect(gone.writers.find(({ records }) => records === 0)!.first_bad!.reason).toContain('gone')
  })

  it('data that is gone holds only where an event says that it was erased', async () => {
    const { dir, path, lines, records } = await recorded()
    const { data: _data, salt: _salt, ...rest } = JSON.parse(lines[5]!)
    await writeFile(path, `${lines.toSpliced(5, 1, JSON.stringify(rest)).join('\n')}\n`)
    expect((await verifyJournal(dir)).writers[0]!.first_bad!.reason).toContain('erased')
    const eraser = await testJournal(dir)
    await eraser.append('erased', { event: records[5]!.id, reason: 'a password' })
    await eraser.close()
    const report = await verifyJournal(dir)
    expect(report.whole).toBe(true)
    expect(report.writers.flatMap(({ erased }) => erased ?? [])).toEqual([
      { event: records[5]!.id, reason: 'a password' },
    ])
  })

  it('an unknown type and a later version are kept and verify', async () => {
    const { dir, path, lines } = await recorded()
    await appendFile(path, `${JSON.stringify({ ...JSON.parse(lines[0]!), v: 2, type: 'x' })}\n`)
    const { records, problems } = await readJournal(dir)
    expect(records.some(({ v }) => (v as number) === 2)).toBe(true)
    expect(problems).toEqual([])
  })
})

describe('two processes on one incident', () => {
  it('fault 43: all records whole, both chains verify, one order on every reading', {
    timeout: 60_000,
  }, async () => {
    const dir = await tempDir()
    const count = process.env.SITREP_FULL ? 2000 : 300
    const child = join(import.meta.dirname, 'writer.child.ts')
    await Promise.all(['ana', 'ben'].map((name) => execa(process.execPath, [child, dir, name, `${count}`])))
    const read = await readJournal(dir)
    expect(read.problems).toEqual([])
    expect(read.records).toHaveLength(2 * count)
    expect((await readJournal(dir)).records).toEqual(read.records)
    const report = await verifyJournal(dir)
    expect(report.whole).toBe(true)
    expect(report.writers.map(({ records }) => records)).toEqual([count, count])
  })
})

describe('the clock', () => {
  it('never gives the same or an earlier reading, whatever the wall clock does and whatever it observes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(10_000), fc.option(fc.tuple(fc.nat(10_000), fc.nat(9999))))),
        (steps) => {
          let wall = 0
          const clock = createClock(() => wall)
          let last = ''
          for (const [now, observed] of steps) {
            wall = now
            if (observed) {
              const reading = `${String(observed[0]).padStart(16, '0')}-${String(observed[1]).padStart(4, '0')}`
              clock.observe(reading)
              if (reading > last) last = reading
            }
            const next = clock.next()
            expect(next > last).toBe(true)
            last = next
          }
        },
      ),
    )
  })

  it('goes on past 9,999 in one millisecond, and is not dragged along by a clock a year ahead', () => {
    const clock = createClock(() => 1000)
    const readings = Array.from({ length: 10_002 }, () => clock.next())
    expect([...readings].sort()).toEqual(readings)
    clock.observe('9999999999999999-0000')
    clock.observe('nonsense')
    expect(clock.next() < '0000000000002000').toBe(true)
  })
})
