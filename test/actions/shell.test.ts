import { access } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { action as manual } from '../../src/actions/manual.ts'
import { action as shell } from '../../src/actions/shell.ts'
import { act, around } from '../helpers/act.ts'
import { secretsOf, tempDir, testSession } from '../helpers/reader.ts'

describe('shell', () => {
  it('runs every time without a guard, and says that it has no undo', async () => {
    const acted = await act(shell, testSession(), { run: 'echo ready' })
    expect(acted.plan).toMatchObject({
      outcome: 'would_change',
      because: 'runs every time',
      changes: [
        {
          do: { say: 'run echo ready', run: { argv: ['sh', '-c', 'echo ready'] } },
          undo: { impossible: 'no undo was given for this command' },
        },
      ],
    })
    expect(acted.verdict).toEqual({ verdict: 'ok', reason: 'exit 0' })
  })

  it('creates: runs once, then is in sync; undo takes it back', async () => {
    await using dir = await tempDir()
    const path = dir.at('made')
    const params = { run: `touch '${path}'`, creates: path, undo: `rm '${path}'` }
    const first = await act(shell, testSession(), params)
    expect(first.plan.because).toBe(`${path} does not exist`)
    expect(first.verdict).toEqual({ verdict: 'ok', reason: `exit 0, ${path} exists` })
    expect((await act(shell, testSession(), params)).plan).toEqual({
      outcome: 'in_sync',
      because: `${path} exists`,
      changes: [],
    })
    await first.undo()
    await expect(access(path)).rejects.toThrow()
  })

  it('unless: exit 0 is in sync; a command that leaves its guard unmet has failed', async () => {
    expect((await act(shell, testSession(), { run: 'false', unless: 'true' })).plan).toMatchObject({
      outcome: 'in_sync',
      because: 'the guard holds: true',
    })
    const unmet = await act(shell, testSession(), { run: 'true', unless: 'false' })
    expect(unmet.plan.because).toBe('the guard does not hold: false')
    expect(unmet.verdict).toEqual({
      verdict: 'failed',
      reason: 'it ran, but its guard still does not hold: false',
    })
    await using dir = await tempDir()
    const not = await act(shell, testSession(), { run: 'true', creates: dir.at('no') })
    expect(not.verdict?.reason).toBe(`it ran, but ${dir.at('no')} does not exist`)
  })

  it('a guard that can not be run tells nothing', async () => {
    const { plan } = await act(shell, testSession(), { run: 'true', unless: 'no-such-program-here' })
    expect(plan).toMatchObject({
      outcome: 'cannot_tell',
      because: "the guard can't be run (exit 127): no-such-program-here",
    })
    const lost = {
      ...testSession(),
      run: async () => ({ endedBy: 'lost' as const, stdout: none, stderr: none, ms: 1 }),
    }
    expect((await act(shell, lost, { run: 'true', unless: 'true' })).plan.because).toBe(
      'the guard was ended by lost',
    )
    expect((await act(shell, lost, { run: 'true', creates: '/x' })).plan.because).toBe("can't look for /x")
  })

  it.each([
    [{ exit: 3 }, 'exit 3', 0],
    [{ exit: [0, 3] }, 'exit 3', 0],
    [{ exit: [0, 2] }, 'exit 3', 3],
    [{ exit: 3 }, 'true', 1],
    [{ exit: 3 }, 'exit 127', 127],
  ])('expects %j of `%s`', async (expected, run, exit) => {
    const { carried } = await act(shell, testSession(), { run, expect: expected })
    expect(carried[0]!.result.exitCode).toBe(exit)
    if (exit !== 0) expect(carried[0]!.stderr).toMatch(/^exit \d+, expected /)
  })

  it('matches the output', async () => {
    expect(
      (await act(shell, testSession(), { run: 'echo a; echo ready', expect: { match: '^ready$' } })).verdict
        ?.verdict,
    ).toBe('ok')
    expect(
      (await act(shell, testSession(), { run: 'echo no', expect: { match: '^ready$' } })).verdict,
    ).toEqual({
      verdict: 'failed',
      reason: 'exit 0 but output does not match ^ready$',
    })
    expect((await act(shell, testSession(), { run: 'true', expect: { match: 'x' } })).verdict?.reason).toBe(
      'exit 0 but no output',
    )
  })

  it('fault 20: a secret reaches the command by its environment, not by argv', async () => {
    const secrets = secretsOf({ token: 'tok-1234' })
    const session = testSession({ secrets })
    const run = { shell: 'printf %s "${S_TOKEN}"', secrets: { S_TOKEN: { secret: 'token' } } }
    for (const more of [{}, { expect: { exit: [0, 1] } }]) {
      const acted = await act(shell, session, { run, ...more }, { around: { secrets } })
      expect(new TextDecoder().decode(acted.carried[0]!.result.stdout.bytes)).toBe('tok-1234')
    }
    expect(JSON.stringify(session.commands.map(({ argv }) => argv))).not.toContain('tok-1234')
  })

  it('is an observation where it changes nothing, and tells its text whole, to be cut behind the pipe', async () => {
    const p = shell.params.parse({ run: 'uptime\nid', changes: false })
    expect(typeof shell.risk === 'function' && shell.risk(p)).toBe('observe')
    expect(shell.plan(p, {}, { stamp: '', id: '' }).changes[0]).toMatchObject({
      do: { say: 'run uptime\nid' },
      undo: [],
    })
    const verdict = await shell.verify(testSession(), p, {
      before: {},
      applied: [],
      around: around(testSession()),
      drawn: { stamp: '', id: '' },
    })
    expect(verdict.verdict).toBe('unknown')
  })
})

const none = { bytes: new Uint8Array(), total: 0, cut: false }

it('manual asks, and without an answer nothing is known', async () => {
  const p = manual.params.parse({})
  expect(manual.plan(p, {}, { stamp: '', id: '' })).toMatchObject({
    because: 'needs a person',
    changes: [{ do: { ask: { question: 'Is it done?' } }, undo: [] }],
  })
  expect(
    await manual.verify(testSession(), p, {
      before: {},
      applied: [],
      around: around(testSession()),
      drawn: { stamp: '', id: '' },
    }),
  ).toMatchObject({ verdict: 'unknown' })
})
