import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from './helpers/book.ts'
import { journaled, sit } from './helpers/console.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const hasTmux = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0

let at: Desk
let other: Desk
let id: string
let packed: string
const file = (name: string) => join(at.cwd, name)

beforeEach(async () => {
  at = desk({ TMPDIR: '/tmp' })
  other = desk()
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
  writeBook(at, [{ id: 'one', with: { run: 'seq 1 400' } }])
  expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
  id = at.incident()
  packed = file(`${id}.sitrep.tgz`)
})
afterEach(() => {
  at[Symbol.dispose]()
  other[Symbol.dispose]()
})

describe('an archive', () => {
  it('is one file, 0600, by plain tar too, and the record tells it', async () => {
    const { exitCode, stdout, stderr } = await at.sitrep('archive', id.slice(0, 12))
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: packed })
    expect(statSync(packed).mode & 0o777).toBe(0o600)
    const sha256 = execaSync('sha256sum', [packed]).stdout.slice(0, 64)
    expect(stderr).toContain(sha256)
    expect(journaled(at, 'export.written').at(-1)).toEqual({ path: packed, format: 'archive', sha256 })
    execaSync('tar', ['xzf', packed, '-C', other.cwd])
    expect(readdirSync(join(other.cwd, id)).sort()).toEqual([
      'artifacts',
      'checkpoint.json',
      'journal',
      'postmortem.md',
    ])
    const again = await at.sitrep('archive', id)
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('exists already') })
    expect((await at.sitrep('archive', id, '-o', file('no/such.tgz'))).exitCode).toBe(2)
    expect((await at.sitrep('archive', 'nothing')).exitCode).toBe(2)
  })

  it('is read by timeline, export and verify as it is, and leaves nothing behind', async () => {
    const before = await Promise.all([
      at.sitrep('timeline', id, '--json'),
      at.sitrep('timeline', id),
      at.sitrep('export', id),
    ])
    await at.sitrep('archive', id)
    other.env.TMPDIR = file('tmp')
    execaSync('mkdir', [file('tmp')])
    const after = [
      await other.sitrep('timeline', packed, '--json'),
      await other.sitrep('timeline', packed),
      await other.sitrep('export', packed),
    ]
    expect(after).toEqual(before)
    expect(await other.sitrep('verify', packed)).toMatchObject({ exitCode: 0 })
    const out = join(other.cwd, 'post.md')
    expect((await other.sitrep('export', packed, '-o', out)).exitCode).toBe(0)
    expect(`${readFileSync(out, 'utf8').trimEnd()}`).toBe(before[2]?.stdout)
    // A reader that goes away ends the command, and what was unpacked goes with it.
    execaSync(
      'sh',
      [
        '-c',
        '"$@" | head -1',
        'sh',
        process.execPath,
        join(import.meta.dirname, '../../bin/sitrep'),
        'timeline',
        packed,
      ],
      {
        env: other.env,
      },
    )
    expect(readdirSync(file('tmp')).filter((name) => name.startsWith('sitrep'))).toEqual([])
    expect(readdirSync(other.cwd).sort()).toEqual(['post.md'])
  })

  it('is taken in by open under its id, once, and not where another has it', async () => {
    await at.sitrep('archive', id)
    const opened = await other.sitrep('open', packed)
    expect(opened).toMatchObject({ exitCode: 0, stdout: id, stderr: `taken in: ${id}` })
    expect((await other.sitrep('verify', id)).exitCode).toBe(0)
    expect((await other.sitrep('list')).stdout).toContain('A book')
    await other.sitrep('note', id, 'Seen here too')
    const again = await other.sitrep('open', packed)
    expect(again).toMatchObject({ exitCode: 0, stdout: id, stderr: expect.stringContaining('here already') })
    expect((await other.sitrep('timeline', id)).stdout).toContain('Seen here too')
    await at.sitrep('note', id, 'Later')
    const newer = file('newer.sitrep.tgz')
    await at.sitrep('archive', id, '-o', newer)
    const refused = await other.sitrep('open', newer)
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('differs') })
    expect((await other.sitrep('timeline', id)).stdout).not.toContain('Later')
    expect((await other.sitrep('timeline', newer)).stdout).toContain('Later')
  })

  it('that is cut, changed or none is refused with 2, and verify of one with a changed record is 1', async () => {
    await at.sitrep('archive', id)
    const whole = readFileSync(packed)
    for (const [name, bytes] of [
      ['cut.tgz', whole.subarray(0, whole.length - 100)],
      ['text.tgz', Buffer.from('not an archive')],
    ] as const) {
      writeFileSync(file(name), bytes)
      for (const command of ['timeline', 'verify', 'export', 'open'])
        expect(await other.sitrep(command, file(name)), `${command} ${name}`).toMatchObject({
          exitCode: 2,
          stdout: '',
          stderr: expect.stringContaining('not a whole archive'),
        })
    }
    execaSync('tar', ['xzf', packed, '-C', other.cwd])
    const dir = join(other.cwd, id, 'journal')
    const [journal = ''] = readdirSync(dir)
    const text = readFileSync(join(dir, journal), 'utf8')
    writeFileSync(join(dir, journal), text.replace('A book', 'A cook'))
    execaSync('tar', ['czf', file('changed.tgz'), '-C', other.cwd, id])
    expect((await other.sitrep('verify', file('changed.tgz'))).exitCode).toBe(1)
    expect(await other.sitrep('open', file('changed.tgz'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('not whole'),
    })
    expect((await other.sitrep('timeline', file('changed.tgz'))).stdout).toContain('A cook')
    expect((await other.sitrep('list', '--json')).stdout).toBe('[]')
  })

  it.runIf(hasTmux)(`is opened in the console${hasTmux ? '' : ' (no tmux here)'}`, async () => {
    await at.sitrep('archive', id)
    await using person = await sit(other, ['open', packed])
    await person.t.see(/A book .*investigating/)
    expect(await person.leave()).toContain(`taken in: ${id}`)
    expect((await other.sitrep('timeline', id)).stdout).toContain('joined')
  })
})
