import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tmux } from '../../helpers/tmux.ts'
import { writeInventory } from '../helpers/book.ts'
import { approves, journaled, sit, until } from '../helpers/console.ts'
import { type Desk, desk, program } from '../helpers/sitrep.ts'
import { escapedJson, foreignIn, foreignInFile, hostile, hostileName, printing } from './hostile.ts'

const hasTmux = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0

let at: Desk
const file = (name: string) => join(at.cwd, name)
const log = () => file('app.log')

beforeEach(() => {
  at = desk()
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
  writeFileSync(log(), `${hostile}\nthe last line\n`)
  // A runbook that nobody trusts: its name and its first line are shown.
  mkdirSync(file('runbooks'))
  writeFileSync(join(file('runbooks'), `${hostileName}.yaml`), `# ${hostile}\n`)
  const book = {
    runbook: 'book',
    title: `Book ${hostile}`,
    hosts: 'here',
    logs: [{ file: log() }],
    steps: [
      {
        id: 'shows',
        title: `Shows ${hostile}`,
        uses: 'shell',
        with: {
          run: `${printing(hostile)}; ${printing(hostile, { to: 'stderr' })}`,
          undo: printing(hostile),
        },
      },
      {
        id: 'fails',
        title: 'Fails',
        uses: 'shell',
        with: { run: `${printing(hostile, { to: 'stderr' })}; exit 3` },
      },
    ],
    checks: [{ id: 'up', title: `Up ${hostile}`, command: { run: `${printing(hostile)}; exit 1` } }],
  }
  writeFileSync(file('book.yaml'), escapedJson(book))
})
afterEach(() => at[Symbol.dispose]())

it('the look at a terminal sees what is not ours, and takes ours for ours', () => {
  const us =
    '\u001b[?1049h\u001b[?25l\u001b[2K\u001b[1A\u001b[G\u001b[1;33mwarn\u001b[39;49m\r\n\tok ‹OSC› ━\u001b[3;10H'
  expect(foreignIn(us)).toEqual([])
  for (const part of hostile
    .slice('before '.length, -' after'.length)
    .match(/[\u001b\u0080-\u009f\u0000-\u001f\u007f][^\u001b\u009b\u009d]*|\p{Cf}/gu) ?? [])
    if (part !== '\u001b\\') expect(foreignIn(part), JSON.stringify(part)).not.toEqual([])
})

describe.runIf(hasTmux)(`a terminal${hasTmux ? '' : ' (no tmux here)'}`, () => {
  for (const [mode, env] of [
    ['in screen-reader mode', { INK_SCREEN_READER: 'true' }],
    ['as it is', {}],
  ] as const) {
    it(`fault 16: the console ${mode} sends it our bytes alone, whatever log, step, check, title and file name say`, async () => {
      const id = (await at.sitrep('declare', `Incident ${hostile}`)).stdout
      await at.sitrep('note', id, `A note ${hostile}`)
      await using person = await sit(at, ['open', id, '--runbook', 'book.yaml'], {
        env,
        raw: file('raw'),
        columns: 100,
        rows: 40,
      })
      const { t } = person
      await t.see(/± would change +shows/)
      expect(await t.screen()).toMatch(/Shows before ‹OSC›/)
      await t.pressUntil('3', /\[3 logs\]/)
      await t.see(/the last line/)
      expect(await t.screen()).toMatch(/before ‹OSC›/)
      await t.pressUntil('1', /\[1 steps\]/)
      await t.pressUntil('Enter', approves)
      await t.press('Enter')
      await t.waitFor(() => journaled(at, 'step.verified').length === 1)
      await t.pressUntil('Enter', approves)
      await t.press('Enter')
      await until(() => journaled(at, 'step.verified').some(({ verdict }) => verdict === 'failed'))
      for (const [key, pane] of [
        ['2', /\[2 checks/],
        ['4', /\[4 timeline\]/],
        ['1', /\[1 steps\]/],
      ] as const)
        await t.pressUntil(key, pane)
      await t.press('q')
      await t.see(/\[2\] runbooks/)
      await t.press('2')
      await t.see(/━ \[2\] runbooks/)
      expect(await t.value('#{pane_title}')).not.toContain('PWNED')
      const stderr = await person.leave()
      const raw = readFileSync(file('raw'), 'utf8')
      expect(raw.length).toBeGreaterThan(5000)
      expect(raw).toContain('the last line')
      expect(foreignInFile(file('raw'))).toEqual([])
      expect(foreignIn(stderr)).toEqual([])
      expect(foreignIn(at.postmortem())).toEqual([])
    })
  }

  it('fault 16: every command sends it our bytes alone', async () => {
    const id = (await at.sitrep('declare', `Incident ${hostile}`)).stdout
    writeFileSync(file('broken.yaml'), `runbook: ${escapedJson(hostile)}\n${escapedJson(hostile)}: [\n`)
    writeFileSync(file('evil.yaml'), escapedJson({ hosts: { [hostile]: { transport: 'local' } } }))
    const commands = [
      ['plan', 'book.yaml'],
      ['check', 'book.yaml'],
      ['lint', 'book.yaml'],
      ['lint', 'broken.yaml'],
      ['plan', 'broken.yaml', '--debug'],
      ['plan', 'book.yaml', '--inventory', 'evil.yaml'],
      ['plan', 'book.yaml', '--host', hostile],
      ['plan', hostile],
      ['run', 'book.yaml', '--incident', id, '--param', `${hostile}=1`],
      ['run', 'book.yaml', '--incident', id],
      ['note', id, hostile],
      ['note', hostile, 'text'],
      ['set', id, `impact=${hostile}`],
      ['set', id, `${hostile}=x`],
      ['status', id, hostile],
      ['timeline', id],
      ['timeline', hostile],
      ['timeline', `./${hostile}`],
      ['list'],
      ['export', id],
      ['export', id, '-o', `${hostileName}.md`],
      ['export', id, '--template', hostile],
      ['verify', id],
      ['archive', id, '-o', `${hostileName}.tgz`],
      ['archive', id, '-o', `${hostileName}.tgz`],
      ['timeline', `./${hostileName}.tgz`],
      ['undo', id, 'shows', '--yes'],
      ['hosts'],
      ['hosts', hostile],
      ['logs', 'here', hostile],
      ['logs', 'here', `file:${hostile}`, '--grep', `(${hostile}`],
      ['open', hostile],
      ['delete', id],
      [hostile],
      ['delete', id, '--yes'],
      // The last one follows until it is told to stop.
      ['logs', 'here', `file:${log()}`],
    ]
    const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
    const script = commands
      .map((args, index) => `echo "command ${index}"\n${[...program, ...args].map(quoted).join(' ')}`)
      .join('\n')
    writeFileSync(file('all.sh'), `${script}\n`)
    await using t = await tmux({
      command: ['sh', 'all.sh'],
      cwd: at.cwd,
      env: at.env,
      columns: 200,
      rows: 50,
      shell: true,
      raw: file('raw'),
    })
    const shown = () => readFileSync(file('raw'), 'utf8')
    const asked = async (question: RegExp, ...keys: string[]) => {
      await until(() => question.test(shown()), 60_000)
      await t.press(...keys)
    }
    // The run asks twice; what is typed before the question stands does not count.
    for (const questions of [1, 2]) {
      await until(() => shown().match(/Run this\?/g)?.length === questions, 60_000)
      await t.pressUntil('y', /Run this\?.* y+$/m)
      await t.press('Enter')
      await until(() => journaled(at, 'step.verified').length === questions, 60_000)
    }
    await asked(/Type .* to delete it/, 'n', 'o', 'Enter')
    await asked(/the last line/, 'C-c')
    await t.see(/^ready>$/m)
    const raw = shown()
    for (const [index] of commands.entries()) expect(raw).toContain(`command ${index}\r\n`)
    expect(raw.match(/before .*after/g)?.length).toBeGreaterThan(20)
    expect(raw).toContain('deleted: ')
    expect(foreignIn(raw)).toEqual([])
  })
})
