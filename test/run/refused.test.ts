import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { resolveSecrets, withholding } from '../../src/compose/secrets.ts'
import { undoState } from '../../src/compose/undo.ts'
import { SitrepError } from '../../src/model/errors.ts'
import type { Append, EventType } from '../../src/model/event.ts'
import { isStepDone } from '../../src/model/stepDone.ts'
import type { RunContext } from '../../src/run/context.ts'
import { earlierStates, leftOf } from '../../src/run/left.ts'
import { runUnits } from '../../src/run/run.ts'
import { bookName, ok, ownUnit, type RunBench, runBench, shellPlan } from './bench.ts'

const full = () => new SitrepError('recording', 'RECORDING STOPPED: ENOSPC: no space left on device')

/** A run whose journal refuses some events, as one does that lives on its reserve. */
function refusing(b: RunBench, refuses: (type: EventType, count: number) => boolean): RunContext {
  const counts = new Map<EventType, number>()
  const append: Append = async (type, data) => {
    counts.set(type, (counts.get(type) ?? 0) + 1)
    if (refuses(type, counts.get(type) ?? 0)) throw full()
    return b.incident.append(type, data)
  }
  return { ...b.context, append }
}

const secondStart = (type: EventType, count: number) => type === 'step.started' && count > 1

describe('fault 41: recording stops in the middle of a step', () => {
  const twoChanges = (b: RunBench, verdict: 'ok' | 'failed', onFail: 'stop' | 'undo' = 'stop') =>
    ownUnit({
      plan: () =>
        shellPlan(
          { run: `touch ${b.at('one')}`, undo: `touch ${b.at('undone')}` },
          { run: `touch ${b.at('two')}`, undo: `touch ${b.at('undone')}` },
        ),
      verify: async () => (verdict === 'ok' ? ok : { verdict, reason: 'it does not answer' }),
      onFail,
    })

  it('the next change is not begun; what was begun is verified, and the error goes up', async () => {
    await using b = await runBench()
    const context = refusing(b, secondStart)
    await expect(runUnits(context, [twoChanges(b, 'ok')], b.outputs)).rejects.toMatchObject({
      kind: 'recording',
    })
    expect(existsSync(b.at('one'))).toBe(true)
    expect(existsSync(b.at('two'))).toBe(false)
    expect(b.of('step.applied')).toHaveLength(1)
    expect(b.of('step.verified')).toMatchObject([
      {
        verdict: 'unknown',
        reason: `as it should be; not begun, since recording stopped: touch ${b.at('two')}`,
      },
    ])
  })

  it('a run that goes on later does not take the step for done, and knows what is left of it', async () => {
    await using b = await runBench()
    await expect(runUnits(refusing(b, secondStart), [twoChanges(b, 'ok')], b.outputs)).rejects.toThrow()
    const state = b.state('own')
    expect(isStepDone(state)).toBe(false)
    expect(leftOf(state)).toMatchObject({
      interrupted: true,
      rest: [{ do: { say: `touch ${b.at('two')}` } }],
    })
    expect(earlierStates(b.incident.read(), bookName)(ownUnit({}))).toBe(state)
  })

  it('an undo waits: it would begin something; the verdict is recorded', async () => {
    await using b = await runBench()
    const context = refusing(b, (type, count) => type === 'step.started' && count > 2)
    await expect(runUnits(context, [twoChanges(b, 'failed', 'undo')], b.outputs)).rejects.toMatchObject({
      kind: 'recording',
    })
    expect(existsSync(b.at('two'))).toBe(true)
    expect(existsSync(b.at('undone'))).toBe(false)
    expect(b.of('step.verified')).toMatchObject([{ verdict: 'failed', reason: 'it does not answer' }])
    expect(b.of('step.undone')).toEqual([])
    // It stays in the journal for `sitrep undo`.
    expect(b.state('own')?.changes.map(({ undone }) => undone)).toEqual([undefined, undefined])
  })

  it('a verdict that is refused too leaves the error as it was', async () => {
    await using b = await runBench()
    const context = refusing(b, (type, count) => secondStart(type, count) || type === 'step.verified')
    await expect(runUnits(context, [twoChanges(b, 'failed')], b.outputs)).rejects.toThrow('ENOSPC')
    expect(b.of('step.verified')).toEqual([])
  })

  it('a result that can not be recorded goes up, and its job stays on the host', async () => {
    await using b = await runBench({ steps: [{ id: 'a', with: { run: 'echo said' } }] })
    const context = refusing(b, (type) => type === 'step.applied')
    await expect(runUnits(context, [b.unit('a')], b.outputs)).rejects.toMatchObject({ kind: 'recording' })
    const [started] = b.events().filter(({ type }) => type === 'step.started')
    const session = await b.context.session('here')
    expect(await session.jobState(started?.id ?? '')).toMatchObject({ is: 'done', result: { exitCode: 0 } })
  })

  it('cancel works whatever the journal does: the signal goes first', async () => {
    await using b = await runBench()
    const unit = ownUnit({ plan: () => shellPlan({ run: `echo $$ > ${b.at('pid')}; sleep 600` }) })
    const context = refusing(b, (type) => type === 'step.applied' || type === 'step.cancelled')
    const ended = runUnits(context, [unit], b.outputs)
    ended.catch(() => undefined)
    const pid = () => (existsSync(b.at('pid')) ? readFileSync(b.at('pid'), 'utf8').trim() : '')
    await expect.poll(pid, { timeout: 10_000 }).toMatch(/^\d+$/)
    b.abort()
    await expect(ended).rejects.toMatchObject({ kind: 'recording' })
    expect(existsSync(`/proc/${pid()}`)).toBe(false)
  })
})

describe('an undo in a process that does not know the secrets of the incident', () => {
  it('is carried out, and its output stays on the host, unseen', async () => {
    await using b = await runBench()
    const unit = ownUnit({
      plan: () => shellPlan({ run: 'true', undo: `echo s3cret-of-another-run; touch ${b.at('undone')}` }),
    })
    await runUnits(b.context, [unit], b.outputs)
    await b.incident.append('secret.registered', { name: 'TOKEN', source: 'host:here' })
    const missing = await resolveSecrets(b.incident, b.incident.secrets, { at: [] })
    expect(missing).toEqual([{ name: 'TOKEN', changed: false }])
    const state = b.state('own')
    if (state === undefined) throw new Error('the step was not recorded')
    const end = await undoState(withholding({ ...b.context, run: state.run }, ['TOKEN']), state)
    expect(end.code).toBe(0)
    expect(existsSync(b.at('undone'))).toBe(true)
    const applied = b.of('step.applied').at(-1)
    expect(applied).toMatchObject({
      exitCode: 0,
      stdout: '‹stays on the host: TOKEN not known here›',
      stderr: '',
    })
    expect(JSON.stringify(b.of('step.applied'))).not.toContain('s3cret')
    const session = await b.context.session('here')
    expect(await session.jobState(applied?.started ?? '')).toMatchObject({ is: 'done' })
  })

  it('learns again what comes from the environment, a file or a person; a password is no such secret', async () => {
    await using b = await runBench()
    writeFileSync(b.at('token'), 'from-a-file\n')
    vi.stubEnv('SITREP_TEST_TOKEN', 'from-the-environment')
    const sources = {
      A: 'env:SITREP_TEST_TOKEN',
      B: `file:${b.at('token')}`,
      C: 'prompt',
      D: 'stdin',
      E: 'env:SITREP_TEST_ABSENT',
      'sudo me@here': 'prompt',
    }
    for (const [name, source] of Object.entries(sources))
      await b.incident.append('secret.registered', { name, source })
    const asked: string[] = []
    const missing = await resolveSecrets(b.incident, b.incident.secrets, {
      at: [],
      prompter: {
        secret: async ({ who }) => {
          asked.push(who)
          return who === 'C' ? 'from-a-person' : undefined
        },
      },
    })
    expect(missing.map(({ name }) => name)).toEqual(['D', 'E'])
    expect(asked).toEqual(['C', 'D'])
    expect(b.incident.secrets.entries()).toEqual([
      { name: 'A', value: 'from-the-environment' },
      { name: 'B', value: 'from-a-file' },
      { name: 'C', value: 'from-a-person' },
    ])
  })
})
