import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { undoIncident } from '../../src/compose/undo.ts'
import type { Action } from '../../src/model/action.ts'
import { headlessApprove } from '../../src/run/policy.ts'
import { undoStarted } from '../../src/run/undo.ts'
import { tempDir } from '../helpers/reader.ts'
import { until } from '../hosts/helpers/machine.ts'
import { enter, ownUnit, type RunBench, runBench, shellPlan, yes } from './bench.ts'

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const stop = { answer: 'stop', reason: 'no' } as const
const undone = (b: RunBench) => b.of('step.undone').map(({ verdict, reason }) => [verdict, reason])

/** Three changes that write down that they ran, and undos that do the same; the third fails. */
const three = (log: string, last = 'exit 4') =>
  shellPlan(
    { run: `echo 1 >> ${log}`, undo: `echo -1 >> ${log}` },
    { run: `echo 2 >> ${log}` },
    { run: last, undo: `echo -3 >> ${log}` },
  )

describe('an apply that fails', () => {
  it('stops where the step says so, or says nothing: nothing is taken back, the changes after it do not run', async () => {
    await using b = await runBench()
    for (const [id, onFail] of [
      ['a', undefined],
      ['b', 'stop'],
    ] as const) {
      const plan = shellPlan(
        { run: 'echo why >&2; exit 4', undo: 'true' },
        { run: `echo 2 >> ${b.at('log')}` },
      )
      const unit = ownUnit({ plan: () => plan }, { id, ...(onFail === undefined ? {} : { onFail }) })
      expect(await b.run(unit)).toEqual({ end: 'failed', code: 1, reason: 'exit 4: why' })
    }
    expect(read(b.at('log'))).toBe('')
    expect(undone(b)).toEqual([])
    expect(b.state('a')?.state).toBe('failed')
  })

  it('undoes what was started, newest first, with its own jobs', async () => {
    await using b = await runBench()
    const end = await b.run(ownUnit({ plan: () => three(b.at('log')), onFail: 'undo' }))
    expect(end).toEqual({ end: 'failed', code: 1, reason: 'exit 4; what it had changed was taken back' })
    expect(read(b.at('log'))).toBe('1\n2\n-3\n-1\n')
    expect(undone(b)).toEqual([
      ['ok', `echo -3 >> ${b.at('log')}`],
      ['ok', 'nothing to take back'],
      ['ok', `echo -1 >> ${b.at('log')}`],
    ])
    expect(b.of('step.started').map(({ change }) => change)).toEqual([0, 1, 2, -1, -1])
    expect(b.state('own')?.state).toBe('undone')
    // The folders go without being waited for.
    await vi.waitFor(() => expect(readdirSync(b.at('host-state', 'sitrep', 'jobs'))).toEqual([]), 10_000)
  })

  it('asks, and does what is answered; --yes agrees, nobody there does not', async () => {
    await using b = await runBench({ answers: [enter, enter, enter, stop] })
    const unit = (id: string) => ownUnit({ plan: () => three(b.at(id)) }, { id, onFail: 'ask' })
    await b.run(unit('a'))
    expect(read(b.at('a'))).toBe('1\n2\n-3\n-1\n')
    expect(b.asked[1]?.plan).toMatchObject({ title: 'Undo: Own', because: 'the step failed: exit 4' })
    expect(b.asked[1]?.plan.plan.changes.map(({ do: { say } }) => say)).toEqual([
      `echo -3 >> ${b.at('a')}`,
      `echo -1 >> ${b.at('a')}`,
    ])
    expect(await b.run(unit('b'))).toMatchObject({ end: 'failed', code: 1 })
    expect(read(b.at('b'))).toBe('1\n2\n')
    for (const flags of [
      { yes: true, undone: true },
      { yes: false, undone: false },
    ]) {
      const approve = headlessApprove({ yes: flags.yes, targets: [] }, undefined)
      const answer = await approve({ id: '', plan: b.asked[1]!.plan, confirm: 'ask' }, b.context.signal)
      expect(answer.answer === 'run').toBe(flags.undone)
    }
  })

  it('a timeout is told with its seconds', async () => {
    await using b = await runBench({ steps: [{ id: 'a', timeout: '1s', with: { run: 'sleep 60' } }] })
    // The time that it took to end it counts too.
    const reason = expect.stringMatching(/^did not end within \d s$/)
    expect(await b.run(b.unit('a'))).toEqual({ end: 'failed', code: 1, reason })
  })

  it('a result that is lost is unknown, 5, and nothing is taken back', async () => {
    await using b = await runBench()
    b.context.carry = async (_change, _id, { journaled }) => {
      const none = { bytes: new Uint8Array(), total: 0, cut: false }
      const result = { endedBy: 'lost' as const, stdout: none, stderr: none, ms: 1 }
      await journaled(result)
      return result
    }
    expect(await b.run(ownUnit({ plan: () => three(b.at('log')), onFail: 'undo' }))).toEqual({
      end: 'unknown',
      code: 5,
      reason: 'the link was lost; what became of it is not known',
    })
    expect(undone(b)).toEqual([])
  })

  it('ended by a signal says which', async () => {
    await using b = await runBench({ steps: [{ id: 'a', with: { run: 'kill -TERM $$' } }] })
    expect(await b.run(b.unit('a'))).toMatchObject({
      end: 'failed',
      reason: expect.stringMatching(/TERM|143/),
    })
  })
})

describe('a verification that fails', () => {
  it('undoes: what is put back is put back before the reload runs again', async () => {
    await using dir = await tempDir()
    const [path, log] = [dir.at('app.conf'), dir.at('log')]
    writeFileSync(path, 'old')
    const reload = ['sh', '-c', `cat ${path} >> ${log}; echo >> ${log}`]
    await using b = await runBench({
      steps: [{ id: 'sync', uses: 'file.sync', with: { path, source: { text: 'new' }, reload } }],
    })
    const verify: Action['verify'] = async () => ({
      verdict: 'failed',
      reason: 'still 500',
      evidence: ['HTTP 500'],
    })
    const end = await b.run(likeUnit(b, 'sync', { verify, within: 0 }))
    expect(end).toMatchObject({
      end: 'failed',
      code: 1,
      reason: 'still 500; what it had changed was taken back',
    })
    expect(read(path)).toBe('old')
    expect(read(log)).toBe('new\nold\n')
    expect(b.of('step.verified').at(-1)).toMatchObject({ verdict: 'failed', evidence: ['HTTP 500'] })
    expect(b.of('step.undone').every(({ verdict }) => verdict === 'ok')).toBe(true)
  })
})

/** A step of the runbook, with something of its action, or of its parameters, replaced. */
function likeUnit(b: RunBench, id: string, action: Partial<Action>, params: Record<string, unknown> = {}) {
  const resolved = b.context.resolve(b.unit(id), b.outputs)
  if (resolved.is !== 'resolved') throw new Error('not resolved')
  return ownUnit(
    { ...resolved.action, ...action },
    { id, with: { ...(resolved.params as object), ...params } },
  )
}

describe('undo', () => {
  const sync = async (answers: Parameters<typeof runBench>[0] = {}) => {
    const b = await runBench({
      ...answers,
      steps: [{ id: 'sync', uses: 'file.sync', with: { path: '/nonexistent', source: { text: 'new' } } }],
    })
    return b
  }

  /** A file that a step replaced, and the started pair as the runner has it. */
  async function replaced(b: RunBench, id = 'sync') {
    const path = b.at('app.conf')
    writeFileSync(path, 'old')
    expect(await b.run(likeUnit(b, id, {}, { path }))).toMatchObject({ end: 'ok' })
    expect(read(path)).toBe('new')
    const changes = b.state(id)?.changes ?? []
    const started = changes.map(({ started, undo, applied }) => ({
      id: started,
      undo,
      after: applied?.after ?? {},
    }))
    return { path, started, undo: () => undoStarted(b.context, { step: id, host: 'here' }, started) }
  }

  it('puts the former file back, and finds nothing to do where it is back already', async () => {
    await using b = await sync()
    const { path, undo } = await replaced(b)
    expect(await undo()).toMatchObject({ verdict: 'ok', code: 0 })
    expect(read(path)).toBe('old')
    expect(await undo()).toMatchObject({ verdict: 'ok' })
    expect(undone(b).at(-1)).toEqual(['ok', 'nothing to take back'])
  })

  it('compares with what the step left: what somebody changed since is asked about, and left without a person', async () => {
    await using b = await sync({ answers: [enter, yes, stop, enter] })
    const { path, undo } = await replaced(b)
    writeFileSync(path, 'by somebody')
    for (const _ of ['yes', 'stop']) {
      expect(await undo()).toMatchObject({
        verdict: 'failed',
        code: 4,
        reason: expect.stringContaining('is not as the step left it'),
      })
      expect(read(path)).toBe('by somebody')
    }
    expect(b.asked.at(-1)).toMatchObject({ confirm: 'ask', changed: true })
    expect(await undo()).toMatchObject({ verdict: 'ok' })
    expect(read(path)).toBe('old')
  })

  it('that can not compare says so, is recorded, and changes nothing', async () => {
    await using b = await sync({ answers: [enter] })
    const { path, undo } = await replaced(b)
    rmSync(path)
    mkdirSync(path)
    expect(await undo()).toMatchObject({
      verdict: 'failed',
      code: 1,
      reason: expect.stringContaining("can't read"),
    })
    expect(undone(b).at(-1)?.[0]).toBe('failed')
  })

  it('that is impossible says why, and stops there', async () => {
    await using b = await runBench()
    const log = b.at('log')
    const plan = shellPlan({ run: 'true', undo: `echo -1 >> ${log}` }, { run: 'exit 3', undo: false })
    const end = await b.run(ownUnit({ plan: () => plan, onFail: 'undo' }))
    expect(end).toEqual({
      end: 'failed',
      code: 1,
      reason: "exit 3; can't be undone: it is not to be had back",
    })
    expect(read(log)).toBe('')
    expect(undone(b)).toEqual([['failed', "can't be undone: it is not to be had back"]])
  })

  it('that fails or is lost says so with its code', async () => {
    await using b = await runBench()
    const fails = ownUnit({
      plan: () => shellPlan({ run: 'exit 3', undo: 'echo oh >&2; exit 5' }),
      onFail: 'undo',
    })
    expect(await b.run(fails)).toMatchObject({ code: 1, reason: 'exit 3; undo did not end well: exit 5: oh' })
    expect(undone(b)).toEqual([['failed', 'undo did not end well: exit 5: oh']])
    const { carry } = b.context
    b.context.carry = async (change, id, deps) => {
      const result = await carry(change, id, deps)
      return change.say === 'lost' ? { ...result, endedBy: 'lost' } : result
    }
    const lost = ownUnit(
      { plan: () => shellPlan({ run: 'exit 3', undo: 'lost' }), onFail: 'undo' },
      { id: 'b' },
    )
    expect(await b.run(lost)).toMatchObject({ code: 5 })
  })

  it('from the journal: newest step first, only the named one, and not twice', async () => {
    await using b = await runBench({
      steps: ['a', 'b', 'c'].map((id) => ({
        id,
        with: { run: 'true', undo: `echo -${id} >> /dev/null; exit 0` },
      })),
      book: { hosts: 'here' },
    })
    for (const id of ['a', 'b', 'c']) await b.run(b.unit(id))
    writeFileSync(b.at('sitrep.yaml'), 'hosts:\n  here: { transport: local }\n')
    const undo = (step?: string, answer = yes) =>
      undoIncident(b.incident, {
        ...(step === undefined ? {} : { step }),
        hosts: [],
        inventory: b.at('sitrep.yaml'),
        asking: {},
        approve: async () => answer,
        signal: b.context.signal,
      })
    expect(await undo(undefined, stop as never)).toMatchObject({ code: 4 })
    expect(await undo('b')).toEqual({ code: 0, reason: 'undone: b on here' })
    expect(await undo()).toEqual({ code: 0, reason: 'undone: c on here, a on here' })
    expect(await undo()).toEqual({ code: 0, reason: 'nothing to undo' })
    expect(b.of('step.undone').map(({ step }) => step)).toEqual(['b', 'c', 'a'])
  })

  it('of a file that was never replaced, what would follow its return does not run either', async () => {
    await using dir = await tempDir()
    const [path, log] = [dir.at('app.conf'), dir.at('log')]
    writeFileSync(path, 'old')
    const reload = ['sh', '-c', `echo reload >> ${log}`]
    const validate = ['sh', '-c', 'exit 3', '{candidate}']
    await using c = await runBench({
      steps: [{ id: 'sync', uses: 'file.sync', with: { path, source: { text: 'new' }, reload, validate } }],
    })
    const unit = c.unit('sync')
    const end = await c.run({ ...unit, step: { ...unit.step, onFail: 'undo' } })
    expect(end).toMatchObject({ end: 'failed', reason: expect.stringContaining('validation failed') })
    expect(read(path)).toBe('old')
    expect(read(log)).toBe('')
    expect(undone(c)).toEqual([['ok', 'nothing to take back']])
  })

  it('that failed after the file was back runs the rest when it is undone again', async () => {
    await using b = await sync()
    const { path, started } = await replaced(b)
    const [first] = started
    if (first === undefined || !Array.isArray(first.undo)) throw new Error('no undo')
    const reload = { say: 'reload', run: { argv: ['sh', '-c', `echo reload >> ${b.at('log')}`] } }
    const pair = { id: first.id, undo: [...first.undo, reload], tried: true }
    writeFileSync(path, 'old')
    expect(await undoStarted(b.context, { step: 'sync', host: 'here' }, [pair])).toMatchObject({ code: 0 })
    expect(read(b.at('log'))).toBe('reload\n')
  })

  it('on production wants its target typed, records the answer, and knows its steps and hosts', async () => {
    await using b = await runBench({
      production: true,
      steps: [{ id: 'a', with: { run: 'true', undo: 'true' } }],
    })
    await b.run(b.unit('a'))
    writeFileSync(b.at('sitrep.yaml'), 'hosts:\n  here: { transport: local, production: true }\n')
    const undo = (targets: string[], step = 'a', hosts: string[] = []) =>
      undoIncident(b.incident, {
        step,
        hosts,
        inventory: b.at('sitrep.yaml'),
        asking: {},
        approve: headlessApprove({ yes: true, targets }, undefined),
        signal: b.context.signal,
      })
    await expect(undo([], 'nostep')).rejects.toMatchObject({ kind: 'usage', next: 'its steps: a' })
    await expect(undo([], 'a', ['there'])).rejects.toMatchObject({ kind: 'usage', next: 'its hosts: here' })
    expect(await undo([])).toMatchObject({ code: 4, reason: expect.stringContaining('--target here') })
    expect(b.of('undo.refused')).toMatchObject([{ step: 'a', host: 'here' }])
    expect(await undo(['here'])).toMatchObject({ code: 0 })
    expect(b.of('undo.approved')).toMatchObject([{ step: 'a', host: 'here', how: 'typed' }])
    const rows = b.incident.read().timeline.map(({ text }) => text)
    expect(rows).toContain('Undo approved: Step a')
  })

  it('from the journal: a form that was redacted is not carried out', async () => {
    await using b = await runBench()
    b.incident.secrets.register('token', 'stdin', 'very-secret-value')
    await b.run(ownUnit({ plan: () => shellPlan({ run: 'true', undo: 'echo very-secret-value' }) }))
    writeFileSync(b.at('sitrep.yaml'), 'hosts:\n  here: { transport: local }\n')
    const end = await undoIncident(b.incident, {
      hosts: ['here'],
      inventory: b.at('sitrep.yaml'),
      asking: {},
      approve: async () => yes,
      signal: b.context.signal,
    })
    expect(end).toMatchObject({ code: 1, reason: expect.stringContaining('redacted') })
  })
})

describe('cancel', () => {
  it('fault 34: ends the group, says it is gone, and leaves what the step does not want undone', async () => {
    await using b = await runBench({ steps: [{ id: 'a', with: { run: 'echo $$; sleep 60 & wait' } }] })
    const running = b.run(b.unit('a'))
    await until('the start', () => b.of('step.started').length > 0)
    b.abort()
    expect(await running).toEqual({
      end: 'cancelled',
      code: 130,
      reason: 'cancelled: its whole process group is gone',
    })
    expect(b.of('step.cancelled')).toMatchObject([{ gone: true }])
    expect(b.of('step.applied')).toMatchObject([{ endedBy: 'cancel' }])
  })

  it('is undone where a failure would be, though the run was stopped; its code stays 130', async () => {
    await using b = await runBench()
    const plan = shellPlan({ run: 'echo begun; sleep 60', undo: `echo back >> ${b.at('log')}` })
    const running = b.run(ownUnit({ plan: () => plan, onFail: 'undo' }))
    await until(
      'the start',
      () => existsSync(b.at('host-state', 'sitrep', 'jobs')) && b.of('step.started').length > 0,
    )
    b.abort()
    expect(await running).toMatchObject({ end: 'cancelled', code: 130 })
    expect(read(b.at('log'))).toBe('back\n')
    const failing = await runBench()
    const bad = failing.run(
      ownUnit({ plan: () => shellPlan({ run: 'sleep 60', undo: 'exit 3' }), onFail: 'undo' }),
    )
    await until('the start', () => failing.of('step.started').length > 0)
    failing.abort()
    expect(await bad).toMatchObject({
      end: 'cancelled',
      code: 130,
      reason: expect.stringContaining('undo did not end well'),
    })
    await failing[Symbol.asyncDispose]()
  })

  it('what can not be ended is reported as still running, and nothing is put back under it', async () => {
    await using b = await runBench()
    b.context.carry = async (_change, _id, { journaled }) => {
      const none = { bytes: new Uint8Array(), total: 0, cut: false }
      const result = {
        endedBy: 'cancel' as const,
        stdout: none,
        stderr: none,
        ms: 1,
        problem: 'still running: group 7',
      }
      await journaled(result)
      return result
    }
    const end = await b.run(ownUnit({ plan: () => shellPlan({ run: 'true', undo: 'true' }), onFail: 'undo' }))
    expect(end).toMatchObject({ end: 'cancelled', code: 4 })
    expect(b.of('step.cancelled')).toMatchObject([{ gone: false, detail: 'still running: group 7' }])
    expect(undone(b)).toEqual([])
  })

  it('before anything: no unit begins, 130', async () => {
    await using b = await runBench()
    b.abort()
    const { runUnits } = await import('../../src/run/run.ts')
    expect((await runUnits(b.context, b.prepared.units, b.outputs)).codes).toEqual([130])
    expect(b.events()).toEqual([])
  })
})
