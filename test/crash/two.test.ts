import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import { tempDir } from '../journal/setup.ts'
import { times } from './helpers/counts.ts'
import { type Acknowledged, expectWhole } from './helpers/whole.ts'

interface Told {
  writer: string
  kept: Acknowledged[]
  seen: string[]
  live: number
  order: string
}

const each = 2_000
const child = join(import.meta.dirname, 'helpers', 'console.child.ts')

describe('fault 43: two processes, 2,000 events each, on one incident', () => {
  it('4,000 whole records, both chains verify, one order on every reading, each seen live by the other', async () => {
    const dir = await tempDir()
    const readings: string[][] = []
    let writing = true
    const reader = (async () => {
      while (writing) {
        const { records } = await readJournal(dir)
        readings.push(records.map(({ id }) => id))
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    const both = await Promise.all(
      ['ana', 'ben'].map(async (name) => {
        const { stdout } = await execa(process.execPath, [child, dir, name, `${each}`])
        return JSON.parse(stdout) as Told
      }),
    ).finally(() => {
      writing = false
    })
    await reader

    const records = await expectWhole(
      dir,
      both.flatMap(({ kept }) => kept),
    )
    expect(records).toHaveLength(2 * each)
    const report = await verifyJournal(dir)
    expect(report.writers.map((writer) => writer.records)).toEqual([each, each])

    // Every reading of the whole gives one order, in any process, and a reading in between is a part of it.
    expect(new Set(both.map(({ order }) => order)).size).toBe(1)
    const again = await readJournal(dir)
    expect(again.records.map(({ id }) => id)).toEqual(records.map(({ id }) => id))
    const place = new Map(records.map(({ id }, index) => [id, index]))
    for (const reading of readings) {
      const places = reading.map((id) => place.get(id) ?? Number.NaN)
      expect(places.every((at, index) => index === 0 || at > places[index - 1]!)).toBe(true)
    }
    expect(readings.some(({ length }) => length > 0 && length < 2 * each)).toBe(true)

    // Each saw all of the other's, once, in the order of its writing, and some of it while it was at work itself.
    for (const [index, { seen, live }] of both.entries()) {
      expect(seen).toEqual(both[1 - index]?.kept.map(({ id }) => id))
      expect(live).toBeGreaterThan(0)
    }
  })
})

describe('fault 43: consoles that come and go on one incident at once', () => {
  it('are all let in, whatever files the others make and rename meanwhile, and leave whole chains', async () => {
    const dir = await tempDir()
    const kept: Acknowledged[] = []
    const comeAndGo = async (by: string) => {
      for (let n = 0; n < times(40, 400); n++) {
        await using journal = await openJournal({ dir, by, clean: (value) => value })
        kept.push(await journal.append('note.added', { text: `${by} ${n}`, at: '2026-11-20T22:16:00.000Z' }))
      }
    }
    await Promise.all(['ana@one', 'ben@two', 'cem@three', 'dee@four'].map(comeAndGo))
    expect(await expectWhole(dir, kept)).toHaveLength(kept.length)
  })
})
