import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { action as requireEnv } from '../../src/actions/env.require.ts'
import { action as setEnv } from '../../src/actions/env.set.ts'
import { act, around } from '../helpers/act.ts'
import { secretsOf, tempDir, testSession } from '../helpers/reader.ts'

const text = '# Core\nDB_HOST=db\nDB_PASSWORD="hunter2 hunter2"\nEMPTY=\nSESSION_COOKIE_SECURE=0\n'

/** A session and surroundings with secrets; `known` is what was learned. */
function surroundings(values: Record<string, string> = {}) {
  const secrets = secretsOf(values)
  const known = new Map<string, string>()
  return {
    session: testSession({ secrets }),
    around: {
      secrets, // The first value of a name stays, as with the runner.
      learned: (name: string, value: string) => void (known.has(name) || known.set(name, value)),
    },
    known,
  }
}

describe('env.require', () => {
  it('finds what is there, names what is not, and keeps no value', async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    await writeFile(file, `${text}DB_HOST=db2\n`)
    const s = surroundings()
    const good = await act(
      requireEnv,
      s.session,
      { file, keys: ['DB_HOST', 'DB_PASSWORD'] },
      { around: s.around },
    )
    expect(good.plan).toEqual({
      outcome: 'in_sync',
      because: `${file} holds DB_HOST, DB_PASSWORD`,
      changes: [],
      evidence: ['DB_HOST stands on lines 2, 6; the last one counts'],
    })
    expect(JSON.stringify(good)).not.toContain('hunter2')
    expect([...s.known]).toEqual([[`here:${file}:DB_PASSWORD`, 'hunter2 hunter2']])
    const bad = await act(
      requireEnv,
      s.session,
      { file, keys: ['DB_HOST', 'JWT_PRIVATE_KEY_FILE', 'EMPTY'] },
      { around: s.around },
    )
    expect(bad.plan).toMatchObject({
      outcome: 'cannot_tell',
      because: `${file}: missing: JWT_PRIVATE_KEY_FILE; empty: EMPTY`,
    })
    const p = { file, keys: ['NO'] }
    expect(
      await requireEnv.verify(s.session, p, {
        before: bad.facts,
        applied: [],
        around: around(s.session),
        drawn: { stamp: '', id: '' },
      }),
    ).toEqual({
      verdict: 'failed',
      reason: `${file}: missing: NO`,
    })
  })

  it('says where there is no file', async () => {
    await using dir = await tempDir()
    const { plan } = await act(requireEnv, testSession(), { file: dir.at('.env'), keys: ['A'] })
    expect(plan).toMatchObject({ outcome: 'cannot_tell', because: expect.stringContaining('does not exist') })
  })

  it('does not read what is not text', async () => {
    await using dir = await tempDir()
    await writeFile(dir.at('.env'), Buffer.from([0x41, 0x3d, 0xff, 0xfe]))
    await expect(act(requireEnv, testSession(), { file: dir.at('.env'), keys: ['A'] })).rejects.toThrow(
      /not UTF-8/,
    )
  })
})

describe('env.set', () => {
  it('edits, verifies, is in sync the second time, and its undo brings the bytes back', async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    await writeFile(file, text)
    await chmod(file, 0o600)
    const s = surroundings({ db: 'correct horse' })
    const params = {
      file,
      set: {
        SESSION_COOKIE_SECURE: 1,
        DB_PASSWORD: { secret: 'db' },
        EMPTY: null,
        CORE_APP_ID: 'ca7c3e96-b8cd-4fa9-8222-30ead3b95186',
      },
    }
    const acted = await act(setEnv, s.session, params, { around: s.around })
    expect(acted.plan.because).toBe(
      'SESSION_COOKIE_SECURE 0 → 1; changes DB_PASSWORD (secret); removes EMPTY; adds CORE_APP_ID=ca7c3e96-b8cd-4fa9-8222-30ead3b95186',
    )
    const { diff } = acted.plan.changes[0]!.do
    expect(diff!.unified).toContain('-DB_PASSWORD=‹secret:DB_PASSWORD›\n')
    expect(diff!.unified).toContain('+DB_PASSWORD=‹secret:DB_PASSWORD changed›\n')
    expect(diff!.unified).toContain('-SESSION_COOKIE_SECURE=0\n')
    expect(JSON.stringify([acted.facts, acted.plan])).not.toMatch(/hunter2|correct horse/)
    expect(acted.verdict).toEqual({
      verdict: 'ok',
      reason: `${file} has SESSION_COOKIE_SECURE, DB_PASSWORD, EMPTY, CORE_APP_ID as wanted`,
    })
    const after =
      "# Core\nDB_HOST=db\nDB_PASSWORD='correct horse'\nSESSION_COOKIE_SECURE=1\nCORE_APP_ID=ca7c3e96-b8cd-4fa9-8222-30ead3b95186\n"
    expect(await readFile(file, 'utf8')).toBe(after)
    expect(acted.carried[0]!.after).toEqual({ [file]: diff!.to })
    const again = await act(setEnv, s.session, params, { around: s.around })
    expect(again.plan).toEqual({
      outcome: 'in_sync',
      because: `${file} already has SESSION_COOKIE_SECURE, DB_PASSWORD, no EMPTY, CORE_APP_ID as wanted`,
      changes: [],
    })
    const undone = await acted.undo()
    expect(undone.map(({ result }) => result.exitCode)).toEqual([0])
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('keeps the former file for its owner alone, and its undo leaves the mode as it was', async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    await writeFile(file, text)
    await chmod(file, 0o644)
    const s = surroundings({ db: 'correct horse' })
    const acted = await act(
      setEnv,
      s.session,
      { file, set: { DB_PASSWORD: { secret: 'db' } } },
      { around: s.around },
    )
    const change = acted.plan.changes[0]?.do
    const backup = change !== undefined && 'put' in change ? (change.put.backup ?? '') : ''
    expect((await stat(backup)).mode & 0o777).toBe(0o600)
    expect((await stat(file)).mode & 0o777).toBe(0o644)
    await acted.undo()
    expect((await stat(file)).mode & 0o777).toBe(0o644)
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('makes a file only where it may, for its owner alone, and its undo removes it', async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    const no = await act(setEnv, testSession(), { file, set: { A: '1' } })
    expect(no.plan).toMatchObject({
      outcome: 'cannot_tell',
      because: expect.stringContaining('create: true'),
    })
    const yes = await act(setEnv, testSession(), { file, set: { A: '1' }, create: true })
    expect(yes.verdict?.verdict).toBe('ok')
    expect(await readFile(file, 'utf8')).toBe('A=1\n')
    await yes.undo()
    await expect(readFile(file)).rejects.toThrow(/ENOENT/)
  })

  it('cannot tell where a secret is not at hand', async () => {
    await using dir = await tempDir()
    await writeFile(dir.at('.env'), text)
    const { plan } = await act(setEnv, testSession(), {
      file: dir.at('.env'),
      set: { DB_PASSWORD: { secret: 'db' } },
    })
    expect(plan).toMatchObject({ outcome: 'cannot_tell', because: 'the value of db is not at hand' })
  })

  it('hides a value that was secret by its shape, or is by its name, and tells it to the sinks', async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    await writeFile(file, 'DB=postgres://core:hunter2@db/core\n')
    const s = surroundings()
    const { plan, facts } = await act(
      setEnv,
      s.session,
      { file, set: { DB: 'sqlite', API_TOKEN: 'literal-token' } },
      { around: s.around },
    )
    expect(plan.because).toBe('changes DB (secret); adds API_TOKEN (secret)')
    expect(plan.changes[0]!.do.diff!.unified).not.toMatch(/hunter2|literal-token/)
    expect(JSON.stringify(facts)).not.toMatch(/hunter2|literal-token/)
    expect([...s.known.values()]).toEqual(
      expect.arrayContaining(['literal-token', 'postgres://core:hunter2@db/core']),
    )
  })

  it("follows the step's own lists", async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    await writeFile(file, 'SITE=one\nAPI_TOKEN=none-yet\n')
    const s = surroundings()
    const lists = { public: ['API_TOKEN'], secret: ['SITE'] }
    const { plan } = await act(
      setEnv,
      s.session,
      { file, set: { SITE: 'two', API_TOKEN: 'unused' } },
      { around: { ...s.around, lists } },
    )
    expect(plan.because).toBe('changes SITE (secret); API_TOKEN none-yet → unused')
    expect([...s.known.values()]).toEqual(['one', 'two'])
  })

  it('fails its verification where somebody else put it back', async () => {
    await using dir = await tempDir()
    const file = dir.at('.env')
    await writeFile(file, text)
    const s = surroundings()
    const acted = await act(setEnv, s.session, { file, set: { DB_HOST: 'db2' } })
    await writeFile(file, text)
    const p = setEnv.params.parse({ file, set: { DB_HOST: 'db2' } })
    expect(
      await setEnv.verify(s.session, p, {
        before: acted.facts,
        applied: [],
        around: around(s.session),
        drawn: { stamp: '', id: '' },
      }),
    ).toEqual({
      verdict: 'failed',
      reason: `${file}: DB_HOST not as wanted`,
    })
  })
})
