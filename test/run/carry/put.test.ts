import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { execa, execaSync } from 'execa'
import { describe, expect, it } from 'vitest'
import type { FileChange } from '../../../src/model/action.ts'
import { shaOf } from '../../../src/run/carry/content.ts'
import { exitCodes } from '../../../src/run/carry/scripts.ts'
import { carry } from '../../helpers/carry.ts'
import { secretsOf, tempDir, testSession } from '../../helpers/reader.ts'

const installed = (program: string) => execaSync('which', [program], { reject: false }).exitCode === 0
const root = process.getuid?.() === 0
const session = testSession()
const put = (change: FileChange, o: Parameters<typeof carry>[2] = {}) =>
  carry(session, { say: 'replace', put: change }, o)

async function fileWith(content: string | Uint8Array = 'old\n') {
  const dir = await tempDir()
  const path = dir.at('app.conf')
  await writeFile(path, content)
  return { dir, path, expect: shaOf(typeof content === 'string' ? content : Buffer.from(content)) }
}

describe('put', () => {
  it('replaces a file, keeps the former one, and tells what it left', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await chmod(path, 0o640)
    const backup = `${path}.sitrep-20261120T030405Z`
    const { result, after } = await put({ path, content: { text: 'new\n' }, expect: sha, backup })
    expect(result.exitCode).toBe(0)
    expect(after).toEqual({ [path]: shaOf('new\n') })
    expect(await readFile(path, 'utf8')).toBe('new\n')
    expect(await readFile(backup, 'utf8')).toBe('old\n')
    expect((await stat(path)).mode & 0o777).toBe(0o640)
    expect((await stat(backup)).mode & 0o777).toBe(0o640)
    expect(await readdir(dir.path)).toHaveLength(2)
  })

  it('carries every byte, also NUL, and content that does not end in a newline', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (__, i) => i % 256))
    await put({ path, content: { base64: bytes.toString('base64') }, expect: sha })
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0)
  })

  it('writes a new file with 0644 where none was, and keeps no backup', async () => {
    await using dir = await tempDir()
    const path = dir.at("it's new $(x) `y`")
    const { result } = await put({ path, content: { text: '' }, expect: 'absent', backup: `${path}.b` })
    expect(result.exitCode).toBe(0)
    expect((await stat(path)).mode & 0o777).toBe(0o644)
    expect(await readdir(dir.path)).toHaveLength(1)
  })

  it('replaces the target of a link, not the link', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await mkdir(dir.at('enabled'))
    await symlink('../app.conf', dir.at('enabled', 'app.conf'))
    const { after } = await put({
      path: dir.at('enabled', 'app.conf'),
      content: { text: 'new' },
      expect: sha,
    })
    expect(await readlink(dir.at('enabled', 'app.conf'))).toBe('../app.conf')
    expect((await lstat(path)).isFile()).toBe(true)
    expect(await readFile(path, 'utf8')).toBe('new')
    expect(after).toEqual({ [dir.at('enabled', 'app.conf')]: shaOf('new') })
  })

  it('touches nothing where the file was changed meanwhile, and shows both sha256', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await writeFile(path, 'somebody else\n')
    const { result, stderr, after } = await put({ path, content: { text: 'new' }, expect: sha })
    expect(result.exitCode).toBe(exitCodes.changed)
    expect(stderr).toContain(sha)
    expect(stderr).toContain(shaOf('somebody else\n'))
    expect(after).toBeUndefined()
    expect(await readFile(path, 'utf8')).toBe('somebody else\n')
    expect(await readdir(dir.path)).toEqual(['app.conf'])
  })

  it('looks again after validation: a file changed by then is left', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const validate = { argv: ['sh', '-c', 'echo meanwhile >"$1"', 'sh', path] }
    const backup = `${path}.sitrep-x`
    const { result } = await put({ path, content: { text: 'new' }, expect: sha, backup, validate })
    expect(result.exitCode).not.toBe(0)
    expect(await readFile(path, 'utf8')).toBe('meanwhile\n')
  })

  it('fault 45: a candidate that validation refuses leaves the live file byte-identical, and no trace', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const was = await stat(path)
    const validate = {
      argv: ['sh', '-c', 'cat "$1"; echo "line 3: no such directive" >&2; exit 9', 'sh', '{candidate}'],
    }
    const { result, stderr } = await put({
      path,
      content: { text: 'bad\n' },
      expect: sha,
      backup: `${path}.b`,
      validate,
    })
    expect(result.exitCode).toBe(exitCodes.invalid)
    expect(stderr).toContain('bad')
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(
      'validation failed (exit 9): bad line 3: no such directive',
    )
    expect(await readFile(path, 'utf8')).toBe('old\n')
    const is = await stat(path)
    expect([is.ino, is.mtimeMs, is.ctimeMs]).toEqual([was.ino, was.mtimeMs, was.ctimeMs])
    expect(await readdir(dir.path)).toEqual(['app.conf'])
  })

  it('validates the candidate with its owner, mode, folder, environment and extension', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await chmod(path, 0o604)
    const script = 'stat -c %a "$1"; pwd; echo "$GREETING"; echo "${1##*/}"; cat "$1" >seen'
    const validate = {
      argv: ['sh', '-c', script, 'sh', '{candidate}'],
      cwd: dir.path,
      env: { GREETING: "it's" },
    }
    const { stderr } = await put({ path, content: { text: 'new' }, expect: sha, validate })
    const lines = stderr.trim().split('\n')
    expect(lines.slice(0, 3)).toEqual(['604', dir.path, "it's"])
    expect(lines[3]).toMatch(/^\.sitrep-.*\.app\.conf$/)
    expect(await readFile(dir.at('seen'), 'utf8')).toBe('new')
  })

  it.runIf(root)('keeps the owner of the former file, and takes given ones', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await chown(path, 1234, 4321)
    await put({ path, content: { text: 'a' }, expect: sha })
    expect(await stat(path)).toMatchObject({ uid: 1234, gid: 4321 })
    await put({
      path,
      content: { text: 'b' },
      expect: shaOf('a'),
      owner: 'root',
      group: 'daemon',
      mode: '4710',
    })
    const is = await stat(path)
    expect([is.uid, is.gid, is.mode & 0o7777]).toEqual([0, 1, 0o4710])
  })

  it.runIf(root)('does not take a file over from its owner where it may not keep him', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await chmod(dir.path, 0o777)
    const change = { say: '', as: 'daemon', put: { path, content: { text: 'x' }, expect: sha } }
    const { result, stderr } = await carry(session, change)
    expect(result.exitCode).toBe(exitCodes.notOwner)
    expect(stderr).toContain('cannot give')
    expect(await readFile(path, 'utf8')).toBe('old\n')
    expect(await readdir(dir.path)).toEqual(['app.conf'])
  })

  it.runIf(root)('says who may not write where', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    await chmod(dir.path, 0o755)
    const change = { say: '', as: 'daemon', put: { path, content: { text: 'x' }, expect: sha } }
    const { result, stderr } = await carry(session, change)
    expect(result.exitCode).toBe(exitCodes.notWritable)
    expect(stderr).toContain(`daemon may not write in ${dir.path}`)
  })

  it('refuses content that did not arrive whole', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const torn = testSession()
    const run = torn.job
    torn.job = (id, command, o) => run(id, { ...command, stdin: `${shaOf('whole')}\nwho` }, o)
    const { result } = await carry(torn, { say: '', put: { path, content: { text: 'whole' }, expect: sha } })
    expect(result.exitCode).toBe(exitCodes.torn)
    const nothing = testSession()
    nothing.job = (id, command, o) => run(id, { ...command, stdin: '' }, o)
    const second = await carry(nothing, { say: '', put: { path, content: { text: 'whole' }, expect: sha } })
    expect(second.result.exitCode).toBe(exitCodes.torn)
    expect(await readFile(path, 'utf8')).toBe('old\n')
  })

  it('copies a file of the host only while it has the planned sha256', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const source = dir.at('source')
    await writeFile(source, 'planned')
    await put({ path, content: { copy: source, sha256: shaOf('planned') }, expect: sha })
    expect(await readFile(path, 'utf8')).toBe('planned')
    await writeFile(source, 'other')
    const content = { copy: source, sha256: shaOf('planned') }
    const { result, stderr } = await put({ path, content, expect: shaOf('planned') })
    expect(result.exitCode).toBe(exitCodes.source)
    expect(stderr).toContain(shaOf('other'))
    const gone = await put({ path, content: { copy: dir.at('no'), sha256: sha }, expect: shaOf('planned') })
    expect(gone.result.exitCode).toBe(exitCodes.source)
    expect(await readFile(path, 'utf8')).toBe('planned')
  })

  it('sends a file of the operator, and refuses one that was changed since', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const local = dir.at('mine')
    await writeFile(local, 'mine')
    await put({ path, content: { local, sha256: shaOf('mine') }, expect: sha })
    expect(await readFile(path, 'utf8')).toBe('mine')
    await writeFile(local, 'changed')
    const { result } = await put({ path, content: { local, sha256: shaOf('mine') }, expect: shaOf('mine') })
    expect(result.problem).toContain('was changed meanwhile')
  })

  it('edits a .env file, with a secret on stdin only', async () => {
    const { dir, path, expect: sha } = await fileWith('# kept\nA=1\nTOKEN=old\n')
    await using _ = dir
    const secrets = secretsOf({ token: 'hunter2hunter2' })
    const own = testSession({ secrets })
    const edits = [
      { key: 'A', value: '2' },
      { key: 'TOKEN', value: { secret: 'token' } },
    ]
    const change = { say: '', put: { path, content: { edits }, expect: sha } }
    await carry(own, change, { secrets })
    expect(await readFile(path, 'utf8')).toBe('# kept\nA=2\nTOKEN=hunter2hunter2\n')
    expect(JSON.stringify(own.commands.map(({ argv, env }) => [argv, env]))).not.toContain('hunter2')
    const again = await carry(own, change, { secrets })
    expect(again.result.problem).toContain('was changed meanwhile')
  })

  it('fault 20: a secret in the text is in no argv and no environment', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const secrets = secretsOf({ key: 'correct horse battery' })
    const own = testSession({ secrets })
    const text = ['password = ', { secret: 'key' }, '\n']
    await carry(own, { say: '', put: { path, content: { text }, expect: sha } }, { secrets })
    expect(await readFile(path, 'utf8')).toBe('password = correct horse battery\n')
    expect(JSON.stringify(own.commands)).not.toContain('correct horse')
  })

  it('does not overwrite a backup that holds something else', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const backup = dir.at('backup')
    await writeFile(backup, 'precious')
    const { result } = await put({ path, content: { text: 'new' }, expect: sha, backup })
    expect(result.exitCode).toBe(exitCodes.noBackup)
    expect(await readFile(backup, 'utf8')).toBe('precious')
    expect(await readFile(path, 'utf8')).toBe('old\n')
    await writeFile(backup, 'old\n')
    expect((await put({ path, content: { text: 'new' }, expect: sha, backup })).result.exitCode).toBe(0)
  })

  it('refuses a folder in the way, and a folder that is missing', async () => {
    await using dir = await tempDir()
    const inTheWay = await put({ path: dir.path, content: { text: '' }, expect: 'absent' })
    expect(inTheWay.result.exitCode).toBe(exitCodes.notAFile)
    const missing = await put({ path: dir.at('no', 'file'), content: { text: '' }, expect: 'absent' })
    expect(missing.result.exitCode).toBe(exitCodes.notWritable)
    expect(missing.stderr).toContain('does not exist')
  })

  it('removes its candidate when it is cancelled or timed out in mid-validation', async () => {
    const { dir, path, expect: sha } = await fileWith()
    await using _ = dir
    const validate = { argv: ['sh', '-c', 'echo x >"$1"; exec sleep 60', 'sh', dir.at('started')] }
    const change = { path, content: { text: 'new' }, expect: sha, validate }
    const late = await put(change, { timeoutMs: 300 })
    expect(late.result.endedBy).toBe('timeout')
    expect(await readdir(dir.path)).toEqual(['app.conf', 'started'])
    await rm(dir.at('started'))
    const stop = new AbortController()
    const slow = put(change, { signal: stop.signal })
    await expect.poll(() => readdir(dir.path)).toContain('started')
    stop.abort()
    expect((await slow).result.endedBy).toBe('cancel')
    expect(await readdir(dir.path)).toEqual(['app.conf', 'started'])
    expect(await readFile(path, 'utf8')).toBe('old\n')
  })

  it.runIf(root)('says that the disk is full, and leaves the file', async () => {
    await using dir = await tempDir()
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir.path])
    try {
      const path = dir.at('app.conf')
      await writeFile(path, 'old\n')
      const { result, stderr } = await put({
        path,
        content: { text: 'x'.repeat(100_000) },
        expect: shaOf('old\n'),
      })
      expect(result.exitCode).toBe(exitCodes.noSpace)
      expect(stderr).toContain(`no space left in ${dir.path}`)
      await writeFile(path, 'y'.repeat(40_000))
      const backup = dir.at('backup')
      const second = await put({ path, content: { text: 'z' }, expect: shaOf('y'.repeat(40_000)), backup })
      expect(second.result.exitCode).toBe(exitCodes.noSpace)
      expect(await readdir(dir.path)).toEqual(['app.conf'])
      await execa('mount', ['-o', 'remount,ro', dir.path])
      const third = await put({ path, content: { text: 'z' }, expect: shaOf('y'.repeat(40_000)) })
      expect(third.stderr).toContain('is read-only')
    } finally {
      await execa('umount', [dir.path])
    }
  })

  it.each(['dash', 'bash', 'busybox'].filter(installed))(
    'its script does the same under %s',
    async (shell) => {
      const { dir, path, expect: sha } = await fileWith()
      await using _ = dir
      const own = testSession()
      const job = own.job
      const as = shell === 'busybox' ? ['busybox', 'sh'] : [shell]
      own.job = (id, command, o) => job(id, { ...command, argv: [...as, ...command.argv.slice(1)] }, o)
      const validate = { argv: ['grep', '-q', 'new', '{candidate}'] }
      const change = { path, content: { text: 'new *\\n $(x)' }, expect: sha, backup: `${path}.b`, validate }
      expect((await carry(own, { say: '', put: change })).after).toEqual({ [path]: shaOf('new *\\n $(x)') })
      expect((await carry(own, { say: '', put: change })).result.exitCode).toBe(exitCodes.changed)
      const refused = {
        ...change,
        content: { text: 'x' },
        expect: shaOf('new *\\n $(x)'),
        backup: `${path}.c`,
      }
      expect((await carry(own, { say: '', put: refused })).result.exitCode).toBe(exitCodes.invalid)
      expect((await readdir(dir.path)).sort()).toEqual(['app.conf', 'app.conf.b'])
    },
  )
})
