import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lintText } from '../../src/compose/lint.ts'
import { templates } from '../../src/postmortem/templates/index.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { recorded } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

let at: Desk
let id: string
const file = (name: string) => join(at.cwd, name)
const json = async (...args: string[]) => JSON.parse((await at.sitrep(...args, '--json')).stdout)
const journals = () => {
  const dir = join(at.home, 'incidents', id, 'journal')
  return readdirSync(dir).map((name) => join(dir, name))
}

describe('the commands that read and write an incident', () => {
  beforeEach(async () => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
    writeBook(at, [
      { id: 'one', with: { run: `echo hello; echo x >> ${file('done')}`, undo: `rm ${file('done')}` } },
    ])
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
    id = at.incident()
  })
  afterEach(() => at[Symbol.dispose]())

  it('list, timeline, note, status and set, also as JSON', async () => {
    expect((await at.sitrep('note', id.slice(0, 12), 'Rolled back', '--at', '-10m')).exitCode).toBe(0)
    expect(
      (
        await at.sitrep(
          'note',
          id,
          'A window',
          '--at',
          '2026-01-02T03:04:05Z',
          '--until',
          '2026-01-02T03:05:06Z',
        )
      ).exitCode,
    ).toBe(0)
    expect((await at.sitrep('note', id, 'x', '--at', '-1m', '--until', '-5m')).exitCode).toBe(2)
    expect((await at.sitrep('note', id, 'x', '--at', 'yesterdayish')).exitCode).toBe(2)
    expect((await at.sitrep('status', id, 'monitoring')).exitCode).toBe(0)
    expect((await at.sitrep('status', id, 'done')).exitCode).toBe(2)
    expect(
      (await at.sitrep('set', id, 'severity=sev1', 'impact=Nobody = can log in', 'detected=-5m')).exitCode,
    ).toBe(0)
    const bad = await at.sitrep('set', id, 'title=New', 'colour=red')
    expect(bad.exitCode).toBe(2)
    expect(bad.stderr).toContain('known: title')
    expect((await at.sitrep('note', 'nope', 'x')).exitCode).toBe(2)

    expect(await json('list')).toEqual([
      {
        id,
        title: 'A book',
        severity: 'sev1',
        status: 'monitoring',
        started: expect.any(String),
        updated: expect.any(String),
      },
    ])
    expect((await at.sitrep('list')).stdout).toMatch(new RegExp(`^${id} +sev1 +monitoring +A book$`, 'm'))
    const events = at.events((await at.sitrep('timeline', id, '--json')).stdout)
    expect(events).toEqual(recorded(at))
    const lines = (await at.sitrep('timeline', id)).stdout
    expect(lines).toContain('2026-01-02T03:04:05 to 03:05:06Z')
    expect(lines).toMatch(/Nobody = can log in/)
    expect(lines).not.toContain('title: New')
  })

  it('declare prints an id, takes the alert from stdin, and gives the second of a day its own', async () => {
    writeFileSync(file('alert.txt'), 'login \u001b[31m500\u001b]52;c;aGk=\u0007')
    const first = await at.sitrep(
      'declare',
      'Login 500',
      '--severity',
      'sev2',
      '--started',
      '-1h',
      '--from',
      file('alert.txt'),
    )
    const second = await at.sitrep('declare', 'Login 500')
    expect([first.exitCode, second.exitCode]).toEqual([0, 0])
    expect(second.stdout).toBe(`${first.stdout}-2`)
    const [declared] = at.events((await at.sitrep('timeline', first.stdout, '--json')).stdout)
    expect(declared?.data).toMatchObject({ severity: 'sev2', alert: expect.stringContaining('500') })
    expect(JSON.stringify(declared)).not.toMatch(/\\u001b|\\u0007|\u009d/)
    expect((await at.sitrep('list', '--json')).stdout).toContain('Login 500')
  })

  it('export twice keeps what a person wrote in a TODO', async () => {
    const out = file('post.md')
    expect((await at.sitrep('export', id, '-o', out)).exitCode).toBe(0)
    const before = readFileSync(out, 'utf8')
    expect(before).toContain('TODO')
    writeFileSync(out, before.replace(/TODO[^\n]*/, 'The disk was full, and nobody looked.'))
    await at.sitrep('note', id, 'One more thing')
    expect((await at.sitrep('export', id, '-o', out)).exitCode).toBe(0)
    const after = readFileSync(out, 'utf8')
    expect(after).toContain('The disk was full, and nobody looked.')
    expect(after).toContain('One more thing')
    const plain = await at.sitrep('export', id)
    expect(plain.stdout).toContain('One more thing')
    expect(plain.stdout).not.toContain('The disk was full')
    writeFileSync(file('other.md'), 'not ours\n')
    expect((await at.sitrep('export', id, '-o', file('other.md'))).exitCode).toBe(1)
    expect(readFileSync(file('other.md'), 'utf8')).toBe('not ours\n')
  })

  it('verify: whole is 0; a flipped byte gives 1 and names the record', async () => {
    const whole = await json('verify', id)
    expect(whole).toMatchObject({
      whole: true,
      writers: [{ writer: expect.any(String), records: expect.any(Number) }],
      checkpoint: expect.anything(),
    })
    expect((await at.sitrep('verify', id)).exitCode).toBe(0)
    const [path = ''] = journals()
    const lines = readFileSync(path, 'utf8').split('\n')
    const index = lines.findIndex((line) => line.includes('"step.applied"'))
    lines[index] = lines[index]?.replace('"exitCode":0', '"exitCode":1') ?? ''
    writeFileSync(path, lines.join('\n'))
    const broken = await at.sitrep('verify', id)
    expect(broken.exitCode).toBe(1)
    expect(broken.stdout).toContain(`record ${index + 1}: `)
    const report = JSON.parse((await at.sitrep('verify', id, '--json')).stdout)
    expect(report.writers[0].first_bad).toMatchObject({ seq: index + 1 })
  })

  it('list shows an incident whose journal was changed, and what is wrong with it; never that there is none', async () => {
    const [path = ''] = journals()
    const whole = readFileSync(path, 'utf8')
    writeFileSync(path, whole.replace(/"at":"[^"]*"/, '"at":"yesterday"'))
    const listed = await at.sitrep('list')
    expect(listed.exitCode).toBe(0)
    expect(listed.stdout).toMatch(new RegExp(`^${id} +sev3 +\\w+ +${id}$`))
    expect(listed.stderr).toMatch(new RegExp(`^${id}: .* line 1: the field at is not a time in UTC`))
    expect(listed.stderr).not.toContain('no incidents yet')
    writeFileSync(path, 'edited\n')
    const none = await at.sitrep('list')
    expect([none.stdout, none.stderr]).toEqual(['', expect.stringMatching(/line 1: not a JSON object$/)])
  })

  it('lint tells an inventory by its keys, whatever it is called, and on stdin', async () => {
    writeFileSync(file('inv.yaml'), 'hosts:\n  core-1:\n    adress: 192.0.2.1\n')
    const broken = await at.sitrep('lint', 'inv.yaml')
    expect([broken.exitCode, broken.stdout]).toEqual([2, expect.stringContaining('inv.yaml:3:5: ')])
    expect(broken.stdout).not.toContain('runbook')
    const piped = lintText(readFileSync(file('inv.yaml'), 'utf8'), '<stdin>')
    expect(piped.map(({ at: { line } }) => line)).toEqual([3])
    writeFileSync(file('list.yaml'), 'hosts: [core-1]\ntitle: x\n')
    expect((await at.sitrep('lint', 'list.yaml')).stdout).toContain('"runbook" is missing')
    writeFileSync(file('both.yaml'), 'hosts: {core-1: {}}\nsteps: []\n')
    expect((await at.sitrep('lint', 'both.yaml')).stdout).toContain('"runbook" is missing')
    expect((await at.sitrep('lint', 'book.yaml', 'sitrep.yaml')).exitCode).toBe(0)
    expect((await at.sitrep('lint', '--help')).stdout.replace(/\s+/g, ' ')).toContain(
      'An inventory is a file named sitrep.yaml, or one with a mapping hosts:',
    )
  })

  it('the help of export names the templates, and no other is taken', async () => {
    const { stdout } = await at.sitrep('export', '--help')
    for (const { name } of templates) expect(stdout).toMatch(new RegExp(`choices: .*"${name}"`))
    const other = await at.sitrep('export', id, '--template', 'haiku')
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('Allowed choices are')])
    expect((await at.sitrep('logs', '--help')).stdout).toContain('Follows one log of one host')
  })

  it('fault 43: files are 0600 and folders 0700, also where they were not', async () => {
    for (const path of journals()) chmodSync(path, 0o644)
    chmodSync(join(at.home, 'incidents', id), 0o755)
    await at.sitrep('note', id, 'x')
    for (const path of journals()) expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(at.home, 'incidents', id)).mode & 0o777).toBe(0o700)
    expect(statSync(join(at.home, 'incidents', id, 'postmortem.md')).mode & 0o777).toBe(0o600)
  })

  it('undo takes it back once, in --json too; without --yes it stops with 4', async () => {
    expect((await at.sitrep('undo', id)).exitCode).toBe(4)
    const undone = await at.sitrep('undo', id, '--yes', '--json')
    expect(undone.exitCode).toBe(0)
    expect(at.events(undone.stdout).map(({ type }) => type)).toContain('step.undone')
    expect(readdirSync(at.cwd)).not.toContain('done')
    const again = await at.sitrep('undo', id, '--yes')
    expect(again).toMatchObject({ exitCode: 0, stderr: 'nothing to undo' })
  })
})

describe('hostile output of a step', () => {
  const secret = 'Tr0ub4dor&3-zebra'
  const esc = String.fromCharCode(27)

  beforeEach(() => {
    at = desk({ BOOK_TOKEN: secret })
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
  })
  afterEach(() => at[Symbol.dispose]())

  it('faults 10, 24 and 25: escapes, OSC 52 and secrets are inert in stdout, journal, artifacts and export', async () => {
    const evil = [
      'for n in $(seq 1 40); do echo "$n $T"; done',
      `printf '\\033]52;c;aGVsbG8=\\007\\033[2J\\033]0;title\\007\\033P+q\\033\\\\ \\302\\233 \\342\\200\\256 before\\r\\n'`,
      `printf '%s\\n' "$T" "$(printf %s "$T" | base64)" >&2`,
      'printf "| %s |\\n\\`\\`\\`\\n<!-- sitrep:end timeline -->\\n" "<script>alert(1)</script>"',
    ]
    const script = ['T={{ params.token }}', ...evil].join('\n')
    writeBook(
      at,
      [
        {
          id: 'show',
          title: `Evil ${esc}]52;c;aGk=\u0007 title`,
          with: { run: script },
        },
        { id: 'fails', with: { run: `printf '\\033]52;c;aGk=\\007why\\n' >&2; exit 1` } },
      ],
      { params: { token: { secret: true, from: 'env:BOOK_TOKEN' } } },
    )
    const runs = [
      await at.sitrep('run', 'book.yaml', '--yes'),
      await at.sitrep('run', 'book.yaml', '--yes', '--json'),
    ]
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([1, 1])
    expect(runs[0]?.stdout).toContain('why')
    id = at.incident()
    const reading = await Promise.all([
      at.sitrep('timeline', id),
      at.sitrep('timeline', id, '--json'),
      at.sitrep('export', id),
      at.sitrep('list'),
      at.sitrep('plan', 'book.yaml'),
      at.sitrep('plan', 'book.yaml', '--json'),
    ])
    const files = readdirSync(at.home, { recursive: true, withFileTypes: true })
      // The reserve and the key of the secrets' checks are random bytes.
      .filter((entry) => entry.isFile() && !['reserve', 'secrets.key'].includes(entry.name))
      .map(({ parentPath, name }) => {
        const bytes = readFileSync(join(parentPath, name))
        return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
      })
    const sinks = [...runs, ...reading].flatMap(({ stdout, stderr }) => [stdout, stderr]).concat(files)
    expect(sinks.some((text) => text.includes('‹secret:token›'))).toBe(true)
    expect(files.some((text) => text.includes('40 ‹secret:token›'))).toBe(true)
    for (const text of sinks) {
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
      expect(text).not.toMatch(/\\u00(?:1b|07|9b|9d)/i)
      expect(text).not.toContain(secret)
      expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 20))
    }
    expect((await at.sitrep('verify', id)).exitCode).toBe(0)
  })

  it('NO_COLOR, --no-color and no terminal: no colour; --version and --help are plain', async () => {
    writeBook(at, [{ id: 'one', with: { run: 'true' } }])
    at.env.FORCE_COLOR = '1'
    for (const args of [
      ['plan', 'book.yaml'],
      ['list', '--no-color'],
      ['--version'],
      ['--help'],
      ['run', '--help'],
      ['run', 'book.yaml', '--yes', '--no-color'],
    ]) {
      const { stdout, stderr, exitCode } = await at.sitrep(...args)
      expect(exitCode).toBe(0)
      expect(stdout + stderr).not.toContain(esc)
    }
    expect((await at.sitrep('nonsense')).exitCode).toBe(2)
    expect((await at.sitrep('run')).exitCode).toBe(2)
    expect((await at.sitrep()).exitCode).toBe(2)
  })
})
