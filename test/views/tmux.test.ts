import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execaSync } from 'execa'
import { afterAll, describe, expect, it } from 'vitest'
import { type Tmux, tmux } from '../helpers/tmux.ts'
import { expectFits } from './frame.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'sitrep-views-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const hasTmux = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0

interface Started extends AsyncDisposable {
  t: Tmux
  intents(): { do: string; [key: string]: unknown }[]
}

async function open(
  scene: string,
  o: { columns?: number; rows?: number; env?: Record<string, string>; shell?: boolean } = {},
): Promise<Started> {
  const file = join(folder, `${randomBytes(4).toString('hex')}.jsonl`)
  const t = await tmux({
    command: [process.execPath, '--import', 'tsx', 'test/views/fakeMain.tsx', scene, file],
    cwd: root,
    env: { NODE_ENV: 'production', ...o.env },
    columns: o.columns ?? 80,
    rows: o.rows ?? 24,
    ...(o.shell ? { shell: true } : {}),
  })
  return {
    t,
    intents: () =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [],
    [Symbol.asyncDispose]: () => t.kill(),
  }
}

const approves = /enter approves this, on core-1, once/

/** What tmux says of the terminal: the main screen, a visible cursor, no bracketed paste. */
async function expectRestored(t: Tmux): Promise<void> {
  expect(await t.value('#{alternate_on} #{cursor_flag}')).toBe('0 1')
  await t.type('echo "typed $((40 + 2))"')
  await t.press('Enter')
  await t.see(/typed 42/)
}

describe.runIf(hasTmux)(`a person in tmux${hasTmux ? '' : ' (no tmux here)'}`, () => {
  it('goes from home through an approval, a note and the logs, at 80×24', async () => {
    await using session = await open('home', { shell: true })
    const { t } = session
    const home = await t.see(/SEV2 Core login answers 500/)
    expectFits(home, 80, 24)
    await t.press('Enter')
    expectFits(await t.see(/± would change/), 80, 24)
    await t.press('Enter')
    expectFits(await t.see(approves), 80, 24)
    await t.press('Escape')
    await t.see(/\[1 steps\]/)
    await t.pressUntil('3', /\[3 logs\]/)
    await t.see(/must be an asymmetric key/)
    await t.press('a')
    await t.see(/Back-date it/)
    await t.type('-10m restarted by hand')
    await t.see(/at 2026-11-20 03:02:09 UTC/)
    await t.press('Enter')
    await t.see(/note added/)
    await t.press('q')
    await t.see(/\[2\] runbooks/)
    await t.press('q')
    await t.see(/Leave sitrep/)
    await t.press('Enter')
    await t.see(/left by person; postmortem/)
    expect(session.intents().map((intent) => intent.do)).toEqual(['open', 'run', 'refuse', 'note', 'home'])
  })

  it('sees all panes at 200×60', async () => {
    await using session = await open('done', { columns: 200, rows: 60 })
    const screen = await session.t.see(/4 timeline/)
    for (const part of ['1 steps', '2 checks 3/3 pass', '3 logs', '✗ 500', '✓ answered'])
      expect(screen).toContain(part)
    expectFits(screen, 200, 60)
  })

  for (const [name, approved, paste] of [
    ['pasted raw', 1, (t: Tmux) => t.paste('\n'.repeat(10), { raw: true })],
    ['typed ahead', 1, (t: Tmux) => t.press(...Array.from({ length: 10 }, () => 'Enter'))],
    ['pasted in brackets', 0, (t: Tmux) => t.paste('\n'.repeat(10))],
  ] as const) {
    it(`approves one step at most with ten Enters ${name}`, async () => {
      await using session = await open('approval')
      await session.t.see(approves)
      await paste(session.t)
      // After the burst the next question stands there, unanswered, and takes keys again.
      await session.t.pressUntil('PageDown', /rows 9 to/)
      expect(session.intents()).toHaveLength(approved)
    })
  }

  it('takes no Enter that was typed before the question stood', async () => {
    await using session = await open('plan')
    await session.t.see(/± would change/)
    await session.t.press('Enter', 'Enter', 'Enter')
    await session.t.see(approves)
    expect(session.intents()).toEqual([{ do: 'run' }])
  })

  it('fault 11: copies through tmux, and only what was chosen', async () => {
    await using session = await open('plan')
    const { t } = session
    await t.see(/± would change/)
    await t.press('3', 'k', 'y')
    await t.see(/copied .* also to tmux's buffer/)
    expect(await t.buffer()).toBe('GET /health 200 1 ms (39)')
  })

  it('keeps each frame within a terminal that is resized in a storm', async () => {
    await using session = await open('plan', { env: { FAKE_LOG: '15' } })
    const { t } = session
    await t.see(/± would change/)
    for (let round = 0; round < 12; round++) {
      await t.resize(40 + ((round * 37) % 160), 10 + ((round * 11) % 50))
    }
    for (const [columns, rows] of [
      [200, 60],
      [80, 24],
      [120, 40],
      [80, 24],
    ] as const) {
      await t.resize(columns, rows)
      const last = /^ SEV2 .*\n[\s\S]*\? help *\n*$/
      const screen = await t.waitFor((shown) => last.test(shown) && shown.split('\n').length === rows)
      expectFits(screen, columns, rows)
      expect(screen.match(/03:12:09 UTC/g)).toHaveLength(1)
      expect(screen.match(/\? help/g)).toHaveLength(1)
    }
  })
})

describe.runIf(hasTmux)(`the terminal is restored${hasTmux ? '' : ' (no tmux here)'}`, () => {
  it('on quit, and what was on it before is there again', async () => {
    await using session = await open('plan', { shell: true })
    const { t } = session
    await t.see(/± would change/)
    expect(await t.value('#{alternate_on}')).toBe('1')
    await t.press('C-c')
    await t.see(/Leave sitrep/)
    await t.press('C-c')
    const screen = await t.see(/left by person; postmortem/)
    expect(screen).toContain('ready>')
    await expectRestored(t)
  })

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`on ${signal}`, async () => {
      await using session = await open('approval', { shell: true })
      const { t } = session
      await t.see(approves)
      process.kill(await childOf(t), signal)
      await t.see(new RegExp(`left by ${signal}`))
      await expectRestored(t)
    })
  }

  it('when something throws that nobody catches, and the trace stays on the screen', async () => {
    await using session = await open('plan', { shell: true, env: { FAKE_THROW: '1500' } })
    const { t } = session
    await t.see(/± would change/)
    await t.see(/Error: thrown by the core/)
    await expectRestored(t)
  })

  it('when a view throws', async () => {
    await using session = await open('broken', { shell: true })
    await session.t.see(/TypeError|Error:/)
    await expectRestored(session.t)
  })
})

/** The program that the shell of the session runs. */
async function childOf(t: Tmux): Promise<number> {
  const shell = await t.value('#{pane_pid}')
  const { stdout } = execaSync('ps', ['-o', 'pid=', '--ppid', shell])
  return Number(stdout.trim().split('\n')[0])
}
