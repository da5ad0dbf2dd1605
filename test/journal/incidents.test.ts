import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createArtifact, readArtifact, storeArtifact } from '../../src/journal/artifacts.ts'
import { incidentIdOf } from '../../src/journal/ids.ts'
import {
  createIncident,
  declareIncident,
  findIncident,
  incidentDir,
  loadIncident,
  stateRoot,
} from '../../src/journal/incidents.ts'
import { listIncidents } from '../../src/journal/list.ts'
import { openJournal } from '../../src/journal/open.ts'
import { reserveFile } from '../../src/journal/reserve.ts'
import { tempDir, testJournal } from './setup.ts'

const now = () => Date.parse('2026-11-20T23:59:59.999Z')
const clean = (value: unknown) => value

describe('the state root', () => {
  it('is $SITREP_HOME, then $XDG_STATE_HOME/sitrep, then ~/.local/state/sitrep', () => {
    expect(stateRoot({ SITREP_HOME: '/a', XDG_STATE_HOME: '/b' })).toBe('/a')
    expect(stateRoot({ XDG_STATE_HOME: '/b' })).toBe('/b/sitrep')
    expect(stateRoot({ XDG_STATE_HOME: 'relative' })).toMatch(/\.local\/state\/sitrep$/)
    expect(() => stateRoot({ SITREP_HOME: 'here' })).toThrow('absolute')
  })
})

describe('an incident', () => {
  it('has a readable id, and the second of its name gets -2', async () => {
    const root = await tempDir()
    const both = await Promise.all(
      [1, 2].map(() => createIncident({ root, title: 'Core: login → 500!', now })),
    )
    expect(both.map(({ id }) => id).sort()).toEqual([
      '2026-11-20-core-login-500',
      '2026-11-20-core-login-500-2',
    ])
    expect((await stat(both[0]!.dir)).mode & 0o777).toBe(0o700)
  })

  it('that is opened takes back the rights of the folders that it lies in, and of the reserve', async () => {
    const root = await tempDir()
    const { dir } = await createIncident({ root, title: 'Core', now })
    await writeFile(reserveFile(root), 'x')
    for (const path of [root, join(root, 'incidents'), reserveFile(root)]) await chmod(path, 0o755)
    await testJournal(dir)
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
    expect(await Promise.all([root, join(root, 'incidents'), reserveFile(root)].map(modeOf))).toEqual([
      '700',
      '700',
      '600',
    ])
  })

  it('takes its id from any title', () => {
    expect(incidentIdOf('Ärger mit Öl', 0)).toBe('1970-01-01-arger-mit-ol')
    expect(incidentIdOf('../../etc', 0)).toBe('1970-01-01-etc')
    expect(incidentIdOf('停電', 0)).toBe('1970-01-01-incident')
    expect(incidentIdOf('word '.repeat(40), 0).length).toBeLessThan(64)
    expect(incidentIdOf('x'.repeat(400), 0)).toHaveLength(59)
  })

  it('is declared, found by the beginning of its id, loaded and listed', async () => {
    const root = await tempDir()
    const told = { root, by: 'ana@laptop', clean, now, severity: 'sev2' as const }
    const one = await declareIncident({
      ...told,
      title: 'Core login 500',
      started: '2026-11-20T22:00:00.000Z',
      alert: 'paged',
    })
    await one.journal.append('status.changed', { to: 'identified' })
    await one.journal.close()
    const two = await declareIncident({ ...told, title: 'Caddy drift' })
    await two.journal.close()

    expect(await findIncident(root, '2026-11-20-core')).toBe(one.id)
    await expect(findIncident(root, '2026-11-20')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('2 incidents'),
    })
    await expect(findIncident(root, 'x')).rejects.toThrow('no incident x')
    const { incident, problems } = await loadIncident(root, one.id)
    expect(incident).toMatchObject({
      title: 'Core login 500',
      severity: 'sev2',
      status: 'identified',
      alert: 'paged',
    })
    expect(problems).toEqual([])

    await mkdir(join(root, 'incidents', 'empty', 'journal'), { recursive: true })
    await mkdir(join(root, 'incidents', 'broken', 'journal'), { recursive: true })
    await writeFile(join(root, 'incidents', 'broken', 'journal', 'w.jsonl'), 'no json\n')
    const listed = await listIncidents(root)
    expect(listed.incidents).toEqual([
      {
        id: two.id,
        title: 'Caddy drift',
        severity: 'sev2',
        status: 'investigating',
        started: new Date(now()).toISOString(),
        updated: new Date(now()).toISOString(),
      },
      {
        id: one.id,
        title: 'Core login 500',
        severity: 'sev2',
        status: 'identified',
        started: '2026-11-20T22:00:00.000Z',
        updated: new Date(now()).toISOString(),
      },
    ])
    expect(listed.problems).toEqual(['empty: nothing was recorded', 'broken: w line 1: not a JSON object'])
  })

  it.each<[string, number, (line: string) => string, string]>([
    ['a first line that is cut', 0, (line) => line.slice(0, 40), 'line 1: not a JSON object'],
    [
      'a first line whose time is none',
      0,
      (line) => line.replace(/"at":"[^"]*"/, '"at":"yesterday"'),
      'line 1: the field at is not a time in UTC',
    ],
    [
      'a first line without the form of its type',
      0,
      (line) => line.replace('"title":', '"titel":'),
      'no record that can be read declares it',
    ],
    [
      'a last line whose time is none',
      2,
      (line) => line.replace(/"at":"[^"]*"/, '"at":"2026-13-45"'),
      'line 3: the field at is not a time in UTC',
    ],
    ['a last line that is none', 2, () => 'edited', 'line 3: not a JSON object'],
    ['a line in the middle that is cut', 1, (line) => line.slice(0, -9), 'line 2: not a JSON object'],
  ])('is listed as far as it can be read, and its problem told: %s', async (_, index, edit, problem) => {
    const root = await tempDir()
    const o = { root, now, by: 'ana@laptop', clean, severity: 'sev2' as const }
    const { id, dir, journal } = await declareIncident({ ...o, title: 'Core login 500' })
    await journal.append('status.changed', { to: 'identified' })
    await journal.append('note.added', { text: 'Looked', at: new Date(now()).toISOString() })
    await journal.close()
    const path = join(dir, 'journal', `${journal.writer}.jsonl`)
    const lines = (await readFile(path, 'utf8')).split('\n')
    lines[index] = edit(lines[index]!)
    await writeFile(path, lines.join('\n'))
    const { incidents, problems } = await listIncidents(root)
    expect(incidents).toEqual([
      {
        id,
        title: index === 0 ? id : 'Core login 500',
        severity: index === 0 ? 'sev3' : 'sev2',
        status: index === 1 ? 'investigating' : 'identified',
        started: new Date(now()).toISOString(),
        updated: new Date(now()).toISOString(),
      },
    ])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`${id}: `)
    expect(problems[0]).toContain(problem)
  })

  it('that was written anew with blanks between its keys is listed like any other', async () => {
    const root = await tempDir()
    const o = { root, now, by: 'ana@laptop', clean, severity: 'sev2' as const }
    const { id, dir, journal } = await declareIncident({ ...o, title: 'Core login 500' })
    await journal.close()
    const path = join(dir, 'journal', `${journal.writer}.jsonl`)
    const line = await readFile(path, 'utf8')
    await writeFile(path, line.replaceAll('":', '": '))
    expect(await listIncidents(root)).toMatchObject({
      incidents: [{ id, title: 'Core login 500', severity: 'sev2' }],
      problems: [],
    })
  })

  it('is listed by what a summary needs, wherever it stands in a long journal, and by several writers', async () => {
    const root = await tempDir()
    const told = { root, by: 'ana@laptop', clean, severity: 'sev2' as const }
    const { id, dir, journal } = await declareIncident({ ...told, title: 'Core login 500' })
    const text = '"type":"status.changed" is said in a note '.repeat(100)
    const note = { text, at: new Date().toISOString() }
    await Promise.all(Array.from({ length: 300 }, () => journal.append('note.added', note)))
    const other = await openJournal({ dir, by: 'bob@desk', clean })
    await journal.append('status.changed', { to: 'resolved' })
    await Promise.all(Array.from({ length: 300 }, () => journal.append('note.added', note)))
    other.observe({ hlc: (await journal.append('note.added', note)).hlc })
    await other.append('incident.changed', { title: 'Core login', severity: 'sev1' })
    const last = await other.append('note.added', note)
    // A line that is none, one with its type elsewhere, and one that was never finished change nothing but what is told.
    const odd = JSON.stringify({ odd: 'x', kind: 'status.closed' })
    await writeFile(join(dir, 'journal', 'odd.jsonl'), `no json\n${odd}\n{"v":1,"type":"status.`)
    const { incidents, problems } = await listIncidents(root)
    expect(problems).toEqual([
      expect.stringContaining(`${id}: odd line 1: not a JSON object; odd line 2: the field`),
    ])
    expect(incidents).toEqual([
      expect.objectContaining({
        id,
        title: 'Core login',
        severity: 'sev1',
        status: 'resolved',
        updated: last.at,
      }),
    ])
    expect((await loadIncident(root, id)).incident.status).toBe('resolved')
    await other.close()
    await journal.close()
  })

  it('there is none where nothing was ever declared, and no id leaves the folder', async () => {
    expect(await listIncidents(await tempDir())).toEqual({ incidents: [], problems: [] })
    expect(() => incidentDir('/root', '../x')).toThrow('not an incident id')
    expect(() => incidentDir('/root', '-x')).toThrow('not an incident id')
  })
})

describe('an artifact', () => {
  it('comes back as it was, under the sha256 of its stored bytes', async () => {
    const dir = await tempDir()
    const text = 'ünïcode\n'.repeat(10_000)
    const { sha256, bytes, cut } = await storeArtifact(dir, text)
    expect(cut).toBe(false)
    expect(bytes).toBe(Buffer.byteLength(text))
    expect(await readArtifact(dir, sha256)).toBe(text)
    expect((await stat(join(dir, 'artifacts', `${sha256}.gz`))).mode & 0o777).toBe(0o600)
  })

  it('is cut at its limit with the rest told, between characters, and stays cut', async () => {
    const dir = await tempDir()
    const writer = await createArtifact(dir, { limit: 10 })
    writer.write('12345678')
    writer.write('9üü')
    writer.write('x')
    const { sha256, bytes, cut } = await writer.end()
    expect({ bytes, cut }).toEqual({ bytes: 9, cut: true })
    expect(await readArtifact(dir, sha256)).toBe('123456789\n‹cut: 5 more bytes›\n')
  })

  it('that was changed, or has no sha256 for a name, is refused; one that is abandoned leaves nothing', async () => {
    const dir = await tempDir()
    const one = await storeArtifact(dir, 'one')
    const two = await storeArtifact(dir, 'two')
    const path = (sha256: string) => join(dir, 'artifacts', `${sha256}.gz`)
    const { readFile } = await import('node:fs/promises')
    await writeFile(path(one.sha256), await readFile(path(two.sha256)))
    await expect(readArtifact(dir, one.sha256)).rejects.toThrow('was changed')
    await expect(readArtifact(dir, '../x')).rejects.toThrow('not a sha256')
    const gone = await createArtifact(dir)
    gone.write('x')
    await gone.abandon()
    expect(await readdir(join(dir, 'artifacts'))).toHaveLength(2)
  })
})
