import { cp, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storeArtifact } from '../../src/journal/artifacts.ts'
import { erase, findErasure, finishErasures } from '../../src/journal/erase.ts'
import { recordHashOf } from '../../src/journal/hash.ts'
import { readJournal } from '../../src/journal/read.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import type { Append } from '../../src/model/event.ts'
import { recordStory, tempDir, testJournal } from './setup.ts'

const at = '2026-11-20T22:16:00.000Z'
const reason = 'a password'

/** The story and two commands of one artifact, recorded by two writers. */
async function recorded() {
  const dir = join(await tempDir(), 'incident')
  const story = await recordStory(dir)
  const artifact = await storeArtifact(dir, 'hunter2 hunter2')
  const journal = await testJournal(dir, { by: 'eve@laptop' })
  const ran = (command: string) =>
    journal.append('command.ran', {
      host: 'core-1',
      command,
      endedBy: 'exit',
      exitCode: 0,
      ms: 3,
      stdout: 'hunter2',
      stderr: '',
      artifact: { sha256: artifact.sha256, bytes: artifact.bytes },
    })
  const commands = [await ran('cat .env'), await ran('cat /etc/.env')]
  await journal.append('export.written', {
    path: '/home/ana/postmortem.md',
    format: 'md',
    sha256: 'a'.repeat(64),
  })
  await journal.close()
  return { dir, story, commands, file: `artifacts/${artifact.sha256}.gz` }
}

/** A journal that is opened only when something is appended. */
async function appender(dir: string): Promise<Append> {
  return (type, data) => testJournal(dir).then((journal) => journal.append(type, data))
}

async function journalBytes(dir: string): Promise<string> {
  const names = (await readdir(join(dir, 'journal'))).sort()
  return (await Promise.all(names.map((name) => readFile(join(dir, 'journal', name), 'utf8')))).join('')
}

describe('erase', () => {
  it('drops the salt and data of an event in place: nothing moves, the chain holds, the reason stays', async () => {
    const { dir, story } = await recorded()
    const note = story.find(({ type }) => type === 'note.added')!
    const path = join(dir, 'journal', `${note.writer}.jsonl`)
    const before = await stat(path)
    const found = await findErasure(dir, note.id)
    expect(found).toMatchObject({
      event: { type: 'note.added', by: 'ana@laptop' },
      files: [],
      exports: ['/home/ana/postmortem.md'],
    })
    await erase(dir, found, reason, await appender(dir))
    const after = await stat(path)
    expect([after.size, after.ino, after.mode]).toEqual([before.size, before.ino, before.mode])
    expect(await journalBytes(dir)).not.toContain('Cleaned the CORS block')
    expect(await journalBytes(dir)).not.toContain(note.salt)
    const report = await verifyJournal(dir)
    expect(report.whole).toBe(true)
    expect(report.writers.flatMap(({ erased }) => erased ?? [])).toEqual([{ event: note.id, reason }])
    expect((await readJournal(dir)).records.find(({ id }) => id === note.id)).toMatchObject({ seq: note.seq })
    expect((await readdir(dir)).filter((name) => name.startsWith('erase-'))).toEqual([])
  })

  it('removes its artifact with the last event that names it, and a file by its name', async () => {
    const { dir, commands, file } = await recorded()
    const first = await findErasure(dir, commands[0]!.id)
    expect(first).toMatchObject({ files: [], staying: [{ file, events: [commands[1]!.id] }] })
    await erase(dir, first, reason, await appender(dir))
    expect((await verifyJournal(dir)).artifacts).toEqual({ checked: 1, bad: [], unnamed: [] })
    const second = await findErasure(dir, commands[1]!.id)
    expect(second).toMatchObject({ files: [file], staying: [] })
    await erase(dir, second, reason, await appender(dir))
    expect(await readdir(join(dir, 'artifacts'))).toEqual([])
    expect(await verifyJournal(dir)).toMatchObject({ whole: true, artifacts: { checked: 0, bad: [] } })

    const other = await recorded()
    const alone = await findErasure(other.dir, other.file)
    expect(alone).toMatchObject({ files: [other.file], named: other.commands.map(({ id }) => id) })
    await erase(other.dir, alone, reason, await appender(other.dir))
    expect(await verifyJournal(other.dir)).toMatchObject({ whole: true, artifacts: { checked: 0, bad: [] } })
  })

  it('refuses what is no event, names several, was erased, tells of an erasure, or leads elsewhere', async () => {
    const { dir, story, file } = await recorded()
    await expect(findErasure(dir, 'ffffffff')).rejects.toThrow('no event')
    await expect(findErasure(dir, '')).rejects.toThrow('no event')
    await expect(findErasure(dir, story[0]!.id.slice(0, 6))).rejects.toThrow('events begin with')
    await expect(findErasure(dir, story[0]!.id.slice(0, 6))).rejects.toThrow(
      new RegExp(`\\n  ${story[0]!.id}  2026-\\S+Z  incident\\.declared  Declared sev\\d: .+\\n`),
    )
    await erase(dir, await findErasure(dir, story[3]!.id), reason, await appender(dir))
    await expect(findErasure(dir, story[3]!.id.slice(0, 6))).rejects.toThrow(
      new RegExp(`\\n  ${story[3]!.id}  \\S+Z  \\S+  \\(erased\\)\\n`),
    )
    await expect(findErasure(dir, story[3]!.id)).rejects.toThrow('was erased already: a password')
    const erased = (await readJournal(dir)).records.find(({ type }) => type === 'erased')!
    await expect(findErasure(dir, erased.id)).rejects.toThrow("can't be erased itself")
    for (const name of [
      '../x',
      'journal/a.jsonl',
      'logs/../../x',
      'artifacts/x',
      '/etc/passwd',
      'checkpoint.json/',
    ])
      await expect(findErasure(dir, name), name).rejects.toThrow('can be erased')
    await expect(findErasure(dir, `artifacts/${'0'.repeat(64)}.gz`)).rejects.toThrow('there is no file')
    await rename(join(dir, 'artifacts'), join(dir, '..', 'elsewhere'))
    await symlink(join(dir, '..', 'elsewhere'), join(dir, 'artifacts'))
    await expect(erase(dir, await findErasure(dir, file), reason, await appender(dir))).rejects.toThrow(
      'a link',
    )
    expect(await readdir(join(dir, '..', 'elsewhere'))).toHaveLength(1)
  })

  it('a part of a log that a living console writes to is left', async () => {
    const { dir } = await recorded()
    await mkdir(join(dir, 'logs', 'core-1-pm2-core'), { recursive: true })
    const open = `logs/core-1-pm2-core/20261120T221600000Z-ana-laptop-${process.pid}-9f2c41d07b3a.log`
    await writeFile(join(dir, open), 'x\n')
    await expect(findErasure(dir, open)).rejects.toThrow('still being written')
  })

  it('beside a writer that goes on recording: both chains stay whole', async () => {
    const dir = await tempDir()
    const live = await testJournal(dir)
    const note = (text: string) => live.append('note.added', { text, at })
    const first = await note('hunter2')
    const pending = Array.from({ length: 200 }, (_, n) => note(`note ${n}`))
    await erase(dir, await findErasure(dir, first.id), reason, await appender(dir))
    await Promise.all([...pending, note('the last')])
    await live.close()
    const report = await verifyJournal(dir)
    expect(report.whole).toBe(true)
    expect((await readJournal(dir)).records).toHaveLength(203)
    expect(await journalBytes(dir)).not.toContain('hunter2')
  })

  it('any event of the story may be erased, in any order: the record verifies and the data is nowhere', async () => {
    const origin = await recorded()
    const ids = (await readJournal(origin.dir)).records.map(({ id, salt }) => ({ id, salt: salt! }))
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(ids, { minLength: 1, maxLength: 4 }), async (chosen) => {
        const dir = join(await tempDir(), 'incident')
        await cp(origin.dir, dir, { recursive: true })
        const append = (await testJournal(dir)).append
        for (const { id } of chosen) await erase(dir, await findErasure(dir, id), reason, append)
        const report = await verifyJournal(dir)
        expect(report.whole).toBe(true)
        const erased = report.writers.flatMap((writer) => writer.erased ?? []).map(({ event }) => event)
        expect(erased.sort()).toEqual(chosen.map(({ id }) => id).sort())
        const bytes = await journalBytes(dir)
        for (const { salt } of chosen) expect(bytes).not.toContain(salt)
      }),
      { numRuns: process.env.SITREP_FULL ? 200 : 15 },
    )
  })
})

describe('an erasure that was begun and not finished', () => {
  const child = join(import.meta.dirname, 'erase.child.ts')
  const killAt = join(import.meta.dirname, 'killAt.ts')
  const run = (dir: string, id: string, at: number, half: boolean) =>
    execa(process.execPath, ['--import', killAt, child, dir, id], {
      reject: false,
      env: { KILL_AT: `${at}`, KILL_HALF: half ? '1' : '0' },
    })

  it('fault 40: kill -9 at any operation on a file: carried out again, or never begun', {
    timeout: 600_000,
  }, async () => {
    const origin = await recorded()
    // Only one event names the artifact, so that it goes too.
    await erase(
      origin.dir,
      await findErasure(origin.dir, origin.commands[0]!.id),
      reason,
      await appender(origin.dir),
    )
    const { id, salt } = origin.commands[1]!
    const copy = async () => {
      const dir = join(await tempDir(), 'incident')
      await cp(origin.dir, dir, { recursive: true })
      return dir
    }
    const total = Number((await run(await copy(), id, 0, false)).stdout)
    expect(total).toBeGreaterThan(10)
    const begun: boolean[] = []
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: total }), fc.boolean(), async (operation, half) => {
        const dir = await copy()
        expect((await run(dir, id, operation, half)).signal).toBe('SIGKILL')
        const [redo] = (await readdir(dir)).filter((name) => /^erase-.*\.json$/.test(name))
        begun.push(redo !== undefined)
        if (redo !== undefined) expect(await readFile(join(dir, redo), 'utf8')).not.toContain(salt)
        const finished = await finishErasures(dir, await appender(dir))
        expect(finished.length).toBe(redo === undefined ? 0 : 1)
        expect((await verifyJournal(dir)).whole).toBe(true)
        const gone = !(await journalBytes(dir)).includes(salt!)
        if (redo !== undefined) expect(gone).toBe(true)
        if (!gone) await erase(dir, await findErasure(dir, id), reason, await appender(dir))
        expect(await verifyJournal(dir)).toMatchObject({
          whole: true,
          artifacts: { checked: 0, bad: [], unnamed: [] },
        })
        expect(await journalBytes(dir)).not.toContain(salt)
        expect(await finishErasures(dir, await appender(dir))).toEqual([])
        const told = (await readJournal(dir)).records.filter(({ type }) => type === 'erased')
        expect(told).toHaveLength(2)
      }),
      { numRuns: process.env.SITREP_FULL ? 300 : 20 },
    )
    expect(begun).toContain(true)
  })

  it('is left to the process that is at it, as long as that one lives', async () => {
    const { dir, story } = await recorded()
    const { line } = (await findErasure(dir, story[4]!.id)).event!
    const { hostname } = await import('node:os')
    const began = new Date().toISOString()
    const redo = { v: 1, pid: process.ppid, host: hostname(), at: began, reason, line, files: [] }
    const path = join(dir, 'erase-01234567-89ab-cdef-0123-456789abcdef.json')
    await writeFile(path, JSON.stringify(redo))
    expect(await finishErasures(dir, await appender(dir))).toEqual([
      { event: story[4]!.id, files: [], reason, under_way: process.ppid },
    ])
    await writeFile(path, JSON.stringify({ ...redo, files: ['../../x'] }))
    await expect(finishErasures(dir, await appender(dir))).rejects.toThrow('does not have its form')
    await writeFile(
      path,
      JSON.stringify({ ...redo, pid: 2 ** 22 + 1, line: { ...line, start: line.start + 1 } }),
    )
    await expect(finishErasures(dir, await appender(dir))).rejects.toThrow('does not stand any more')
    expect((await verifyJournal(dir)).whole).toBe(true)
    // By now the number is another process's.
    const long = new Date(Date.now() - 3_700_000).toISOString()
    await writeFile(path, JSON.stringify({ ...redo, at: long }))
    expect(await finishErasures(dir, await appender(dir))).toEqual([
      { event: story[4]!.id, files: [], reason },
    ])
    expect(await journalBytes(dir)).not.toContain(story[4]!.salt)
  })

  it('verify tells it and writes nothing; one that can not be read is told too', async () => {
    const { dir, story } = await recorded()
    const { line } = (await findErasure(dir, story[4]!.id)).event!
    const redo = { v: 1, pid: 2 ** 22 + 1, host: 'elsewhere', at, reason, line, files: [] }
    const path = join(dir, 'erase-01234567-89ab-cdef-0123-456789abcdef.json')
    await writeFile(path, JSON.stringify(redo))
    const before = await journalBytes(dir)
    expect(await verifyJournal(dir)).toMatchObject({
      whole: true,
      erasing: [{ event: story[4]!.id, files: [], reason }],
    })
    await writeFile(path, '{')
    expect(await verifyJournal(dir)).toMatchObject({
      whole: true,
      erasing: [{ problem: expect.stringContaining('does not have its form') }],
    })
    expect(await journalBytes(dir)).toBe(before)
  })

  it('a redo file decides nothing that the line and its chain do not: another text, an erasure itself, other files', async () => {
    const { dir, story, commands, file } = await recorded()
    await erase(dir, await findErasure(dir, story[3]!.id), reason, await appender(dir))
    const { line } = (await findErasure(dir, story[4]!.id)).event!
    const erased = (await readJournal(dir)).records.find(({ type }) => type === 'erased')!
    const told = await readFile(join(dir, 'journal', `${erased.writer}.jsonl`), 'utf8')
    const { data: _data, salt: _salt, ...bare } = erased
    const own = {
      id: erased.id,
      writer: erased.writer,
      start: told.split('\n')[0]!.includes(erased.id) ? 0 : -1,
      bytes: Buffer.byteLength(told.split('\n')[0]!),
      text: JSON.stringify(bare),
    }
    const path = join(dir, 'erase-01234567-89ab-cdef-0123-456789abcdef.json')
    const before = await journalBytes(dir)
    const forged = { ...JSON.parse(line.text), by: 'eve@laptop' }
    for (const change of [
      { line: { ...line, text: JSON.stringify(forged) } },
      { line: { ...line, text: JSON.stringify({ ...forged, hash: recordHashOf(forged) }) } },
      { line: own },
      { line, files: [file] },
    ]) {
      const redo = { v: 1, pid: 2 ** 22 + 1, host: 'elsewhere', at, reason, files: [], ...change }
      await writeFile(path, JSON.stringify(redo))
      await expect(finishErasures(dir, await appender(dir))).rejects.toThrow('does not stand any more')
    }
    expect(await journalBytes(dir)).toBe(before)
    expect(await readdir(join(dir, 'artifacts'))).toHaveLength(1)
    expect(commands).toHaveLength(2)
  })
})
