import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AppendHandle } from '../../src/journal/appendFile.ts'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { tailJournal } from '../../src/journal/tail.ts'
import type { EventData } from '../../src/model/event.ts'
import { tempDir } from '../journal/setup.ts'
import { times } from './helpers/counts.ts'
import { of } from './helpers/heldRun.ts'
import { type Acknowledged, expectWhole } from './helpers/whole.ts'

/** A disk with so much room for a journal file: it takes what fits, to the byte, and has ENOSPC for the next write. */
interface Room {
  bytes: number
}

/** Opens a real file on such a disk. */
async function openOn(room: Room, path: string): Promise<AppendHandle> {
  const file = await open(path, 'ax+', 0o600)
  let size = 0
  const handle: Pick<AppendHandle, 'truncate' | 'datasync' | 'stat' | 'close'> = {
    datasync: () => file.datasync(),
    close: () => file.close(),
    stat: file.stat.bind(file),
    async truncate(length = 0) {
      await file.truncate(length)
      room.bytes += size - length
      size = length
    },
  }
  const write = async (bytes: Buffer, offset = 0, length = bytes.length - offset) => {
    const fits = Math.min(length, room.bytes)
    if (fits === 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const written = await file.write(bytes, offset, fits)
    room.bytes -= written.bytesWritten
    size += written.bytesWritten
    return written
  }
  return { ...handle, read: file.read.bind(file), write } as AppendHandle
}

const note = (n: number) => ({ text: `note ${n} ${'ü'.repeat(n * 9)}`, at: '2026-11-20T22:16:00.000Z' })

/** Records eight notes, three alone and five together, on a disk with so much room, and one more when it has room again. */
async function recordOn(bytes: number): Promise<{ refused: number; torn: number; size: number }> {
  const dir = join(await tempDir(), 'incident')
  const room = { bytes }
  const journal = await openJournal({
    dir,
    by: 'ana@laptop',
    clean: (value) => value,
    openFile: (path) => openOn(room, path),
  })
  const seen: string[] = []
  const tail = tailJournal(dir, { onRecords: (records) => seen.push(...records.map(({ id }) => id)) })
  const kept: Acknowledged[] = []
  let refused = 0
  const append = async (n: number) => {
    try {
      kept.push(await journal.append('note.added', note(n)))
    } catch (error) {
      expect(error).toMatchObject({
        kind: 'recording',
        message: expect.stringMatching(/^RECORDING STOPPED: ENOSPC/),
      })
      refused++
    }
    await tail.look()
  }
  for (const n of [0, 1, 2]) await append(n)
  await Promise.all([3, 4, 5, 6, 7].map(append))
  // Nobody may read what is not acknowledged or was taken back, and no line stands half.
  await expectWhole(dir, kept)
  expect((await readJournal(dir)).problems).toEqual([])

  room.bytes = Number.POSITIVE_INFINITY
  await journal.requireRecording()
  kept.push(await journal.append('note.added', note(8)))
  await tail.look()
  await tail.stop()
  await journal.close()

  const records = await expectWhole(dir, kept)
  expect(seen).toEqual(records.map(({ id }) => id))
  expect(of(records, 'note.added')).toHaveLength(9 - refused)
  const resumed = of(records, 'recording.resumed').map(({ data }) => data as EventData<'recording.resumed'>)
  expect(resumed.reduce((sum, gap) => sum + gap.refused, 0)).toBe(refused)
  const torn = resumed.flatMap((gap) => gap.torn ?? [])
  for (const { file, bytes } of torn) expect((await stat(join(dir, file))).size).toBe(bytes)
  const path = join(dir, 'journal', `${journal.writer}.jsonl`)
  return { refused, torn: torn.length, size: (await readFile(path)).length }
}

describe('fault 40: a short write at any byte, then a full disk', () => {
  it('acknowledged records stay, the torn line is set aside, and recording goes on when there is room', {
    timeout: 1_800_000,
  }, async () => {
    const { size, refused } = await recordOn(Number.POSITIVE_INFINITY)
    expect(refused).toBe(0)
    let [stopped, torn] = [0, 0]
    for (let bytes = 0; bytes <= size; bytes += times(23, 1)) {
      const told = await recordOn(bytes)
      if (told.refused > 0) stopped++
      torn += told.torn
    }
    expect(stopped).toBeGreaterThan(100)
    expect(torn).toBeGreaterThan(stopped / 2)
  })
})
