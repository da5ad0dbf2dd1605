import { mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listIncidents } from '../../src/journal/list.ts'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import type { Append, EventRecord } from '../../src/model/event.ts'
import { tempDir } from '../journal/setup.ts'
import { story004, storyStart } from '../journal/story.ts'

const records = 200
const newline = 0x0a

/** A journal of 200 records of every kind, its clock told; gives its one file, and what was acknowledged. */
async function record200(): Promise<{ bytes: Buffer; kept: EventRecord[] }> {
  const dir = await tempDir()
  let at = storyStart
  const journal = await openJournal({
    dir,
    by: 'ana@laptop',
    writer: 'cut',
    clean: (value) => value,
    now: () => at,
  })
  const append = journal.append as Append
  const story = story004()
  const kept: EventRecord[] = []
  while (kept.length < records) {
    at += 1000
    const [, type, data] = story[kept.length % story.length] ?? story[0]!
    kept.push(await append(type, data as never))
  }
  await journal.close()
  return { bytes: await readFile(join(dir, 'journal', 'cut.jsonl')), kept }
}

/** The lengths to cut at, longest first: all of them in a full run; else both sides of every record's end, and every 97th. */
function lengthsOf(bytes: Buffer): number[] {
  const all = Array.from({ length: bytes.length + 1 }, (_, length) => bytes.length - length)
  if (process.env.SITREP_FULL) return all
  const near = (length: number) => [0, 1, 2].some((back) => bytes[length - back] === newline)
  return all.filter((length) => length % 97 === 0 || near(length))
}

describe('fault 40: a journal of 200 records cut at every length', () => {
  it('has every whole record, tells the torn one, and the next start works', {
    timeout: 3_600_000,
  }, async () => {
    const { bytes, kept } = await record200()
    const root = await tempDir()
    const dir = join(root, 'incidents', '2026-11-20-cut')
    await mkdir(join(dir, 'journal'), { recursive: true })
    const path = join(dir, 'journal', 'cut.jsonl')
    const ends = [...bytes.keys()].filter((index) => bytes[index] === newline).map((index) => index + 1)
    expect(ends).toHaveLength(records)

    await writeFile(path, bytes)
    let whole = records
    for (const length of lengthsOf(bytes)) {
      await truncate(path, length)
      while (whole > 0 && ends[whole - 1]! > length) whole--
      const torn = length - (ends[whole - 1] ?? 0)

      const journal = await openJournal({ dir, by: 'ben@laptop', clean: (value) => value, now: () => 0 })
      const first = await journal.append('note.added', {
        text: `cut at ${length}`,
        at: '2026-11-20T22:16:00.000Z',
      })
      await journal.close()

      const read = await readJournal(dir)
      if (read.records.length !== whole + 1) expect(read.records).toHaveLength(whole + 1)
      const wrong = read.records.findIndex(
        ({ hash }, index) => hash !== (index < whole ? kept[index] : first)?.hash,
      )
      expect(wrong, `cut at ${length}`).toBe(-1)
      expect(read.problems.map(({ writer, line }) => ({ writer, line }))).toEqual(
        torn > 0 ? [{ writer: 'cut', line: whole + 1 }] : [],
      )
      // The cut file is the dead writer's: nothing was repaired, nothing added to it.
      expect((await stat(path)).size).toBe(length)
      await rm(join(dir, 'journal', `${journal.writer}.jsonl`))
      await rm(join(dir, 'checkpoint.json'), { force: true })
    }
    expect(whole).toBe(0)
  })

  it('verifies at every record: what is left is whole, and the torn bytes are told', {
    timeout: 600_000,
  }, async () => {
    const { bytes } = await record200()
    const root = await tempDir()
    const dir = join(root, 'incidents', '2026-11-20-cut')
    await mkdir(join(dir, 'journal'), { recursive: true })
    const path = join(dir, 'journal', 'cut.jsonl')
    await writeFile(path, bytes)
    const ends = [...bytes.keys()].filter((index) => bytes[index] === newline).map((index) => index + 1)
    const every = process.env.SITREP_FULL ? 1 : 11
    for (let whole = records - 1; whole > 0; whole -= every) {
      for (const extra of [17, 0]) {
        await truncate(path, ends[whole - 1]! + extra)
        const report = await verifyJournal(dir)
        expect(report).toMatchObject({ whole: true, writers: [{ writer: 'cut', records: whole }] })
        expect(report.writers[0]?.torn ?? 0).toBe(extra)
        const listed = await listIncidents(root)
        expect(listed.incidents.map(({ id }) => id)).toEqual(['2026-11-20-cut'])
      }
    }
  })
})
