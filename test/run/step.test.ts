import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { SitrepError } from '../../src/model/errors.ts'
import { stampOf } from '../../src/run/inspect.ts'
import { runUnits } from '../../src/run/run.ts'
import { tempDir } from '../helpers/reader.ts'
import { enter, inSync, ok, ownUnit, runBench, shellPlan } from './bench.ts'

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

describe('a unit, from inspection to verdict', () => {
  it('in sync: nothing is asked or carried out, and it says why', async () => {
    await using b = await runBench({ steps: [{ id: 'a', with: { run: 'exit 9', creates: '/etc/passwd' } }] })
    expect(await b.run(b.unit('a'))).toEqual({ end: 'in_sync', code: 0, reason: '/etc/passwd exists' })
    expect(b.asked).toEqual([])
    expect(b.events().map(({ type }) => type)).toEqual(['step.planned', 'step.verified'])
    expect(b.state('a')?.state).toBe('in_sync')
  })

  it('would change: asks, journals the decision before the start and the undo with it, applies, verifies', async () => {
    await using b = await runBench({
      steps: [{ id: 'a', with: { run: 'echo out; echo err >&2', undo: 'true' } }],
      answers: [enter],
    })
    expect(await b.run(b.unit('a'))).toMatchObject({ end: 'ok', code: 0 })
    expect(b.events().map(({ type }) => type)).toEqual([
      'step.planned',
      'step.approved',
      'step.started',
      'step.applied',
      'step.verified',
    ])
    expect(b.of('step.approved')[0]).toMatchObject({ how: 'enter', plan: b.of('step.planned')[0]?.plan })
    const [started] = b.of('step.started')
    expect(started).toMatchObject({ change: 0, of: 1, undo: [{ say: 'run true' }] })
    expect(b.of('step.applied')[0]).toMatchObject({
      started: b.events().find(({ type }) => type === 'step.started')?.id,
      exitCode: 0,
      stdout: 'out',
      stderr: 'err',
    })
    const folder = b.at('host-state', 'sitrep', 'jobs', b.events()[2]?.id ?? '')
    await expect.poll(() => existsSync(folder)).toBe(false)
  })

  it('an observing step runs without being asked for', async () => {
    await using b = await runBench({ steps: [{ id: 'a', with: { run: 'true', changes: false } }] })
    expect(await b.run(b.unit('a'))).toMatchObject({ end: 'ok' })
    expect(b.asked).toEqual([])
    expect(b.of('step.approved')).toMatchObject([{ how: 'auto' }])
  })

  it('cannot tell: fails with the reason, and touches nothing', async () => {
    await using b = await runBench({
      steps: [{ id: 'a', uses: 'env.require', with: { file: '/no/.env', keys: ['A_KEY'] } }],
    })
    expect(await b.run(b.unit('a'))).toMatchObject({
      end: 'failed',
      code: 1,
      reason: expect.stringContaining('/no/.env'),
    })
    const broken = ownUnit({ inspect: async () => Promise.reject(new Error('no such program')) })
    expect(await b.run(broken)).toMatchObject({
      end: 'failed',
      code: 1,
      reason: 'inspection failed: no such program',
    })
    expect(b.of('step.started')).toEqual([])
  })

  it('skip goes on, stop ends with 4, and neither touches anything', async () => {
    await using b = await runBench({
      steps: ['a', 'b', 'c'].map((id) => ({ id, with: { run: 'true' } })),
      answers: [
        { answer: 'skip', reason: 'not today' },
        { answer: 'stop', reason: 'enough' },
      ],
    })
    const { codes, ends } = await runUnits(b.context, b.prepared.units, b.outputs)
    expect(codes).toEqual([4])
    expect(ends.map(({ end }) => [end.end, end.reason])).toEqual([
      ['skipped', 'not today'],
      ['stopped', 'enough'],
    ])
    expect(b.of('step.skipped').map(({ reason }) => reason)).toEqual(['not today', 'stopped: enough'])
    expect(b.of('step.started')).toEqual([])
  })

  it('an answer that is none counts as no approval', async () => {
    await using b = await runBench({
      steps: [{ id: 'a', with: { run: 'true' } }],
      answers: [{ answer: 'said', text: 'hm', ok: true }],
    })
    expect(await b.run(b.unit('a'))).toMatchObject({ end: 'stopped', code: 4, reason: 'not approved' })
  })

  it('a host that is not reached, and a value that does not fit, are told with their codes', async () => {
    await using b = await runBench()
    const gone = ownUnit({ inspect: async () => Promise.reject(new SitrepError('unreachable', 'no route')) })
    expect((await runUnits(b.context, [gone], b.outputs)).codes).toEqual([3])
    expect(b.of('step.verified')).toMatchObject([{ verdict: 'failed', reason: 'no route' }])
    const full = {
      ...b.context,
      append: async () => Promise.reject(new SitrepError('recording', 'RECORDING STOPPED')),
    }
    await expect(runUnits(full, [ownUnit({})], b.outputs)).rejects.toThrow('RECORDING STOPPED')
    const broken = {
      ...b.context,
      resolve: () => {
        throw new TypeError('a bug')
      },
    }
    await expect(runUnits(broken, [ownUnit({})], b.outputs)).rejects.toThrow('a bug')
  })

  it('a stamp is UTC to the second', () => {
    expect(stampOf(new Date('2026-11-20T03:04:05.678Z'))).toBe('20261120T030405Z')
  })
})

describe('a plan that changed between approval and apply', () => {
  const slow = () => {
    let ms = Date.now()
    const pass = () => {
      ms += 5000
    }
    return { now: () => new Date(ms), pass }
  }
  /** Plans differ with each inspection, as far as the list goes. */
  const changing = (says: string[]) => {
    let looks = 0
    return ownUnit({
      inspect: async () => says[Math.min(looks++, says.length - 1)],
      plan: (_p, say: string) =>
        say === ''
          ? inSync
          : { ...shellPlan({ run: `echo ${say}` }), ...(say === '?' ? { outcome: 'cannot_tell' } : {}) },
    })
  }
  const approvedLate = (clock: ReturnType<typeof slow>, how: 'yes' | 'enter') => () => {
    clock.pass()
    return { answer: 'run' as const, how }
  }

  it('is asked again until it holds still; what runs is what was approved last', async () => {
    const clock = slow()
    await using b = await runBench({
      now: clock.now,
      answers: [approvedLate(clock, 'enter'), approvedLate(clock, 'enter')],
    })
    expect(await b.run(changing(['one', 'two']))).toMatchObject({ end: 'ok' })
    expect(b.asked.map(({ changed }) => changed)).toEqual([undefined, true])
    expect(b.of('step.planned').map(({ changes }) => changes[0]?.do.say)).toEqual(['echo one', 'echo two'])
    expect(b.of('step.approved')).toEqual([expect.objectContaining({ plan: b.of('step.planned')[1]?.plan })])
    expect(b.of('step.applied')[0]?.stdout).toBe('two')
  })

  it('under --yes is journaled and goes on', async () => {
    const clock = slow()
    await using b = await runBench({ now: clock.now, answers: [approvedLate(clock, 'yes')] })
    expect(await b.run(changing(['one', 'two']))).toMatchObject({ end: 'ok' })
    expect(b.asked).toHaveLength(1)
    expect(b.of('step.planned')).toHaveLength(2)
    expect(b.of('step.approved')).toMatchObject([{ how: 'yes', plan: b.of('step.planned')[1]?.plan }])
  })

  it('that became in sync is left, one that can not be told any more fails', async () => {
    const clock = slow()
    await using b = await runBench({
      now: clock.now,
      answers: [approvedLate(clock, 'enter'), approvedLate(clock, 'enter')],
    })
    expect(await b.run(changing(['one', '']))).toMatchObject({ end: 'in_sync', code: 0 })
    expect(await b.run(changing(['one', '?']))).toMatchObject({ end: 'failed', code: 1 })
    expect(b.of('step.started')).toEqual([])
  })

  it('that was just made is not looked at a second time', async () => {
    await using b = await runBench()
    let looks = 0
    await b.run(ownUnit({ inspect: async () => void looks++, plan: () => shellPlan({ run: 'true' }) }))
    expect(looks).toBe(1)
  })
})

describe('verification', () => {
  it('that is unknown ends with 5, and takes nothing back', async () => {
    await using b = await runBench()
    const unit = ownUnit(
      {
        plan: () => shellPlan({ run: 'true', undo: 'exit 9' }),
        verify: async () => ({ verdict: 'unknown', reason: 'who knows' }),
      },
      { onFail: 'undo' },
    )
    expect(await b.run(unit)).toEqual({ end: 'unknown', code: 5, reason: 'who knows' })
    expect(b.of('step.unknown')).toMatchObject([{ reason: 'who knows' }])
    expect(b.of('step.undone')).toEqual([])
  })

  it('that can not look is unknown, not a crash and not a failure', async () => {
    await using b = await runBench()
    let looks = 0
    const verify = async () => {
      looks += 1
      if (looks === 1) throw new SitrepError('failed', 'the file can not be read')
      return ok
    }
    expect(
      await b.run(ownUnit({ plan: () => shellPlan({ run: 'true' }), verify }, { within: 10 })),
    ).toMatchObject({ end: 'ok' })
    const broken = ownUnit(
      { plan: () => shellPlan({ run: 'true' }), verify: async () => Promise.reject(new Error('a bug')) },
      { id: 'b' },
    )
    expect(await b.run(broken)).toEqual({ end: 'unknown', code: 5, reason: 'the look failed: a bug' })
  })

  it("takes the step's times, else the action's", async () => {
    await using b = await runBench()
    let looks = 0
    const verify = async () => (++looks < 3 ? { verdict: 'failed' as const, reason: 'not yet' } : ok)
    expect(
      await b.run(ownUnit({ plan: () => shellPlan({ run: 'true' }), verify, within: 10 })),
    ).toMatchObject({ end: 'ok' })
    looks = 0
    expect(
      await b.run(
        ownUnit({ plan: () => shellPlan({ run: 'true' }), verify, within: 10 }, { id: 'b', within: 0 }),
      ),
    ).toMatchObject({ end: 'failed' })
  })
})

describe('manual steps', () => {
  const steps = [{ id: 'm', uses: 'manual', with: { ask: 'Is it green?', instructions: 'Look up.' } }]

  it.each([
    ['yes', true, 'ok', 0],
    ['no', false, 'failed', 1],
  ])('answered %s', async (text, good, end, code) => {
    await using b = await runBench({ steps, answers: [{ answer: 'said', text, ok: good }] })
    expect(await b.run(b.unit('m'))).toEqual({ end, code, reason: `answered: ${text}` })
    expect(b.asked[0]?.question).toBe('Is it green?\nLook up.')
    expect(b.of('step.answered')).toMatchObject([{ answer: text }])
  })

  it('skipped, stopped, or nobody there', async () => {
    await using b = await runBench({
      steps,
      answers: [
        { answer: 'skip', reason: 'needs a person' },
        { answer: 'stop', reason: 'no' },
      ],
    })
    expect(await b.run(b.unit('m'))).toEqual({ end: 'skipped', code: 0, reason: 'needs a person' })
    expect(await b.run(b.unit('m'))).toEqual({ end: 'stopped', code: 4, reason: 'no' })
    expect(await b.run(b.unit('m'))).toEqual({ end: 'skipped', code: 0, reason: 'needs a person' })
  })
})

describe('conditions, outputs and secrets', () => {
  it('a step with `if` runs where the verdict is the wanted one, else it is skipped with the reason', async () => {
    await using b = await runBench({
      steps: [
        { id: 'a', with: { run: 'true' } },
        { id: 'b', if: 'steps.a ok', with: { run: 'true' } },
        { id: 'c', if: 'steps.a failed', with: { run: 'true' } },
        { id: 'd', if: 'checks.up failed', with: { run: 'true' } },
        { id: 'e', if: 'steps.c ok', with: { run: 'true' } },
      ],
      book: { checks: [{ id: 'up', command: 'false' }] },
    })
    await b.incident.append('check.observed', {
      check: 'up',
      title: 'up',
      host: 'here',
      kind: 'command',
      phase: 'before',
      verdict: 'failed',
      expected: '',
      observed: '',
      ms: 1,
    })
    const { ends } = await runUnits(b.context, b.prepared.units, b.outputs)
    expect(ends.map(({ unit, end }) => [unit.step.id, end.end])).toEqual([
      ['a', 'ok'],
      ['b', 'ok'],
      ['c', 'skipped'],
      ['d', 'ok'],
      ['e', 'skipped'],
    ])
    expect(ends[2]?.end.reason).toBe('not needed: steps.a is not failed')
  })

  it('an output is used by a later step, quoted; before, the step waits for it; in sync has none', async () => {
    await using b = await runBench({
      steps: [
        { id: 'a', register: 'said', with: { run: `printf "a'b  c\\n\\n"` } },
        { id: 'b', with: { run: 'echo [{{ steps.said.output }}]' } },
      ],
    })
    expect(await b.run(b.unit('b'))).toMatchObject({ end: 'failed', reason: 'uses the output of a' })
    expect(b.of('step.planned')[0]?.outcome).toBe('after_step:a')
    await b.run(b.unit('a'))
    expect(await b.run(b.unit('b'))).toMatchObject({ end: 'ok' })
    expect(b.of('step.applied').at(-1)?.stdout).toBe("[a'b  c]")
  })

  it("an action's own output is kept in place of what was printed", async () => {
    await using b = await runBench()
    await b.run(
      ownUnit({ plan: () => shellPlan({ run: 'echo long' }), output: () => 'short' }, { register: 'name' }),
    )
    expect(b.outputs.get('here', 'name')).toBe('short')
    expect(b.outputs.get('here', 'own')).toBe('short')
    expect(b.outputs.get('other', 'own')).toBeUndefined()
  })

  it('fault 20, 24: a secret reaches the step, and is in no event, argument or environment prefix', async () => {
    const secret = "s3cr3t 'quoted' $value"
    await using out = await tempDir()
    vi.stubEnv('BENCH_TOKEN', secret)
    const run = `printf %s {{ params.token }} > {{ params.out }}; echo {{ params.token }}; tr '\\0' ' ' < /proc/$$/cmdline`
    await using b = await runBench({
      steps: [{ id: 'a', with: { run } }],
      book: { params: { token: { secret: true }, out: {} } },
      given: { token: 'env:BENCH_TOKEN', out: out.at('value') },
    })
    expect(await b.run(b.unit('a'))).toMatchObject({ end: 'ok' })
    expect(read(out.at('value'))).toBe(secret)
    expect(b.of('step.applied')[0]?.stdout).toContain('‹secret:token›')
    expect(JSON.stringify(b.events())).not.toContain('s3cr3t')
  })

  it('what an inspection learns on the host is hidden from then on, unless it is too short to be told apart', async () => {
    await using b = await runBench()
    const unit = ownUnit({
      inspect: async (_host, _p, { learned }) => {
        learned('DB_PASSWORD', 'learned-on-host-77')
        learned('DB_PASSWORD', 'learned-on-host-77')
        learned('PIN', '123')
      },
      plan: () => shellPlan({ run: 'echo learned-on-host-77 123' }),
    })
    await b.run(unit)
    expect(b.of('step.applied')[0]?.stdout).toBe('‹secret:DB_PASSWORD› 123')
    expect(b.incident.secrets.sourceOf('DB_PASSWORD')).toBe('host:here')
    expect(b.of('secret.registered')).toEqual([
      { name: 'DB_PASSWORD', source: 'host:here', check: expect.stringMatching(/^[0-9a-f]+:[0-9a-f]+$/) },
    ])
  })

  it('a long output is kept whole beside the journal', async () => {
    await using b = await runBench({ steps: [{ id: 'a', with: { run: 'seq 1 3000' } }] })
    await b.run(b.unit('a'))
    const [applied] = b.of('step.applied')
    expect(applied?.stdout.split('\n')).toHaveLength(20)
    expect(
      existsSync(b.at('state', 'incidents', b.incident.id, 'artifacts', `${applied?.artifact?.sha256}.gz`)),
    ).toBe(true)
  })
})
