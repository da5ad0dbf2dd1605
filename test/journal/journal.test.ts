import {
  chmod,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { AppendHandle } from '../../src/journal/appendFile.ts'
import { dataHashOf, firstPrev, recordHashOf } from '../../src/journal/hash.ts'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { tailJournal } from '../../src/journal/tail.ts'
import { newWriter } from '../../src/journal/writer.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { recordStory, tempDir, testJournal } from './setup.ts'

/** A real file of which some calls are the test's. */
async function opened(path: string, own: (file: FileHandle) => Partial<AppendHandle>): Promise<AppendHandle> {
  const file = await open(path, 'ax+', 0o600)
  return {
    write: file.write.bind(file),
    datasync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    read: file.read.bind(file),
    stat: file.stat.bind(file),
    close: () => file.close(),
    ...own(file),
  }
}

const note = (text: string) => ({ text, at: '2026-11-20T22:16:00.000Z' })

describe('a record', () => {
  it('has the form of protocol.md, and is chained by documented bytes', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    const first = await journal.append('note.added', note('one'))
    const second = await journal.append('note.added', note('two'))
    const [line] = (await readFile(join(dir, 'journal', `${journal.writer}.jsonl`), 'utf8')).split('\n')
    const keys = [
      'v',
      'id',
      'at',
      'hlc',
      'by',
      'writer',
      'seq',
      'type',
      'data',
      'salt',
      'dataHash',
      'prev',
      'hash',
    ]
    expect(Object.keys(JSON.parse(line!)).sort()).toEqual(keys.sort())
    expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(first.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(first.hlc).toMatch(/^\d{16}-\d{4}$/)
    expect(first.prev).toBe(firstPrev)
    expect(second.prev).toBe(first.hash)
    expect(first.hash).toBe(recordHashOf(first))
    expect(first.dataHash).toBe(dataHashOf(first.salt!, first.data))
  })

  it('is cleaned before it is written, and refused where it has not its form', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir, {
      clean: (value) => JSON.parse(JSON.stringify(value).replaceAll('hunter2', '‹secret:P›')),
    })
    const record = await journal.append('note.added', note('it is hunter2'))
    expect(record.data?.text).toBe('it is ‹secret:P›')
    await expect(journal.append('note.added', { text: 1 } as never)).rejects.toThrow('note.added')
    const text = await readFile(join(dir, 'journal', `${journal.writer}.jsonl`), 'utf8')
    expect(text).not.toContain('hunter2')
    expect(text.split('\n')).toHaveLength(2)
  })

  it('of several at once goes down in the order of the calls, in few writes', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    const records = await Promise.all(
      Array.from({ length: 300 }, (_, n) => journal.append('note.added', note(`${n}`))),
    )
    expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1))
    const read = await readJournal(dir)
    expect(read.records.map(({ data }) => (data as { text: string }).text)).toEqual(
      records.map(({ data }) => data?.text),
    )
  })
})

describe('several writers', () => {
  it('see each other live, and order after what they saw', async () => {
    const dir = await tempDir()
    const fast = await testJournal(dir, { now: () => 2_000_000, writer: 'fast' })
    const slow = await testJournal(dir, { now: () => 1_000_000, writer: 'slow' })
    const seen: EventRecord[] = []
    const tail = tailJournal(dir, { skip: 'slow', every: 20, onRecords: (records) => seen.push(...records) })
    await fast.append('note.added', note('from the fast clock'))
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    slow.observe(seen[0]!)
    await slow.append('note.added', note('after it'))
    await tail.stop()
    const { records } = await readJournal(dir)
    expect(records.map(({ writer }) => writer)).toEqual(['fast', 'slow'])
  })

  it('a line that is half written is given when it is finished, and once', async () => {
    const dir = await tempDir()
    const records = await recordStory(dir)
    const other = await tempDir()
    await mkdir(join(other, 'journal'))
    const file = await open(join(other, 'journal', 'w.jsonl'), 'a')
    const seen: EventRecord[] = []
    const tail = tailJournal(other, { every: 10_000, onRecords: (found) => seen.push(...found) })
    const line = `${JSON.stringify(records[0])}\n`
    await file.write(line.slice(0, 50))
    await tail.look()
    expect(seen).toHaveLength(0)
    await file.write(line.slice(50))
    await tail.look()
    await tail.look()
    expect(seen).toEqual([records[0]])
    await file.close()
    await tail.stop()
  })

  it('a new writer with a clock behind comes after what is there', async () => {
    const dir = await tempDir()
    await recordStory(dir)
    const late = await testJournal(dir, { now: () => 1000 })
    await late.append('note.added', note('late'))
    const { records } = await readJournal(dir)
    expect((records.at(-1)!.data as { text: string }).text).toBe('late')
  })

  it('ids of writers are new and fit for a file name', () => {
    const ids = [newWriter({ by: 'Ana Ö/../x@host.example' }), newWriter({ by: '@' })]
    for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9_-]*$/)
    expect(newWriter()).not.toBe(newWriter())
  })
})

describe('rights', () => {
  it('fault 43: files are 0600 and folders 0700 even where they were 0644 and 0755', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, 'journal'), { mode: 0o755 })
    await mkdir(join(dir, 'logs'), { mode: 0o755 })
    await writeFile(join(dir, 'journal', 'old.jsonl'), '', { mode: 0o644 })
    await writeFile(join(dir, 'logs', 'x.log'), '', { mode: 0o644 })
    await chmod(dir, 0o755)
    const journal = await testJournal(dir)
    await journal.append('note.added', note('x'))
    const modeOf = async (path: string) => ((await stat(join(dir, path))).mode & 0o777).toString(8)
    expect(await modeOf('.')).toBe('700')
    expect(await modeOf('journal')).toBe('700')
    expect(await modeOf('logs')).toBe('700')
    expect(await modeOf('logs/x.log')).toBe('600')
    for (const name of await readdir(join(dir, 'journal')))
      expect(await modeOf(`journal/${name}`)).toBe('600')
  })
})

describe('fault 40: a journal cut at any byte', () => {
  it('gives every whole record, tells of the torn one, and lets the next writer start', async () => {
    const dir = await tempDir()
    const records = await recordStory(dir)
    const [name] = await readdir(join(dir, 'journal'))
    const bytes = await readFile(join(dir, 'journal', name!))
    const cutDir = await tempDir()
    await mkdir(join(cutDir, 'journal'))
    const path = join(cutDir, 'journal', name!)
    const step = process.env.SITREP_FULL ? 1 : 7
    for (let length = bytes.length; length >= 0; length -= step) {
      if (length === bytes.length) await writeFile(path, bytes)
      else await truncate(path, length)
      const whole = bytes.subarray(0, length).toString().split('\n').length - 1
      const read = await readJournal(cutDir)
      expect(read.records).toEqual(records.slice(0, whole))
      const torn = length > 0 && bytes[length - 1] !== 10
      expect(read.problems.length).toBe(torn ? 1 : 0)
    }
    await truncate(path, 0)
    await writeFile(path, bytes.subarray(0, 1000))
    const next = await testJournal(cutDir)
    await next.append('note.added', note('next'))
    const read = await readJournal(cutDir)
    expect(read.records.filter(({ writer }) => writer === next.writer)).toHaveLength(1)
    expect(await readFile(path)).toEqual(bytes.subarray(0, 1000))
  })
})

describe('fault 41: what can not be written', () => {
  it('a failed fdatasync stops the recording for good, whatever a later one says', async () => {
    const dir = await tempDir()
    let fail = false
    let synced = 0
    const journal = await testJournal(dir, {
      openFile: (path) =>
        opened(path, (file) => ({
          datasync: async () => {
            if (fail) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
            synced++
            return file.datasync()
          },
        })),
    })
    const told: string[] = []
    journal.onStopped((cause) => told.push(cause))
    await journal.append('note.added', note('one'))
    fail = true
    await expect(journal.append('note.added', note('two'))).rejects.toThrow('RECORDING STOPPED: ENOSPC')
    fail = false
    await expect(journal.append('note.added', note('three'))).rejects.toThrow('RECORDING STOPPED: ENOSPC')
    expect(told).toHaveLength(1)
    expect(journal.recording().is).toBe('failed')
    expect(synced).toBe(1)
  })

  it('a full quota is a full disk, though libuv has no name for it', async () => {
    const dir = await tempDir()
    let over = false
    const journal = await testJournal(dir, {
      every: 3_600_000,
      openFile: (path) =>
        opened(path, (file) => ({
          write: (async (bytes: Buffer, offset: number, length: number) => {
            if (!over) return file.write(bytes, offset, length)
            over = false
            const said = 'Unknown system error -122'
            throw Object.assign(new Error(`${said}: ${said}, write`), { code: said, errno: -122 })
          }) as typeof file.write,
        })),
    })
    const told: [string, boolean][] = []
    journal.onStopped((...all) => told.push(all))
    over = true
    await journal.append('note.added', note('one'))
    expect(told).toEqual([['EDQUOT: disk quota exceeded, write', true]])
    expect((await readJournal(dir)).records.map(({ type }) => type)).toEqual([
      'recording.stopped',
      'note.added',
    ])
  })

  it('a short write goes on with the rest, and a write of nothing is a failure', async () => {
    const dir = await tempDir()
    let writes = 0
    let nothing = false
    const journal = await testJournal(dir, {
      openFile: (path) =>
        opened(path, (file) => ({
          write: ((bytes: Buffer, offset: number, length: number) => {
            writes++
            return file.write(bytes, offset, nothing ? 0 : Math.min(100, length))
          }) as typeof file.write,
        })),
    })
    const record = await journal.append('note.added', note('one'))
    expect(writes).toBeGreaterThan(3)
    expect((await readJournal(dir)).records).toEqual([record])
    nothing = true
    await expect(journal.append('note.added', note('two'))).rejects.toThrow('took no bytes')
  })

  it('a folder that can not be made says RECORDING STOPPED', async () => {
    const dir = await tempDir()
    await writeFile(join(dir, 'file'), '')
    const opening = openJournal({ dir: join(dir, 'file', 'x'), by: 'ana@laptop', clean: (value) => value })
    await expect(opening).rejects.toMatchObject({
      kind: 'recording',
      message: expect.stringContaining('RECORDING STOPPED'),
    })
  })

  it('a closed journal records nothing', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    await journal.close()
    await expect(journal.append('note.added', note('x'))).rejects.toThrow('closed')
  })
})
