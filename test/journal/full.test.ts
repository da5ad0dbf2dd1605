import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { Journal, JournalOptions, Resumed } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { reserveFile } from '../../src/journal/reserve.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import type { EventData } from '../../src/model/event.ts'
import { tempDir, testJournal } from './setup.ts'
import { canMount, type SmallDisk, smallDisk } from './smallDisk.ts'

const note = (text: string) => ({ text, at: '2026-11-20T22:16:00.000Z' })
const ref = { run: 'run-1', step: 'one', host: 'core-1' }
const starting: EventData<'step.started'> = {
  ...ref,
  change: 0,
  of: 1,
  say: 'touch a file',
  undo: [],
  undoHash: 'a'.repeat(64),
}
const applied = (stdout = ''): EventData<'step.applied'> => ({
  ...ref,
  started: 'x',
  endedBy: 'exit',
  exitCode: 0,
  ms: 1,
  stdout,
  stderr: '',
})

/** A journal on a small disk with its reserve, and what it told. */
async function onDisk(
  disk: SmallDisk,
  o: Partial<JournalOptions> = {},
): Promise<{ journal: Journal; dir: string; told: [string, boolean][]; resumed: Resumed[] }> {
  const dir = join(disk.dir, 'incidents', 'one')
  await mkdir(join(disk.dir, 'incidents'), { recursive: true })
  const journal = await testJournal(dir, { reserve: reserveFile(disk.dir), every: 20, ...o })
  const told: [string, boolean][] = []
  const resumed: Resumed[] = []
  journal.onStopped((cause, reserve) => told.push([cause, reserve]))
  journal.onResumed((gap) => resumed.push(gap))
  return { journal, dir, told, resumed }
}

const types = async (dir: string) => (await readJournal(dir)).records.map(({ type }) => type)
const torn = async (dir: string) =>
  (await readdir(join(dir, 'journal'))).filter((name) => /torn/.test(name)).sort()
const stopped = { kind: 'recording', message: expect.stringMatching(/^RECORDING STOPPED: ENOSPC/) }
const never = 3_600_000

describe.skipIf(!canMount)('fault 41: a full disk', () => {
  it('gives the reserve for results, begins nothing, and goes on when there is room again', async () => {
    const disk = await smallDisk('3m')
    const { journal, dir, told, resumed } = await onDisk(disk, { every: never })
    expect((await stat(reserveFile(disk.dir))).size).toBe(1 << 20)
    expect((await stat(reserveFile(disk.dir))).mode & 0o777).toBe(0o600)
    await journal.append('step.started', starting)
    await disk.fill()
    // The end of the file's last page may still take some.
    const first = await journal.append('step.applied', applied('x'.repeat(9000)))
    expect(told).toEqual([[expect.stringMatching(/^ENOSPC/), true]])
    expect(journal.recording()).toEqual({ is: 'reserve', cause: journal.stopped() })
    await expect(journal.append('step.started', starting)).rejects.toMatchObject(stopped)
    await expect(journal.append('command.started', { host: 'a', command: 'b' })).rejects.toMatchObject(
      stopped,
    )
    await expect(journal.requireRecording()).rejects.toMatchObject(stopped)
    await journal.append('step.verified', { ...ref, verdict: 'ok', reason: 'it holds', ms: 1 })
    await expect(lstat(reserveFile(disk.dir))).rejects.toThrow('ENOENT')
    const kept = ['step.started', 'recording.stopped', 'step.applied', 'step.verified']
    expect(await types(dir)).toEqual(kept)
    expect(first.seq).toBe(3)

    await disk.drain()
    await journal.append('step.started', starting)
    expect(journal.stopped()).toBeUndefined()
    expect(resumed).toMatchObject([{ refused: 2, gapMs: expect.any(Number) }])
    expect(await types(dir)).toEqual([...kept, 'recording.resumed', 'step.started'])
    expect((await stat(reserveFile(disk.dir))).size).toBe(1 << 20)
    await journal.close()
    expect(await verifyJournal(dir)).toMatchObject({ whole: true })
  })

  it('goes on by itself after some seconds, and tells of the gap and of its own records', async () => {
    const disk = await smallDisk('3m')
    const { journal, dir, resumed } = await onDisk(disk)
    const own: string[] = []
    journal.onOwn(({ type }) => own.push(type))
    await disk.fill()
    await journal.append('note.added', note('x'.repeat(9000)))
    expect(journal.recording().is).toBe('reserve')
    await disk.drain()
    await vi.waitFor(() => expect(resumed).toHaveLength(1))
    expect(own).toEqual(['recording.stopped', 'recording.resumed'])
    await journal.append('note.added', note('after'))
    expect((await types(dir)).slice(-2)).toEqual(['recording.resumed', 'note.added'])
  })

  it('refuses everything when the reserve is used up too; every acknowledged record is there, and none else', async () => {
    const disk = await smallDisk('3m')
    const { journal, dir, told, resumed } = await onDisk(disk, { every: never })
    const acknowledged: string[] = []
    const write = async (text: string) => {
      acknowledged.push((await journal.append('note.added', note(text))).id)
    }
    await write('before')
    await disk.fill()
    const filling = (async () => {
      for (;;) await write('x'.repeat(30_000))
    })()
    await expect(filling).rejects.toMatchObject(stopped)
    expect(told.map(([, reserve]) => reserve)).toEqual([true, false])
    expect(journal.recording().is).toBe('full')
    expect(acknowledged.length).toBeGreaterThan(20)
    await expect(write('short')).rejects.toMatchObject(stopped)
    const notes = async () =>
      (await readJournal(dir)).records.filter(({ type }) => type === 'note.added').map(({ id }) => id)
    expect(await notes()).toEqual(acknowledged)

    await disk.drain()
    await write('after')
    expect(await notes()).toEqual(acknowledged)
    // What the last write left of a line was cut off the journal, and is kept beside it.
    const [gap] = resumed
    expect(gap?.refused).toBe(2)
    const { records } = await readJournal(dir)
    const asides = records.flatMap(
      ({ data }) => (data as { torn?: { file: string; bytes: number } }).torn ?? [],
    )
    expect(asides.map(({ file }) => file)).toEqual((await torn(dir)).map((name) => `journal/${name}`))
    expect(asides.length).toBeGreaterThan(0)
    for (const { file, bytes } of asides) expect((await stat(join(dir, file))).size).toBe(bytes)
    await journal.close()
    expect(await verifyJournal(dir)).toMatchObject({ whole: true })
  })

  it('where there is no room for the reserve nothing may begin; what is told is taken as long as it fits', async () => {
    const disk = await smallDisk('900k')
    const { journal, dir, told } = await onDisk(disk, { every: never })
    await expect(lstat(reserveFile(disk.dir))).rejects.toThrow('ENOENT')
    expect(journal.recording()).toEqual({
      is: 'reserve',
      cause: 'ENOSPC: no space left on device for the reserve',
    })
    await expect(journal.append('step.started', starting)).rejects.toThrow('RECORDING STOPPED: ENOSPC')
    await journal.append('note.added', note('before'))
    await disk.fill()
    const long = note('x'.repeat(9000))
    await expect(journal.append('note.added', long)).rejects.toMatchObject(stopped)
    expect(told.at(-1)?.[1]).toBe(false)
    expect(journal.recording().is).toBe('full')
    await disk.remount('size=4m')
    await journal.append('step.started', starting)
    expect(await types(dir)).toEqual(['recording.stopped', 'note.added', 'recording.resumed', 'step.started'])
  })

  it('of a group that does not fit, the lines that do are records, and what would begin something is refused', async () => {
    const disk = await smallDisk('3m')
    const { journal, dir } = await onDisk(disk, { every: never })
    await journal.append('note.added', note('before'))
    await disk.fill(8192)
    const group = [
      journal.append('note.added', note('a'.repeat(3000))),
      ...Array.from({ length: 4 }, () => journal.append('note.added', note('b'.repeat(4000)))),
    ]
    const records = await Promise.all(group)
    expect(journal.recording().is).toBe('reserve')
    const read = await readJournal(dir)
    expect(read.problems).toEqual([])
    expect(read.records.map(({ seq }) => seq)).toEqual(read.records.map((_, index) => index + 1))
    expect(read.records.filter(({ type }) => type === 'recording.stopped')).toHaveLength(1)
    expect(read.records.filter(({ id }) => records.some((record) => record.id === id))).toEqual(records)
    await journal.close()
    expect(await verifyJournal(dir)).toMatchObject({ whole: true })
  })

  it('another console that lives on the reserve keeps this one from beginning anything', async () => {
    const disk = await smallDisk('3m')
    const { journal: one } = await onDisk(disk, { every: never })
    const { journal: two, dir, resumed } = await onDisk(disk, { every: never })
    await disk.fill()
    await one.append('note.added', note('x'.repeat(9000)))
    expect(one.recording().is).toBe('reserve')
    expect(two.recording().is).toBe('on')
    await expect(two.append('step.started', starting)).rejects.toMatchObject({
      message: 'RECORDING STOPPED: ENOSPC: no space left on device for the reserve',
    })
    await two.append('note.added', note('still told'))
    await disk.drain()
    await two.append('step.started', starting)
    expect(resumed).toHaveLength(1)
    expect((await types(dir)).filter((type) => type === 'recording.stopped')).toHaveLength(2)
  })
})

describe('fault 41: what no room can mend', () => {
  it.each([
    ['the folder is deleted', (dir: string) => rm(dir, { recursive: true })],
    ['the file is deleted', async (_: string, path: string) => rm(path)],
    [
      'the file is replaced',
      async (_: string, path: string) => {
        const bytes = await readFile(path)
        await rm(path)
        await writeFile(path, bytes)
      },
    ],
  ])('%s: a write to it would succeed, and is not taken for success', async (_, harm) => {
    const dir = join(await tempDir(), 'one')
    const journal = await testJournal(dir)
    const told: string[] = []
    journal.onStopped((cause) => told.push(cause))
    await journal.append('note.added', note('before'))
    const path = join(dir, 'journal', `${journal.writer}.jsonl`)
    await harm(dir, path)
    await expect(journal.append('note.added', note('x'))).rejects.toMatchObject({
      kind: 'recording',
      message: `RECORDING STOPPED: the journal file is gone: ${path}`,
    })
    await expect(journal.append('note.added', note('y'))).rejects.toThrow('the journal file is gone')
    expect(told).toHaveLength(1)
    await journal.close()
  })

  it('a file that another program wrote to is no longer proof of anything', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    await journal.append('note.added', note('before'))
    await writeFile(join(dir, 'journal', `${journal.writer}.jsonl`), 'x', { flag: 'a' })
    await expect(journal.append('note.added', note('x'))).rejects.toThrow('changed by another program')
    expect(journal.recording().is).toBe('failed')
  })
})
