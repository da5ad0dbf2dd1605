import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storeArtifact } from '../../src/journal/artifacts.ts'
import { checkpointOf, readCheckpoint } from '../../src/journal/checkpoint.ts'
import { createClock } from '../../src/journal/clock.ts'
import { erase, findErasure } from '../../src/journal/erase.ts'
import { recordHashOf } from '../../src/journal/hash.ts'
import { readJournal } from '../../src/journal/read.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import {
  checkpointHash,
  checkpointOfIncident,
  parseCheckpoint,
  sayCheckpoint,
} from '../../src/model/checkpoint.ts'
import { foldAll } from '../../src/model/reduce.ts'
import { renderPostmortem } from '../../src/postmortem/render.ts'
import { templates } from '../../src/postmortem/templates/index.ts'
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

/** What is bad in the file of one writer. */
async function firstBad(dir: string, writer: string) {
  return (await verifyJournal(dir)).writers.find((report) => report.writer === writer)?.first_bad
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

  it('fault 42: any removed, swapped, repeated or cut records: the first line that is not as it was is named', async () => {
    const { dir, path, lines } = await recorded()
    const index = fc.nat(lines.length - 1)
    const change = fc.oneof(
      index.map((at) => lines.toSpliced(at, 1)),
      fc.tuple(index, index).map(([a, b]) => lines.with(a, lines[b]!).with(b, lines[a]!)),
      fc.tuple(index, fc.nat(lines.length)).map(([from, to]) => lines.toSpliced(to, 0, lines[from]!)),
      index.map((length) => lines.slice(0, length)),
    )
    await fc.assert(
      fc.asyncProperty(change, async (changed) => {
        fc.pre(changed.join() !== lines.join())
        await writeFile(path, changed.map((line) => `${line}\n`).join(''))
        const first = changed.findIndex((line, at) => line !== lines[at])
        const report = await verifyJournal(dir)
        expect(report.whole).toBe(false)
        expect(report.writers[0]!.first_bad!.line).toBe((first < 0 ? changed.length : first) + 1)
      }),
      { numRuns: process.env.SITREP_FULL ? 2000 : 150 },
    )
  })

  it('blanks fill up the line of an erased record, and of no other', async () => {
    const { dir, path, lines, records } = await recorded()
    await erase(dir, await findErasure(dir, records[5]!.id), 'a password', (await testJournal(dir)).append)
    expect((await verifyJournal(dir)).whole).toBe(true)
    const bytes = await readFile(path)
    const end = bytes.indexOf('\n', bytes.indexOf(`"id":"${records[5]!.id}"`))
    expect(bytes.subarray(end - 20, end).toString()).toBe(' '.repeat(20))
    bytes[end - 3] = 0x09
    await writeFile(path, bytes)
    expect(await firstBad(dir, records[0]!.writer)).toMatchObject({ line: 6, id: records[5]!.id })
    await writeFile(path, `${lines.with(2, `${lines[2]!}  `).join('\n')}\n`)
    expect((await firstBad(dir, records[0]!.writer))?.reason).toContain('not as it was written')
  })

  it('an erased record that has its data again, or kept its salt, is named', async () => {
    const { dir, path, lines, records } = await recorded()
    await erase(dir, await findErasure(dir, records[5]!.id), 'a password', (await testJournal(dir)).append)
    await writeFile(path, `${lines.join('\n')}\n`)
    expect(await firstBad(dir, records[0]!.writer)).toMatchObject({
      line: 6,
      reason: 'it was erased, but its data is still here',
    })
    const { data: _data, ...salted } = JSON.parse(lines[5]!)
    await writeFile(path, `${lines.with(5, JSON.stringify(salted)).join('\n')}\n`)
    expect((await firstBad(dir, records[0]!.writer))?.reason).toContain('salt')
  })

  it('what can not be hashed is bad, and ends nothing', async () => {
    const { dir, path, lines } = await recorded()
    const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    for (const data of ['{"text":"\\ud800"}', deep]) {
      const line = lines[3]!.replace(/"data":.*,"salt"/, () => `"data":${data},"salt"`)
      expect(line).not.toBe(lines[3])
      await writeFile(path, `${lines.with(3, line).join('\n')}\n`)
      expect((await verifyJournal(dir)).writers[0]!.first_bad).toMatchObject({ line: 4 })
    }
    await writeFile(path, Buffer.concat([Buffer.from(lines[0]!), Buffer.from([0xff, 0x0a])]))
    expect((await verifyJournal(dir)).writers[0]!.first_bad).toMatchObject({ line: 1 })
  })

  it('a folder that is named as a journal is told, and ends no reading', async () => {
    const { dir, records } = await recorded()
    await mkdir(join(dir, 'journal', 'x.jsonl'))
    const report = await verifyJournal(dir)
    expect(report.whole).toBe(false)
    expect(report.writers).toContainEqual({
      writer: 'x',
      records: 0,
      first_bad: { line: 1, seq: 1, reason: 'it is no regular file' },
    })
    const read = await readJournal(dir)
    expect(read.records).toHaveLength(records.length)
    expect(read.problems).toEqual([{ writer: 'x', line: 1, reason: 'it is no regular file' }])
    await (await testJournal(dir)).close()
  })

  it('a record out of its place still says which files there are', async () => {
    const dir = join(await tempDir(), 'incident')
    const journal = await testJournal(dir)
    const { sha256, bytes } = await storeArtifact(dir, 'all of its output')
    const ran = { host: 'core-1', command: 'ps', endedBy: 'exit', exitCode: 0, ms: 3, stdout: '', stderr: '' }
    await journal.append('note.added', { text: 'x', at: '2026-11-20T22:16:00.000Z' })
    await journal.append('command.ran', { ...ran, artifact: { sha256, bytes } } as never)
    await journal.close()
    const path = join(dir, 'journal', `${journal.writer}.jsonl`)
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    await writeFile(path, `${lines.reverse().join('\n')}\n`)
    expect(await verifyJournal(dir)).toMatchObject({
      whole: false,
      artifacts: { checked: 1, bad: [], unnamed: [] },
    })
  })

  it('a folder without a journal proves nothing', async () => {
    expect(await verifyJournal(await tempDir())).toMatchObject({ whole: false, writers: [] })
  })

  it('an unknown type and a later version are kept and verify', async () => {
    const { dir, path, lines } = await recorded()
    await appendFile(path, `${JSON.stringify({ ...JSON.parse(lines[0]!), v: 2, type: 'x' })}\n`)
    const { records, problems } = await readJournal(dir)
    expect(records.some(({ v }) => (v as number) === 2)).toBe(true)
    expect(problems).toEqual([])
  })
})

describe('the files beside the journal', () => {
  /** An artifact that a command names, a closed part of a log, and an open one. */
  async function withFiles() {
    const dir = join(await tempDir(), 'incident')
    const journal = await testJournal(dir)
    const { sha256, bytes } = await storeArtifact(dir, 'all of its output')
    const ran = { host: 'core-1', command: 'ps', endedBy: 'exit', exitCode: 0, ms: 3, stdout: '', stderr: '' }
    const command = await journal.append('command.ran', { ...ran, artifact: { sha256, bytes } })
    const folder = join(dir, 'logs', 'core-1-pm2-core')
    await mkdir(folder, { recursive: true })
    const part = 'logs/core-1-pm2-core/1.log.gz'
    const stored = gzipSync('a line\n')
    await writeFile(join(dir, part), stored)
    await writeFile(join(folder, '2.log'), 'another\n')
    const kept = await journal.append('log.kept', {
      host: 'core-1',
      source: 'pm2:core',
      file: part,
      sha256: createHash('sha256').update(stored).digest('hex'),
      bytes: 7,
      lines: 1,
      from: at,
      to: at,
    })
    await journal.close()
    return { dir, journal, artifact: `artifacts/${sha256}.gz`, command, part, kept }
  }
  const at = '2026-11-20T22:16:00.000Z'

  it('are as events name them; what no event names is told and not bad', async () => {
    const { dir } = await withFiles()
    await writeFile(join(dir, 'artifacts', 'x.part'), 'y')
    expect(await verifyJournal(dir)).toMatchObject({
      whole: true,
      artifacts: { checked: 1, bad: [], unnamed: ['artifacts/x.part'] },
      logs: { checked: 1, bad: [], open: ['logs/core-1-pm2-core/2.log'] },
    })
  })

  it('fault 42: a changed byte, a missing file, a link in its place', async () => {
    const { dir, artifact, command, part, kept } = await withFiles()
    const [stored, closed] = [await readFile(join(dir, artifact)), await readFile(join(dir, part))]
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.nat(closed.length - 1), fc.nat(7), async (a, b, bit) => {
        const changed = [stored, closed].map((bytes) => Buffer.from(bytes))
        changed[0]![a]! ^= 1 << bit
        changed[1]![b]! ^= 1 << bit
        await writeFile(join(dir, artifact), changed[0]!)
        await writeFile(join(dir, part), changed[1]!)
        const reason = 'its bytes were changed: the sha256 does not fit'
        expect(await verifyJournal(dir)).toMatchObject({
          whole: false,
          artifacts: { bad: [{ file: artifact, event: command.id, reason }] },
          logs: { bad: [{ file: part, event: kept.id, reason }] },
        })
      }),
      { numRuns: 30 },
    )
    await rm(join(dir, artifact))
    await rm(join(dir, part))
    await symlink('/etc/passwd', join(dir, part))
    expect(await verifyJournal(dir)).toMatchObject({
      whole: false,
      artifacts: { bad: [{ reason: 'it is missing' }] },
      logs: { bad: [{ reason: 'it is no regular file' }] },
    })
  })

  it('a part that was dropped or erased by an event may be gone; one that was erased may not be back', async () => {
    const { dir, part, artifact } = await withFiles()
    const stored = await readFile(join(dir, artifact))
    const { append } = await testJournal(dir)
    await rm(join(dir, part))
    await append('log.dropped', { file: part, reason: 'the bound' })
    await erase(dir, await findErasure(dir, artifact), 'a password', append)
    expect(await verifyJournal(dir)).toMatchObject({
      whole: true,
      artifacts: { checked: 0 },
      logs: { checked: 0 },
    })
    await writeFile(join(dir, artifact), stored)
    expect((await verifyJournal(dir)).artifacts.bad).toMatchObject([
      { reason: 'it was erased, but it is still here' },
    ])
  })

  it('a name that leads elsewhere is not followed', async () => {
    const { dir } = await withFiles()
    const { append } = await testJournal(dir)
    const kept = { host: 'h', source: 's', sha256: 'a'.repeat(64), bytes: 1, lines: 1, from: at, to: at }
    for (const file of ['logs/../../../etc/passwd', '/etc/passwd', 'logs/', 'logs/.hidden'])
      await append('log.kept', { ...kept, file })
    expect(await verifyJournal(dir)).toMatchObject({ whole: true, logs: { checked: 1 } })
  })
})

describe('a checkpoint that was kept elsewhere', () => {
  /** Three consoles, one after the other; the checkpoint after the second in each form that it is printed in. */
  async function kept() {
    const dir = join(await tempDir(), '2026-11-20-core')
    const note = async (by: string, texts: string[]) => {
      const journal = await testJournal(dir, { by })
      for (const text of texts) await journal.append('note.added', { text, at: '2026-11-20T22:16:00.000Z' })
      await journal.close()
      return join(dir, 'journal', `${journal.writer}.jsonl`)
    }
    const path = await note('ben@laptop', ['one', 'two', 'three'])
    await note('ana@laptop', ['four'])
    const { records } = await readJournal(dir)
    const incident = foldAll(records, '2026-11-20-core')
    const checkpoint = await checkpointOf(dir)
    const forms = {
      export: renderPostmortem(incident, templates[0]!),
      'checkpoint.json': await readFile(join(dir, 'checkpoint.json'), 'utf8'),
      line: `postmortem: /home/ana/p.md\n${sayCheckpoint(checkpoint)}\n`,
    }
    await note('eve@laptop', ['five'])
    return { dir, path, forms, checkpoint }
  }
  const against = (forms: Record<string, string>) =>
    Object.entries(forms).map(([source, text]) => ({ source, checkpoint: parseCheckpoint(text)! }))

  it('is read from an export, a checkpoint.json and the printed line, and the record that went on holds', async () => {
    const { dir, forms, checkpoint } = await kept()
    expect(parseCheckpoint(forms.export)).toEqual(checkpoint)
    expect(parseCheckpoint(forms['checkpoint.json'])).toEqual(checkpoint)
    const seqs = checkpoint.writers.map(({ writer, seq }) => ({ writer: writer.slice(-12), seq }))
    expect(parseCheckpoint(forms.line)).toEqual({
      incident: '2026-11-20-core',
      seqs,
      hash: checkpointHash(checkpoint),
    })
    // As it is copied from a terminal of 80 columns, and from one that broke the line at its blanks.
    const broken = [forms.line.replace(/.{80}/g, '$&\n'), forms.line.replace(/ +/g, '\n')]
    for (const text of broken) expect(parseCheckpoint(text)).toEqual(parseCheckpoint(forms.line))
    for (const changed of [forms.line.replace(/:3/, ':2'), forms.line.replace(/ \([^)]*\)/, '')])
      expect(parseCheckpoint(changed)).toBeUndefined()
    const report = await verifyJournal(dir, { against: against(forms) })
    expect(report).toMatchObject({
      whole: true,
      against: [{}, ...Object.keys(forms).map(() => ({ records: 4 }))],
    })
    expect(report.against.every(({ problem }) => problem === undefined)).toBe(true)
  })

  it('fault 42: shows a cut tail where nothing in the folder does', async () => {
    const { dir, path, forms } = await kept()
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    await writeFile(path, `${lines.slice(0, 2).join('\n')}\n`)
    await rm(join(dir, 'checkpoint.json'))
    expect(await verifyJournal(dir)).toMatchObject({ whole: true, held: false, against: [] })
    for (const name of ['export', 'checkpoint.json', 'line'] as const) {
      const report = await verifyJournal(dir, { against: against({ [name]: forms[name] }) })
      const reason = `the tail is cut: ${name} saw 3 records`
      expect(report.writers.find(({ records }) => records === 2)!.first_bad).toMatchObject({
        line: 3,
        reason,
      })
    }
    await rm(path)
    const report = await verifyJournal(dir, { against: against({ line: forms.line }) })
    expect(report).toMatchObject({ whole: false, held: true })
    expect(report.writers.find(({ records }) => records === 0)!.first_bad!.reason).toBe(
      'the file is gone; line saw 3 records',
    )
  })

  it('the line of a console that had not read all of another one holds: what was made is no moment in the order', async () => {
    const dir = join(await tempDir(), '2026-11-20-core')
    const [early, late] = [
      await testJournal(dir, { now: () => 1000 }),
      await testJournal(dir, { now: () => 9e9 }),
    ]
    const note = { text: 'x', at: '2026-11-20T22:16:00.000Z' }
    const [one] = [await early.append('note.added', note), await early.append('note.added', note)]
    const own = await late.append('note.added', note)
    // The second one has seen one of the two records that come before its own.
    const line = sayCheckpoint(checkpointOfIncident(foldAll([one, own], '2026-11-20-core')))
    const report = await verifyJournal(dir, { against: against({ line: `${line}\n` }) })
    expect(report).toMatchObject({ whole: true, against: [{ source: 'line', records: 2 }] })
    expect(report.against[0]!.problem).toBeUndefined()
  })

  it('fault 42: the line shows a chain that was made anew up to the same numbers', async () => {
    const { dir, path, forms } = await kept()
    await rm(join(dir, 'checkpoint.json'))
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    const last = JSON.parse(lines[2]!)
    const forged = { ...last, by: 'eve@laptop', hash: recordHashOf({ ...last, by: 'eve@laptop' }) }
    await writeFile(path, `${lines.with(2, JSON.stringify(forged)).join('\n')}\n`)
    expect((await verifyJournal(dir)).whole).toBe(true)
    const report = await verifyJournal(dir, { against: against({ line: forms.line }) })
    expect(report).toMatchObject({ whole: false, against: [{ problem: expect.stringContaining('changed') }] })
  })

  it('a writer whose name is no plain word adds nothing to the line that a terminal would act on', () => {
    const hash = `sha256:${'a'.repeat(64)}`
    const writers = [{ writer: 'x\u001b[31m (y) 3', seq: 2, hash }]
    const line = sayCheckpoint({ incident: 'a', writers })
    expect(line).toMatch(/ {2}\(x\?\?31m\?\?y\?\?3:2\)$/)
    expect(parseCheckpoint(line)).toMatchObject({ seqs: [{ seq: 2 }] })
  })

  it('a changed one is no checkpoint; one in the folder that was changed is told', async () => {
    const { dir, forms } = await kept()
    expect(parseCheckpoint(forms.export.replace(/\| 3 +\|/, '| 2 |'))).toBeUndefined()
    expect(parseCheckpoint('# A postmortem')).toBeUndefined()
    expect(parseCheckpoint('{"writers":[{}]}')).toBeUndefined()
    await writeFile(join(dir, 'checkpoint.json'), forms['checkpoint.json'].slice(0, -10))
    const report = await verifyJournal(dir)
    expect(report).toMatchObject({
      whole: false,
      against: [{ problem: 'checkpoint.json is not as it was written' }],
    })
  })

  it('consoles that close at once, one of them with a lock that was left, take nothing back from one another', async () => {
    const dir = join(await tempDir(), '2026-11-20-core')
    const journals = await Promise.all(Array.from({ length: 12 }, () => testJournal(dir)))
    for (const { append } of journals)
      await append('note.added', { text: 'x', at: '2026-11-20T22:16:00.000Z' })
    await writeFile(join(dir, 'checkpoint.lock'), `${2 ** 22 + 1} ${hostname()} left`)
    // Each one's file is gone as soon as it has closed: only what was written knows it.
    await Promise.all(
      journals.map(async (journal) => {
        await journal.close()
        await rm(join(dir, 'journal', `${journal.writer}.jsonl`))
      }),
    )
    expect((await readCheckpoint(dir))!.writers.map(({ writer }) => writer).sort()).toEqual(
      journals.map(({ writer }) => writer).sort(),
    )
    expect(await readdir(dir)).toEqual(['checkpoint.json', 'journal'])
  })

  it('closing a console does not cover up a last record that was changed', async () => {
    const { dir, path } = await kept()
    const before = await readCheckpoint(dir)
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    const last = JSON.parse(lines[2]!)
    const forged = { ...last, by: 'eve@laptop', hash: recordHashOf({ ...last, by: 'eve@laptop' }) }
    await writeFile(path, `${lines.with(2, JSON.stringify(forged)).join('\n')}\n`)
    await (await testJournal(dir)).close()
    expect((await readCheckpoint(dir))!.writers).toEqual(expect.arrayContaining(before!.writers))
    expect((await verifyJournal(dir)).writers.find(({ first_bad }) => first_bad)!.first_bad!.reason).toBe(
      'it is not the record that checkpoint.json saw',
    )
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
