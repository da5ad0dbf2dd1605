import { appendFile, mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { JournalProblem } from '../../src/journal/position.ts'
import { readJournal } from '../../src/journal/read.ts'
import { type TailOptions, tailJournal } from '../../src/journal/tail.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { record } from '../model/records.ts'
import { tempDir } from './setup.ts'

const lineOf = (one: EventRecord) => `${JSON.stringify(one)}\n`

/** A writer's records by their numbers, chained as far as a tail looks. */
function chained(writer: string, from: number, to: number, mark = ''): EventRecord[] {
  return Array.from({ length: to - from + 1 }, (_, n) => {
    const seq = from + n
    const data = { text: `${writer} ${seq}${mark}`, at: '2026-11-20T22:16:00.000Z' }
    const prev = `hash ${seq - 1}`
    return { ...record('note.added', data, { at: seq, writer }), seq, prev, hash: `hash ${seq}${mark}` }
  })
}

async function folder() {
  const dir = await tempDir()
  await mkdir(join(dir, 'journal'))
  return { dir, path: (writer: string) => join(dir, 'journal', `${writer}.jsonl`) }
}

function follow(dir: string, o: Partial<TailOptions> = {}) {
  const seen: string[] = []
  const batches: number[] = []
  const problems: JournalProblem[] = []
  const rewritten: string[] = []
  const tail = tailJournal(dir, {
    every: 60_000,
    onRecords: (records) => {
      batches.push(records.length)
      seen.push(...records.map(({ data }) => (data as { text: string }).text))
    },
    onProblem: (problem) => problems.push(problem),
    onRewritten: (writer) => rewritten.push(writer),
    ...o,
  })
  onTestFinished(() => tail.stop())
  return { tail, seen, batches, problems, rewritten }
}

describe('following a journal', () => {
  it('goes on where a reading ended, gives a line when it is finished, and counts lines from the start', async () => {
    const { dir, path } = await folder()
    await writeFile(path('a'), chained('a', 1, 2).map(lineOf).join(''))
    const { offsets } = await readJournal(dir)
    const { tail, seen, problems } = follow(dir, { from: offsets })
    const [three, four] = chained('a', 3, 4).map(lineOf)
    await appendFile(path('a'), three!.slice(0, 40))
    await tail.look()
    expect(seen).toEqual([])
    await appendFile(path('a'), `${three!.slice(40)}no json\n${four}`)
    await tail.look()
    expect(seen).toEqual(['a 3', 'a 4'])
    expect(problems).toEqual([{ writer: 'a', line: 4, reason: 'not a JSON object' }])
  })

  it('gives what several writers added in order among themselves, a long file in parts', async () => {
    const { dir, path } = await folder()
    const { tail, seen, batches } = follow(dir, { skip: 'own' })
    await writeFile(path('own'), chained('own', 1, 3).map(lineOf).join(''))
    await writeFile(path('b'), chained('b', 1, 3).map(lineOf).join(''))
    await writeFile(path('a'), chained('a', 2, 4).map(lineOf).join(''))
    await vi.waitFor(async () => {
      await tail.look()
      expect(seen).toHaveLength(6)
    })
    expect(seen.filter((text) => text.startsWith('a'))).toEqual(['a 2', 'a 3', 'a 4'])
    await writeFile(path('c'), chained('c', 1, 2500).map(lineOf).join(''))
    await tail.look()
    await tail.look()
    expect(seen).toHaveLength(2506)
    expect(Math.max(...batches)).toBeLessThanOrEqual(1000)
  })

  it('fault 41: tells that a line which was never acknowledged was taken back, and goes on after what stands there', async () => {
    const { dir, path } = await folder()
    await writeFile(path('a'), chained('a', 1, 2).map(lineOf).join(''))
    const { offsets } = await readJournal(dir)
    const { tail, seen, rewritten } = follow(dir, { from: offsets })
    await appendFile(path('a'), lineOf(chained('a', 3, 3)[0]!))
    await tail.look()
    expect(seen).toEqual(['a 3'])
    // The writer takes line 3 back, and by the next look two others stand in its place.
    await truncate(path('a'), offsets.get('a')!.bytes)
    await appendFile(path('a'), chained('a', 3, 4, ' anew').map(lineOf).join(''))
    await vi.waitFor(async () => {
      await tail.look()
      expect(seen).toEqual(['a 3', 'a 4 anew'])
    })
    expect(rewritten).not.toEqual([])
    const told = rewritten.length
    await appendFile(path('a'), lineOf({ ...chained('a', 5, 5)[0]!, prev: 'hash 4 anew' }))
    await tail.look()
    expect(seen.at(-1)).toBe('a 5')
    expect(rewritten).toHaveLength(told)
  })

  it('tells that a file was cut, and reads on what is appended then', async () => {
    const { dir, path } = await folder()
    const lines = chained('a', 1, 3).map(lineOf)
    await writeFile(path('a'), lines.join(''))
    const { offsets } = await readJournal(dir)
    const { tail, seen, rewritten } = follow(dir, { from: offsets })
    await truncate(path('a'), lines[0]!.length + lines[1]!.length)
    await tail.look()
    expect(rewritten).toContain('a')
    await appendFile(path('a'), chained('a', 3, 4).map(lineOf).join(''))
    await tail.look()
    await tail.look()
    expect(seen).toEqual(['a 3', 'a 4'])
  })

  it('is not held up by a file that can not be read', async () => {
    const { dir, path } = await folder()
    await mkdir(path('a'))
    const { tail, seen } = follow(dir)
    await writeFile(path('b'), chained('b', 1, 1).map(lineOf).join(''))
    await tail.look()
    await tail.look()
    expect(seen).toEqual(['b 1'])
  })
})
