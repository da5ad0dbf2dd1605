import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { followIncident } from '../../src/compose/live.ts'
import { foldJournal } from '../../src/journal/fold.ts'
import type { Journal } from '../../src/journal/open.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { tempDir, testJournal } from '../journal/setup.ts'
import { record } from '../model/records.ts'

const note = (text: string) => ({ text, at: '2026-11-20T22:16:00.000Z' })
const lineOf = (one: EventRecord) => `${JSON.stringify(one)}\n`

async function opened(dir: string, before = 0) {
  const journal = await testJournal(dir)
  for (let n = 0; n < before; n++) await journal.append('note.added', note(`before ${n}`))
  const live = await followIncident('x', journal)
  onTestFinished(() => live.stop())
  const told: { text: string; events: number }[] = []
  live.onRecord(({ type, data }, { events }) =>
    told.push({ text: (data as { text?: string } | undefined)?.text ?? type, events }),
  )
  const add = async (text: string) => live.take(await journal.append('note.added', note(text)))
  return { journal, live, told, add }
}

/** The journal's file of a writer. */
const fileOf = (dir: string, { writer }: Pick<Journal, 'writer'>) => join(dir, 'journal', `${writer}.jsonl`)

describe('a followed incident', () => {
  it('has what was there, what we add and what others add, each told once', async () => {
    const dir = await tempDir()
    const one = await opened(dir, 2)
    const two = await opened(dir)
    await one.add('of one')
    await two.add('of two')
    await vi.waitFor(() => {
      expect(one.told.map(({ text }) => text).sort()).toEqual(['of one', 'of two'])
      expect(two.told.map(({ text }) => text).sort()).toEqual(['of one', 'of two'])
    })
    expect(one.live.read()).toEqual(two.live.read())
    expect(one.live.read().events).toBe(4)
  })

  it('folds the journal again where a record belongs before what it still holds', async () => {
    const dir = await tempDir()
    const { journal, live, told } = await opened(dir, 500)
    const old = { ...record('note.added', note('long ago'), { at: 1, writer: 'slow' }), seq: 1 }
    await writeFile(fileOf(dir, { writer: 'slow' }), lineOf(old))
    await vi.waitFor(() => expect(told.map(({ text }) => text)).toEqual(['long ago']))
    const { fold } = await foldJournal(dir, 'x')
    expect(live.read()).toEqual(fold.incident())
    expect(live.read().timeline[0]!.text).toBe('long ago')
    live.take(await journal.append('note.added', note('after')))
    expect(live.read().events).toBe(502)
    expect(told.at(-1)).toEqual({ text: 'after', events: 502 })
  })

  it('lets go of what was erased, even before its line is overwritten', async () => {
    const dir = await tempDir()
    const { journal, live, told, add } = await opened(dir)
    const secret = await journal.append('note.added', note('hunter2'))
    live.take(secret)
    await add('stays')
    expect(JSON.stringify(live.read())).toContain('hunter2')
    const eraser = await testJournal(dir)
    await eraser.append('erased', { event: secret.id, reason: 'a password' })
    await vi.waitFor(() => expect(told.at(-1)?.text).toBe('erased'))
    expect(JSON.stringify(live.read())).not.toContain('hunter2')
    expect(live.read().timeline.map(({ text }) => text)).toEqual([
      'stays',
      `Erased event ${secret.id}: a password`,
    ])
  })

  it('fault 41: forgets a line that its writer took back because it was never acknowledged', async () => {
    const dir = await tempDir()
    const { live, told } = await opened(dir)
    const other = await testJournal(dir)
    const kept = await other.append('note.added', note('kept'))
    const path = fileOf(dir, other)
    const { length } = await readFile(path)
    const line = (text: string) =>
      lineOf({ ...kept, id: text, seq: 2, prev: kept.hash, hash: text, data: note(text) })
    await appendFile(path, line('taken back'))
    await vi.waitFor(() => expect(told.map(({ text }) => text)).toContain('taken back'))
    await truncate(path, length)
    await appendFile(path, line('stands there'))
    await appendFile(
      path,
      lineOf({ ...kept, id: 'next', seq: 3, prev: 'stands there', hash: 'next', data: note('next') }),
    )
    await vi.waitFor(() => {
      const texts = live.read().timeline.map(({ text }) => text)
      expect(texts).toEqual(['kept', 'stands there', 'next'])
    })
  })
})
