import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Header, Pax } from 'tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { archiveName, writeArchive } from '../../src/journal/archive.ts'
import { storeArtifact } from '../../src/journal/artifacts.ts'
import { findErasure, finishErasures } from '../../src/journal/erase.ts'
import { incidentDir, loadIncident } from '../../src/journal/incidents.ts'
import { locate } from '../../src/journal/locate.ts'
import { contentsOf, removeIncident } from '../../src/journal/remove.ts'
import { takeIn } from '../../src/journal/takeIn.ts'
import { verifyJournal } from '../../src/journal/verify.ts'
import { recordStory, tempDir, testJournal } from './setup.ts'

const id = '2026-11-20-core-login-500'
let root: string
let dir: string
let temporary: string
let elsewhere: string
const before = process.env.TMPDIR

beforeEach(async () => {
  root = await tempDir()
  dir = incidentDir(root, id)
  elsewhere = await tempDir()
  // Archives are unpacked below the temporary folder: what is left there is seen.
  temporary = join(elsewhere, 'tmp')
  await mkdir(temporary)
  process.env.TMPDIR = temporary
})

afterEach(() => {
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
})

const archived = async () => (await writeArchive(dir, join(elsewhere, archiveName(id)))).path
const state = () => readdir(root, { recursive: true })

/** Every file below a folder with its mode and content. */
async function tree(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const stats = await stat(join(folder, name))
    const content = stats.isFile() ? (await readFile(join(folder, name))).toString('base64') : ''
    found[name] = `${(stats.mode & 0o777).toString(8)} ${content}`
  }
  return found
}

describe('an archive', () => {
  it('holds the whole folder, is 0600, reads as an incident, and by plain tar', async () => {
    await recordStory(dir)
    await storeArtifact(dir, 'a whole output\n'.repeat(1000))
    await mkdir(join(dir, 'logs', 'core-1-unit-core'), { recursive: true, mode: 0o700 })
    const long = `${'ö'.repeat(100)}.log`
    await writeFile(join(dir, 'logs', 'core-1-unit-core', long), 'a line\n', { mode: 0o600 })
    await writeFile(join(dir, 'empty.md'), '', { mode: 0o600 })
    const written = await writeArchive(dir, join(elsewhere, 'one.tgz'))
    expect(written).toMatchObject({ files: Object.keys(await tree(dir)).length - 4, leftOut: [] })
    expect((await stat(written.path)).mode & 0o777).toBe(0o600)
    expect((await stat(written.path)).size).toBe(written.bytes)
    const summed = spawnSync('sha256sum', [written.path]).stdout.toString()
    expect(summed.slice(0, 64)).toBe(written.sha256)

    const listed = spawnSync('tar', ['tzf', written.path], { env: { ...process.env, LC_ALL: 'C.UTF-8' } })
    expect(listed.stderr.toString()).toBe('')
    expect(listed.stdout.toString().split('\n')).toEqual(
      expect.arrayContaining([`${id}/`, `${id}/checkpoint.json`, `${id}/empty.md`]),
    )

    const located = await locate(root, written.path)
    expect(located).toMatchObject({ id, archive: written.path })
    expect(await tree(located.dir)).toEqual(await tree(dir))
    expect((await stat(located.root)).mode & 0o777).toBe(0o700)
    expect(await verifyJournal(located.dir)).toMatchObject({ whole: true })
    const [one, two] = [await loadIncident(root, id), await loadIncident(located.root, id)]
    expect(two.incident).toEqual(one.incident)
    await located[Symbol.asyncDispose]()
    expect(await readdir(temporary)).toEqual([])
  })

  it('leaves out what is no plain file, and tells it', async () => {
    await recordStory(dir)
    await symlink('/etc/hostname', join(dir, 'link'))
    await symlink('/etc', join(dir, 'folder'))
    await writeFile(join(dir, 'odd\u001b[31m.md'), 'x')
    await writeFile(join(dir, 'artifact.part'), 'half of it')
    const { leftOut, path } = await writeArchive(dir, join(elsewhere, 'one.tgz'))
    expect(leftOut).toEqual(['folder', 'link', 'odd\u001b[31m.md'])
    await using located = await locate(root, path)
    expect((await readdir(located.dir)).sort()).toEqual(['checkpoint.json', 'journal'])
  })

  it('replaces no file, is not written into its own folder, and leaves nothing where it fails', async () => {
    await recordStory(dir)
    const file = join(elsewhere, 'there.tgz')
    await writeFile(file, 'mine')
    await expect(writeArchive(dir, file)).rejects.toMatchObject({
      kind: 'usage',
      message: `${file} exists already`,
    })
    expect(await readFile(file, 'utf8')).toBe('mine')
    await symlink(dir, join(elsewhere, 'aside'))
    for (const inside of [
      join(dir, 'x.tgz'),
      join(dir, 'journal', 'x.tgz'),
      join(elsewhere, 'aside', 'x.tgz'),
    ])
      await expect(writeArchive(dir, inside)).rejects.toThrow('the folder that it packs')
    await expect(writeArchive(join(root, 'nothing'), join(elsewhere, 'new.tgz'))).rejects.toThrow('ENOENT')
    await rename(join(dir, 'journal'), join(dir, 'kept'))
    expect((await readdir(elsewhere)).sort()).toEqual(['aside', 'there.tgz', 'tmp'])
    expect(await readdir(dir)).not.toContain('x.tgz')
  })

  it('that is written while two writers record is whole, and holds what was acknowledged before', async () => {
    const one = await testJournal(dir)
    const two = await testJournal(dir)
    const note = { text: 'while it is packed '.repeat(40), at: '2026-11-20T22:00:00.000Z' }
    let writing = true
    let acknowledged = 0
    const write = async (journal: typeof one) => {
      // Bounded, so that a slow machine does not pack ever more.
      while (writing && acknowledged < 4000) {
        await Promise.all(Array.from({ length: 20 }, () => journal.append('note.added', note)))
        acknowledged += 20
      }
    }
    const writers = [write(one), write(two)]
    try {
      for (let round = 0; round < (process.env.SITREP_FULL ? 8 : 3); round++) {
        const least = acknowledged
        const { path } = await writeArchive(dir, join(elsewhere, `${round}.tgz`))
        await using located = await locate(root, path)
        const { whole, writers } = await verifyJournal(located.dir)
        expect(whole).toBe(true)
        const records = writers.reduce((sum, { records }) => sum + records, 0)
        expect(records).toBeGreaterThanOrEqual(least)
      }
    } finally {
      writing = false
      await Promise.all(writers)
    }
    expect(acknowledged).toBeGreaterThan(0)
  }, 60_000)
})

interface Entry {
  path: string
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'FIFO' | 'CharacterDevice' | 'BlockDevice'
  linkpath?: string
  content?: string | Buffer
  /** What the header says, where it lies. */
  size?: number
  mode?: number
}

/** A tar of anything, as an attacker writes it. */
function tarOf(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath, content = '', size, mode = 0o644 }) => {
    const body = Buffer.from(content)
    const data = {
      path,
      type,
      mode,
      size: size ?? body.length,
      ...(linkpath === undefined ? {} : { linkpath }),
    }
    const header = new Header(data)
    const pax = header.encode() ? [new Pax(data).encode()] : []
    return [...pax, header.block ?? Buffer.alloc(0), body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

describe('an archive that anybody may have made', () => {
  const inside = `${id}/journal/w.jsonl`
  const hostile: [string, Entry[], RegExp][] = [
    ['climbs out by ..', [{ path: `${id}/../../../x` }], /no path in an incident/],
    ['begins with ..', [{ path: '../x' }], /no path in an incident/],
    ['is absolute', [{ path: '/tmp/x' }], /no path in an incident/],
    ['is absolute after slashes', [{ path: `//${id}/x` }], /no path in an incident/],
    ['climbs out by a backslash', [{ path: `${id}/..\\..\\x` }], /no path in an incident/],
    ['is a symlink', [{ path: `${id}/journal`, type: 'SymbolicLink', linkpath: '/tmp' }], /SymbolicLink/],
    ['is a hard link', [{ path: `${id}/x`, type: 'Link', linkpath: '/etc/passwd' }], /\(Link\)/],
    ['is a device', [{ path: `${id}/x`, type: 'CharacterDevice' }], /CharacterDevice/],
    ['is a block device', [{ path: `${id}/x`, type: 'BlockDevice' }], /BlockDevice/],
    ['is a pipe', [{ path: `${id}/x`, type: 'FIFO' }], /FIFO/],
    ['is of two incidents', [{ path: inside }, { path: '2026-11-21-other/x' }], /does not belong to/],
    ['is a dot folder', [{ path: '.ssh/authorized_keys' }], /no path in an incident/],
    ['is a file in place of the folder', [{ path: id }], /is no folder/],
    ['carries an escape in a name', [{ path: `${id}/\u001b]0;x\u0007` }], /no path in an incident/],
    ['carries a bidi control in a name', [{ path: `${id}/\u202egnp.md` }], /no path in an incident/],
    ['has a very long path', [{ path: `${id}/${'d/'.repeat(600)}x` }], /too long a path/],
    ['says that it is huge', [{ path: inside, size: 2 ** 40 }], /unpacks to more than/],
    ['is a bomb', [{ path: inside, content: Buffer.alloc(70 << 20) }], /unpacks to more than/],
    ['goes on after what is refused', [{ path: '../x' }, { path: inside, content: 'late' }], /no path in/],
    ['has nothing in it', [], /not a whole archive/],
  ]
  for (const [what, entries, reason] of hostile) {
    it(`is refused where it ${what}; nothing of it is left`, async () => {
      const file = join(elsewhere, 'evil.tgz')
      await writeFile(file, gzipSync(tarOf(entries)))
      await expect(locate(root, file)).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringMatching(reason),
      })
      await expect(takeIn(root, file)).rejects.toMatchObject({ kind: 'usage' })
      expect(await readdir(temporary)).toEqual([])
      expect(await state()).toEqual([])
      expect((await readdir(elsewhere)).sort()).toEqual(['evil.tgz', 'tmp'])
    })
  }

  it('gives no file more rights than 0600, and no folder more than 0700', async () => {
    const file = join(elsewhere, 'modes.tgz')
    const entries: Entry[] = [
      { path: `${id}/`, type: 'Directory', mode: 0o777 },
      { path: `${id}/run.sh`, mode: 0o4777, content: '#!/bin/sh\n' },
      { path: `${id}/deep/er/x`, mode: 0 },
    ]
    await writeFile(file, gzipSync(tarOf(entries)))
    await using located = await locate(root, file)
    const modes = Object.values(await tree(located.dir)).map((entry) => entry.split(' ')[0])
    expect(modes.sort()).toEqual(['600', '600', '700', '700'])
    expect((await stat(located.dir)).mode & 0o7777).toBe(0o700)
  })

  it('brings no unfinished erasure and no lock: they are left out where it is packed, and where it is read', async () => {
    const records = await recordStory(dir)
    const redo = 'erase-01234567-89ab-cdef-0123-456789abcdef.json'
    const { line, ...rest } = { line: (await findErasure(dir, records[4]!.id)).event!.line, files: [] }
    const text = JSON.stringify({
      v: 1,
      pid: 1,
      host: 'x',
      at: records[0]!.at,
      reason: 'mine',
      line,
      ...rest,
    })
    await writeFile(join(dir, redo), text)
    await writeFile(join(dir, 'checkpoint.lock'), 'x')
    const { path, leftOut } = await writeArchive(dir, join(elsewhere, 'packed.tgz'))
    expect(leftOut).toEqual([])
    expect(spawnSync('tar', ['tzf', path]).stdout.toString()).not.toMatch(/erase-|lock/)

    const journal = `journal/${records[0]!.writer}.jsonl`
    const content = await readFile(join(dir, journal))
    const file = join(elsewhere, 'evil.tgz')
    const evil: Entry[] = [
      { path: `${id}/${redo}`, content: text },
      { path: `${id}/${redo.toUpperCase()}/x`, content: text },
      { path: `${id}/${journal}`, content },
      { path: `${id}/checkpoint.lock`, content: 'x' },
    ]
    await writeFile(file, gzipSync(tarOf(evil)))
    const other = await tempDir()
    expect(await takeIn(other, file)).toMatchObject({ taken: true })
    expect(await readdir(incidentDir(other, id))).toEqual(['journal'])
    const taken = await testJournal(incidentDir(other, id))
    expect(await finishErasures(taken.dir, taken.append)).toEqual([])
    expect(await verifyJournal(taken.dir)).toMatchObject({ whole: true, erasing: [] })
  })

  it('is refused where it is cut at any byte, changed, or no archive at all', async () => {
    await (await testJournal(dir)).append('note.added', { text: 'x', at: '2026-11-20T22:00:00.000Z' })
    const bytes = await readFile(await archived())
    const file = join(elsewhere, 'cut.tgz')
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(file, bytes.subarray(0, length))
      await expect(locate(root, file), `${length} bytes`).rejects.toMatchObject({ kind: 'usage' })
    }
    const changed = Buffer.from(bytes)
    changed[bytes.length >> 1]! ^= 1
    for (const wrong of [changed, Buffer.from('hello'), Buffer.alloc(4096), Buffer.alloc(4096, 0x41)]) {
      await writeFile(file, wrong)
      await expect(locate(root, file)).rejects.toMatchObject({ kind: 'usage' })
    }
    for (const none of [elsewhere, join(elsewhere, 'nothing.tgz')])
      await expect(locate(root, none)).rejects.toMatchObject({ kind: 'usage' })
    expect(await readdir(temporary)).toEqual([])
  })
})

describe('what a command is given', () => {
  it('is an id or its beginning, or an archive where it is a path or ends in .tgz', async () => {
    await recordStory(dir)
    const path = await archived()
    for (const word of [id, '2026-11-20-core']) {
      const located = await locate(root, word)
      expect(located).toMatchObject({ id, root, dir })
      expect(located.archive).toBeUndefined()
      await located[Symbol.asyncDispose]()
      expect(await readdir(dir)).toContain('journal')
    }
    await expect(locate(root, 'nothing.tgz')).rejects.toThrow('no incident nothing.tgz')
    await using located = await locate(root, relative(process.cwd(), path))
    expect(located.id).toBe(id)
  })
})

describe('taking in', () => {
  it('puts it under its id, once; what is there with all of it stays as it is', async () => {
    await recordStory(dir)
    const path = await archived()
    const other = await tempDir()
    expect(await takeIn(other, path)).toEqual({ id, taken: true })
    expect(await tree(incidentDir(other, id))).toEqual(await tree(dir))
    expect(await readdir(other)).toEqual(['incidents'])
    expect((await stat(incidentDir(other, id))).mode & 0o777).toBe(0o700)
    await (await testJournal(incidentDir(other, id))).append('status.changed', { to: 'resolved' })
    const later = await tree(incidentDir(other, id))
    expect(await takeIn(other, path)).toEqual({ id, taken: false })
    expect(await tree(incidentDir(other, id))).toEqual(later)
  })

  it('is refused where the incident is there and lacks something of it, or is another', async () => {
    await recordStory(dir)
    const path = await archived()
    const [journal = ''] = await readdir(join(dir, 'journal'))
    const file = join(dir, 'journal', journal)
    const whole = await readFile(file)
    await truncate(file, whole.length - 10)
    await expect(takeIn(root, path)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('differs'),
    })
    whole[100]! ^= 1
    await writeFile(file, whole)
    await expect(takeIn(root, path)).rejects.toThrow('differs')
    await rename(file, join(dir, 'journal', 'another.jsonl'))
    await expect(takeIn(root, path)).rejects.toThrow('differs')
    expect(await readdir(root)).toEqual(['incidents'])
  })

  it('is refused where the record is not whole', async () => {
    await recordStory(dir)
    const [journal = ''] = await readdir(join(dir, 'journal'))
    const file = join(dir, 'journal', journal)
    await writeFile(file, (await readFile(file, 'utf8')).replace('Core', 'Cure'))
    const path = await archived()
    const other = await tempDir()
    await expect(takeIn(other, path)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('not whole'),
    })
    expect(await readdir(other)).toEqual([])
  })
})

describe('deleting', () => {
  it('counts what is there, and removes it with what another deletion left', async () => {
    await recordStory(dir)
    await storeArtifact(dir, 'output')
    await mkdir(join(root, 'deleted-0123456789ab', 'journal'), { recursive: true })
    await recordStory(incidentDir(root, '2026-11-20-other'))
    const contents = await contentsOf(dir)
    expect(contents).toMatchObject({
      journal: { files: 1, bytes: expect.any(Number) },
      artifacts: { files: 1 },
      logs: { files: 0, bytes: 0 },
      other: { files: 1 },
    })
    await removeIncident(root, id)
    expect(await readdir(root)).toEqual(['incidents'])
    expect(await readdir(join(root, 'incidents'))).toEqual(['2026-11-20-other'])
    await expect(removeIncident(root, id)).rejects.toMatchObject({ kind: 'failed' })
  })
})
