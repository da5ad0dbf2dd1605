import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCursor } from '../../src/journal/cursor.ts'
import { foldJournal } from '../../src/journal/fold.ts'
import { eachLine, lastLine } from '../../src/journal/lines.ts'
import { openPieces } from '../../src/journal/pieces.ts'
import type { JournalProblem } from '../../src/journal/position.ts'
import { eachRecord, lastReading, readJournal } from '../../src/journal/read.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { byOrder } from '../../src/model/reduce/order.ts'
import { record } from '../model/records.ts'
import { recordStory, tempDir, testJournal } from './setup.ts'

const note = (text: string) => ({ text, at: '2026-11-20T22:16:00.000Z' })
const lineOf = (one: EventRecord) => `${JSON.stringify(one)}\n`

async function journalOf(files: Record<string, string | Buffer>): Promise<string> {
  const dir = await tempDir()
  await mkdir(join(dir, 'journal'))
  for (const [writer, content] of Object.entries(files))
    await writeFile(join(dir, 'journal', `${writer}.jsonl`), content)
  return dir
}

async function allPieces(path: string, o: { size: number; from: number; longest?: number }) {
  const pieces = await openPieces(path, o)
  const found: string[] = []
  let skipped = 0
  for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
    found.push(piece.bytes.toString())
    if (piece.skipped) skipped++
  }
  return { text: found.join(''), found, skipped, whole: pieces.whole(), torn: pieces.torn() }
}

describe('the pieces of a file', () => {
  it('are whole lines, all of them, whatever the size of a piece; what has no end is left and counted', async () => {
    const dir = await tempDir()
    const path = join(dir, 'lines')
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '停', '😀', ' '), maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(fc.array(line), line, fc.integer({ min: 1, max: 200 }), async (lines, rest, size) => {
        const text = lines.map((one) => `${one}\n`).join('')
        await writeFile(path, text + rest)
        const read = await allPieces(path, { size, from: 0 })
        expect(read.found.every((piece) => piece.endsWith('\n'))).toBe(true)
        expect(read).toMatchObject({
          text,
          skipped: 0,
          whole: Buffer.byteLength(text),
          torn: Buffer.byteLength(rest),
        })
      }),
      { numRuns: process.env.SITREP_FULL ? 2000 : 100 },
    )
  })

  it('leave out a line that is too long, once, and nothing around it', async () => {
    const path = join(await tempDir(), 'lines')
    const line = fc.integer({ min: 0, max: 120 }).map((length) => 'x'.repeat(length))
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 60 }), async (lines, size) => {
        await writeFile(path, lines.map((one) => `${one}\n`).join(''))
        const { text, skipped } = await allPieces(path, { size, from: 0, longest: 100 })
        const kept = text.split('\n').slice(0, -1)
        // A line of a little more than the limit may still fit where it was read in one piece.
        const short = lines.filter((one) => one.length <= 100)
        expect(kept.filter((one) => one.length <= 100)).toEqual(short)
        expect(kept.length + skipped).toBeGreaterThanOrEqual(short.length)
        expect(skipped).toBeLessThanOrEqual(lines.length - short.length)
      }),
      { numRuns: process.env.SITREP_FULL ? 2000 : 100 },
    )
  })

  it('of a line far over the limit take no more memory than the limit asks for', async () => {
    const path = join(await tempDir(), 'lines')
    await writeFile(path, `a\n${'x'.repeat(100_000)}\nb\n${'y'.repeat(100_000)}`)
    const read = await allPieces(path, { size: 64, from: 0, longest: 1000 })
    expect(read).toMatchObject({ text: 'a\nb\n', skipped: 1 })
  })
})

describe('a cursor', () => {
  it('gives a writer’s records from a position on, and tells lines that are none', async () => {
    const [one, two, three] = [1, 2, 3].map((at) => record('note.added', note(`n${at}`), { at }))
    const start = lineOf(one!)
    const dir = await journalOf({ w: `${start}no json\n[]\n${lineOf(two!)}${lineOf(three!)}{"v":1` })
    const path = join(dir, 'journal', 'w.jsonl')
    const problems: JournalProblem[] = []
    const from = { bytes: start.length, lines: 1, seq: 1, hash: 'h' }
    const cursor = await openCursor(
      { writer: 'w', path },
      { piece: 10, from, onProblem: (p) => problems.push(p) },
    )
    const found: EventRecord[] = []
    while (await cursor.advance()) found.push(cursor.record!)
    expect(found).toEqual([two, three])
    expect(problems).toEqual([2, 3].map((line) => ({ writer: 'w', line, reason: 'not a JSON object' })))
    expect(cursor.end()).toMatchObject({ lines: 5, seq: 3, hash: three!.hash })
    expect(cursor.torn()).toBe(6)
    expect(cursor.record).toBeUndefined()
  })
})

describe('reading a journal', () => {
  it('merges all writers into one order, as sorting all of it would', async () => {
    const entry = fc.record({
      at: fc.integer({ min: 1, max: 30 }),
      length: fc.integer({ min: 0, max: 3000 }),
    })
    const writers = fc.array(fc.array(entry, { maxLength: 30 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(writers, async (parts) => {
        const files = parts.map((part, n) =>
          part
            .sort((a, b) => a.at - b.at)
            .map(({ at, length }, index) => ({
              ...record('note.added', note('ü'.repeat(length)), { at, writer: `w${n}` }),
              seq: index + 1,
            })),
        )
        const dir = await journalOf(
          Object.fromEntries(files.map((records, n) => [`w${n}`, records.map(lineOf).join('')])),
        )
        const { records, problems, offsets } = await readJournal(dir)
        expect(records).toEqual(files.flat().sort(byOrder))
        expect(problems).toEqual([])
        expect([...offsets.values()].map(({ lines }) => lines)).toEqual(files.map(({ length }) => length))
      }),
      { numRuns: process.env.SITREP_FULL ? 300 : 30 },
    )
  })

  it('fault 40: leaves out a line that was never finished, and tells it after everything else', async () => {
    const one = record('note.added', note('whole'), { at: 1, writer: 'a' })
    const dir = await journalOf({ a: `${lineOf(one)}{"v":1,"id"`, b: '' })
    const { records, problems } = await readJournal(dir)
    expect(records).toEqual([one])
    expect(problems).toEqual([
      {
        writer: 'a',
        line: 2,
        reason: 'the last line was never finished (11 bytes): the writer ended in the middle of it',
      },
    ])
  })

  it('waits where the taker asks it to, and closes its files where the taker fails', async () => {
    const dir = await tempDir()
    const told = await recordStory(dir)
    let under = 0
    let most = 0
    await eachRecord(dir, async () => {
      most = Math.max(most, ++under)
      await Promise.resolve()
      under--
    })
    expect(most).toBe(1)
    const fails = eachRecord(dir, ({ seq }) => {
      if (seq === 3) throw new Error('enough')
    })
    await expect(fails).rejects.toThrow('enough')
    expect(told.length).toBeGreaterThan(3)
  })

  it('of many small writers holds them all, in order', async () => {
    const files = Array.from({ length: 600 }, (_, n) => {
      const writer = `w${String(n).padStart(3, '0')}`
      return [writer, record('note.added', note(`${n}`), { at: 600 - n, writer })] as const
    })
    const dir = await journalOf(Object.fromEntries(files.map(([writer, one]) => [writer, lineOf(one)])))
    const { records } = await readJournal(dir)
    expect(records).toEqual(files.map(([, one]) => one).reverse())
  })

  it('keeps a record of a later version, and pads of erased ones are no problem', async () => {
    const later = { ...record('note.added', note('x'), { at: 1 }), v: 7, type: 'pager.paged', extra: [1] }
    const { data: _data, salt: _salt, ...erased } = record('note.added', note('y'), { at: 2 })
    const dir = await journalOf({
      w: `${lineOf(later as never)}${JSON.stringify(erased)}${' '.repeat(90)}\n`,
    })
    const { records, problems } = await readJournal(dir)
    expect(records).toEqual([later, erased])
    expect(problems).toEqual([])
  })

  it('finds nothing where nothing is, and its latest reading from the ends', async () => {
    const dir = await tempDir()
    expect(await readJournal(dir)).toEqual({ records: [], problems: [], offsets: new Map() })
    expect(await lastReading(dir)).toBe('')
    const told = await recordStory(dir)
    expect(await lastReading(dir)).toBe(told.at(-1)!.hlc)
  })
})

describe('a folded journal', () => {
  it('has no data of an event that another one says was erased, though its line still holds it', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    const secret = await journal.append('note.added', note('hunter2'))
    await journal.append('note.added', note('stays'))
    await journal.append('erased', { event: secret.id, reason: 'a password' })
    await journal.append('erased', { event: 'none such', reason: 'by mistake' })
    const { fold } = await foldJournal(dir, 'x')
    const incident = fold.incident()
    expect(incident.timeline.map(({ text }) => text)).toEqual([
      'stays',
      `Erased event ${secret.id}: a password`,
      'Erased event none such: by mistake',
    ])
    expect(JSON.stringify(incident)).not.toContain('hunter2')
    expect(incident.events).toBe(4)
    expect(incident.writers[journal.writer]!.seq).toBe(4)
  })

  it('tells the first hundred lines that are none, and how many more there are', async () => {
    const one = record('note.added', note('x'), { at: 1 })
    const dir = await journalOf({ w: `${'no json\n'.repeat(5000)}${lineOf(one)}` })
    const { problems, fold, declared } = await foldJournal(dir, 'x')
    expect(problems).toHaveLength(101)
    expect(problems.at(-1)!.reason).toBe('and 4900 more lines that could not be read')
    expect(fold.incident().events).toBe(1)
    expect(declared).toBeUndefined()
  })
})

describe('what is no record of ours', () => {
  it('is told where it is nested too deep, and all that walks through records goes on', async () => {
    const ours = lineOf(record('note.added', note('x')))
    const deep = (open: string, close: string, levels: number) =>
      ours.replace(/"data":\{.*?\}/, `"data":{"a":${open.repeat(levels)}1${close.repeat(levels)}}`)
    const dir = await journalOf({
      ana:
        ours +
        deep('[', ']', 20_000) +
        deep('{"a":', '}', 20_000) +
        deep('[{"b":0,"a":', '}]', 500) +
        deep('[', ']', 150),
    })
    const { records, problems } = await readJournal(dir)
    expect(records).toHaveLength(2)
    const reason = 'nested more than 200 deep'
    expect(problems).toEqual([2, 3, 4].map((line) => ({ writer: 'ana', line, reason })))
    const many = ours.replace(/"data":\{.*?\}/, `"data":{"a":[${'{},'.repeat(500)}{}]}`)
    expect((await readJournal(await journalOf({ ana: many }))).problems).toEqual([])
  })

  it('is given as an empty line where it is too long to be held, at its place and once', async () => {
    const path = join(await tempDir(), 'lines')
    const long = 'x'.repeat(700_000)
    for (const [text, expected] of [
      [
        `one\n${long}\ntwo\n`,
        [
          ['one', 0],
          ['', 4],
          ['two', 700_005],
        ],
      ],
      [
        `${long}\n${long}\ntwo\n`,
        [
          ['', 0],
          ['', 700_001],
          ['two', 1_400_002],
        ],
      ],
      [
        `one\n${long}\n`,
        [
          ['one', 0],
          ['', 4],
        ],
      ],
    ] as const) {
      await writeFile(path, text)
      const found: [string, number][] = []
      const end = await eachLine(path, (line, start) => void found.push([line.toString(), start]), {
        longest: 1000,
      })
      expect(found).toEqual(expected)
      expect(end).toEqual({ whole: text.length, torn: 0 })
    }
    await writeFile(path, `one\n${long}`)
    expect(await eachLine(path, () => true, { longest: 1000 })).toEqual({ whole: 4, torn: 700_000 })
    expect((await lastLine(path, 1000))!.line).toHaveLength(0)
    expect((await lastLine(path))!.line.toString()).toBe('one')
  })
})
