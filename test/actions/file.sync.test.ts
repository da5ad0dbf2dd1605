import { chmod, chown, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { action } from '../../src/actions/file.sync.ts'
import { act, around } from '../helpers/act.ts'
import { secretsOf, tempDir, testSession } from '../helpers/reader.ts'

const session = testSession()
const root = process.getuid?.() === 0

describe('file.sync', () => {
  it('shows the difference, syncs, verifies, and the second time says why it does nothing', async () => {
    await using dir = await tempDir()
    const [source, path] = [dir.at('source'), dir.at('app.conf')]
    await writeFile(source, 'a\nb\nc\n')
    await writeFile(path, 'a\nc\n')
    const first = await act(action, session, { source, path })
    expect(first.plan.because).toMatch(/differs from .*source \(sha256 [0-9a-f]{8}…\)/)
    expect(first.plan.changes[0]!.do.diff!.unified).toContain('\n a\n+b\n c\n')
    expect(first.verdict?.verdict).toBe('ok')
    expect(await readFile(path, 'utf8')).toBe('a\nb\nc\n')
    expect(await readFile(`${path}.sitrep-20261120T030405Z`, 'utf8')).toBe('a\nc\n')
    const second = await act(action, session, { source, path })
    expect(second.plan).toMatchObject({ outcome: 'in_sync', changes: [] })
    expect(second.plan.because).toMatch(/already matches .*source, sha256 [0-9a-f]{8}…/)
    await first.undo()
    expect(await readFile(path, 'utf8')).toBe('a\nc\n')
  })

  it('inspection changes nothing', async () => {
    await using dir = await tempDir()
    await writeFile(dir.at('a'), 'x')
    const was = await stat(dir.path)
    const p = action.params.parse({ source: dir.at('a'), path: dir.at('b') })
    await action.inspect(session, p, around(session))
    const is = await stat(dir.path)
    expect([is.mtimeMs, is.ctimeMs]).toEqual([was.mtimeMs, was.ctimeMs])
    expect(await readdir(dir.path)).toEqual(['a'])
  })

  it('a reload that fails: the undo brings the former file back and reloads again', async () => {
    await using dir = await tempDir()
    const path = dir.at('app.conf')
    await writeFile(path, 'good\n')
    const log = dir.at('log')
    const reload = `cat ${path} >>${log}; grep -q good ${path}`
    const { carried, undo, verdict } = await act(action, session, { source: { text: 'bad\n' }, path, reload })
    expect(carried.map(({ result }) => result.exitCode)).toEqual([0, 1])
    expect(verdict).toBeUndefined()
    const undone = await undo()
    expect(undone.map(({ result }) => result.exitCode)).toEqual([0, 0])
    expect(await readFile(path, 'utf8')).toBe('good\n')
    expect(await readFile(log, 'utf8')).toBe('bad\ngood\n')
    expect(action.onFail).toBe('undo')
  })

  it('fault 45: a refused candidate stops before anything is replaced', async () => {
    await using dir = await tempDir()
    const path = dir.at("it's the file.json")
    await writeFile(path, '{}')
    const params = {
      source: { text: '{' },
      path,
      validate: 'node -e "JSON.parse(fs.readFileSync(process.argv[1]))" "{candidate}"',
    }
    const { carried } = await act(action, session, params)
    expect(carried[0]!.result.exitCode).toBe(64)
    expect(await readFile(path, 'utf8')).toBe('{}')
    expect(await readdir(dir.path)).toHaveLength(1)
    const good = await act(action, session, { ...params, source: { text: '{"a":1}' } })
    expect(good.verdict?.verdict).toBe('ok')
  })

  it('syncs a file of the operator’s machine, named relative to the runbook', async () => {
    await using dir = await tempDir()
    await mkdir(dir.at('files'))
    await writeFile(dir.at('files', 'x'), 'mine')
    const params = { source: { local: 'files/x' }, path: dir.at('new') }
    const { plan, verdict, undo } = await act(action, session, params, { around: { dir: dir.path } })
    expect(JSON.stringify(plan)).not.toContain('"mine')
    expect(plan.because).toContain('does not exist')
    expect(verdict?.verdict).toBe('ok')
    await undo()
    expect(await readdir(dir.path)).toEqual(['files'])
    const gone = await act(
      action,
      session,
      { ...params, source: { local: 'no' } },
      { around: { dir: dir.path } },
    )
    expect(gone.plan).toMatchObject({ outcome: 'cannot_tell' })
  })

  it('a text with a secret: neither facts nor plan hold it, and the same text is in sync', async () => {
    await using dir = await tempDir()
    const path = dir.at('conf')
    const secrets = secretsOf({ key: 'hunter2hunter2' })
    const own = testSession({ secrets })
    const params = { source: { text: ['x\npassword = ', { secret: 'key' }, '\n'] }, path }
    const { facts, plan, verdict } = await act(action, own, params, { around: { secrets } })
    expect(JSON.stringify([facts, plan])).not.toContain('hunter2')
    expect(verdict?.verdict).toBe('ok')
    expect(await readFile(path, 'utf8')).toContain('hunter2hunter2')
    expect((await act(action, own, params, { around: { secrets } })).plan.outcome).toBe('in_sync')
    const unknown = await act(action, own, params)
    expect(unknown.plan.because).toContain('the secret key is not there')
  })

  it('tells the secrets of a file that it shows a diff of', async () => {
    await using dir = await tempDir()
    await writeFile(dir.at('a'), 'DB_PASSWORD=correcthorse\n')
    await writeFile(dir.at('b'), 'DB_PASSWORD=batterystaple\n')
    const learned = new Map<string, string>()
    const { plan } = await act(
      action,
      session,
      { source: dir.at('a'), path: dir.at('b') },
      {
        around: { learned: (name, value) => void learned.set(value, name) },
      },
    )
    expect(plan.changes[0]!.do.diff!.unified).toContain('-DB_PASSWORD=‹hidden›\n+DB_PASSWORD=‹hidden›')
    expect([...learned.keys()].sort()).toEqual(['batterystaple', 'correcthorse'])
  })

  it('keeps a link, and says so; a hard link is told', async () => {
    await using dir = await tempDir()
    await mkdir(dir.at('sites-enabled'))
    await writeFile(dir.at('real'), 'old')
    await symlink('../real', dir.at('sites-enabled', 'site'))
    const path = dir.at('sites-enabled', 'site')
    const { plan, verdict } = await act(action, session, { source: { text: 'new' }, path })
    expect(plan.evidence).toEqual([
      `${path} is a link to ../real; the link stays, ${dir.at('real')} is replaced`,
    ])
    expect(verdict?.verdict).toBe('ok')
    expect(await readlink(path)).toBe('../real')
    expect(await readFile(dir.at('real.sitrep-20261120T030405Z'), 'utf8')).toBe('old')
  })

  it('keeps no second copy in a folder that a program reads as a whole', async () => {
    await using dir = await tempDir()
    await mkdir(dir.at('sites-enabled'))
    const path = dir.at('sites-enabled', 'default')
    await writeFile(path, 'old')
    await act(action, session, { source: { text: 'new' }, path })
    expect(await readdir(dir.at('sites-enabled'))).toEqual(['default'])
    expect(await readFile(dir.at('sites-enabled.default.sitrep-20261120T030405Z'), 'utf8')).toBe('old')
  })

  it.runIf(root)('changes mode and owner alone, and gives them back', async () => {
    await using dir = await tempDir()
    const path = dir.at('x')
    await writeFile(path, 'same')
    await chmod(path, 0o600)
    await chown(path, 4242, 4242)
    const params = { source: { text: 'same' }, path, mode: '640', owner: 'root', group: 'root' }
    const { plan, verdict, undo } = await act(action, session, params)
    expect(plan.because).toContain('mode 0600 instead of 0640, owner 4242 instead of root')
    expect(verdict?.verdict).toBe('ok')
    expect(await stat(path)).toMatchObject({ uid: 0, gid: 0 })
    expect((await stat(path)).mode & 0o777).toBe(0o640)
    expect((await act(action, session, params)).plan.outcome).toBe('in_sync')
    await undo()
    expect(await stat(path)).toMatchObject({ uid: 4242, gid: 4242 })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it.runIf(root)('can’t tell what it may not read, and says what to do', async () => {
    await using dir = await tempDir()
    await chmod(dir.path, 0o755)
    await writeFile(dir.at('source'), 'x', { mode: 0o600 })
    const daemon = testSession()
    const run = daemon.run
    daemon.run = (command, o) => run({ ...command, as: 'daemon' }, o)
    const source = await act(action, daemon, { source: dir.at('source'), path: dir.at('new') })
    expect(source.plan).toEqual({
      outcome: 'cannot_tell',
      because: `daemon can't read ${dir.at('source')}: Permission denied; say \`as: root\` on the step`,
      changes: [],
    })
    const folder = await act(action, daemon, { source: { text: 'x' }, path: dir.at('new') })
    expect(folder.plan.evidence).toEqual([
      `daemon may not write in the folder of ${dir.at('new')}: say \`as: root\` on the step`,
    ])
    await mkdir(dir.at('closed'), { mode: 0o700 })
    const target = await act(action, daemon, { source: { text: 'x' }, path: dir.at('closed', 'x') })
    expect(target.plan.outcome).toBe('cannot_tell')
  })

  it('can’t tell where the source is missing or a folder is in the way', async () => {
    await using dir = await tempDir()
    const missing = await act(action, session, { source: dir.at('no'), path: dir.at('x') })
    expect(missing.plan.because).toBe(`${dir.at('no')} does not exist`)
    const folder = await act(action, session, { source: { text: '' }, path: dir.path })
    expect(folder.plan.because).toBe(`${dir.path} is a directory, not a file`)
    const from = await act(action, session, { source: dir.path, path: dir.at('x') })
    expect(from.plan.because).toBe(`${dir.path} is a directory`)
  })

  it('shows no diff of binary or large files, and says why', async () => {
    await using dir = await tempDir()
    await writeFile(dir.at('bin'), Buffer.from([0, 1, 2]))
    const binary = await act(action, session, { source: dir.at('bin'), path: dir.at('x') })
    expect(binary.plan.changes[0]!.do.diff).toMatchObject({ unified: '', hidden: 'binary' })
    await writeFile(dir.at('large'), 'x'.repeat(300_000))
    const large = await act(action, session, { source: dir.at('large'), path: dir.at('x') })
    expect(large.plan.changes[0]!.do.diff).toMatchObject({ unified: '', hidden: 'larger than 256 KiB' })
    expect(large.verdict?.verdict).toBe('ok')
  })

  it('verification names what differs', async () => {
    await using dir = await tempDir()
    const p = action.params.parse({ source: { text: 'a' }, path: dir.at('x') })
    const first = await act(action, session, { source: { text: 'a' }, path: dir.at('x') })
    await writeFile(dir.at('x'), 'b')
    const o = { before: first.facts, applied: [], around: around(session), drawn: { stamp: '', id: '' } }
    expect((await action.verify(session, p, o)).reason).toMatch(/has sha256 3e23e816… instead of ca978112…/)
  })

  it('its example is valid, and it locks its file', () => {
    const p = action.params.parse(parse(action.example))
    expect(action.locks(p)).toEqual(['file:/etc/app/app.conf'])
    for (const bad of [{ source: 'relative' }, { owner: '-R' }, { mode: '0999' }, { other: 1 }])
      expect(action.params.safeParse({ source: '/a', path: '/b', ...bad }).success).toBe(false)
  })
})
