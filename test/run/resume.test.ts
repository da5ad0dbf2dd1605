import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openUnits, settleEarlier, withLeft } from '../../src/compose/resume.ts'
import type { Action, Plan } from '../../src/model/action.ts'
import { applyChanges } from '../../src/run/apply.ts'
import type { Unit } from '../../src/run/context.ts'
import { inspectUnit, plannedData } from '../../src/run/inspect.ts'
import { earlierStates, leftOf, restoreOutputs } from '../../src/run/left.ts'
import { danglingOf } from '../../src/run/resume.ts'
import { createOutputs, runUnits } from '../../src/run/run.ts'
import { until } from '../hosts/helpers/machine.ts'
import { bookName, enter, inSync, ok, ownUnit, type RunBench, runBench, shellPlan } from './bench.ts'

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** Takes a unit as far as a run that dies: planned, approved, and these many of its changes carried out. */
async function interrupt(b: RunBench, unit: Unit, changes: number): Promise<void> {
  const found = await inspectUnit(b.context, unit, b.outputs, '20261120T030405Z')
  await b.context.append('step.planned', plannedData(found.shown))
  const ref = { run: b.context.run, step: unit.step.id, host: unit.host }
  await b.context.append('step.approved', { ...ref, plan: found.shown.hash, how: 'yes' })
  // The console dies before it has journaled the start of the next change.
  let left = changes
  const append: typeof b.context.append = async (type, data) => {
    if (type === 'step.started' && left-- === 0) throw new Error('killed')
    return b.context.append(type, data)
  }
  const dying = { ...b.context, append }
  const all = found.shown.plan.changes
  const end = await applyChanges(dying, { step: unit.step.id, host: unit.host }, all).catch(() => undefined)
  expect(end === undefined).toBe(changes < all.length)
}

/** The run that goes on: a new run of the same runbook in the same incident. */
async function second(b: RunBench): Promise<(unit: Unit) => Unit> {
  const first = b.context.run
  const run = crypto.randomUUID()
  const opened = b.incident.read().runs[first]
  if (opened === undefined) throw new Error('not opened')
  const { runbook, title, file, sha256, hosts } = opened
  await b.incident.append('runbook.opened', {
    run,
    runbook,
    title,
    file,
    sha256,
    hosts,
    params: {},
    steps: [],
  })
  b.context = { ...b.context, run }
  const earlier = earlierStates(b.incident.read(), bookName)
  return (unit) => withLeft(unit, earlier)
}

/** An action whose plan is for a file that is missing words; it is in sync when all of them are there. */
function words(b: RunBench, o: { seen?: string; plan: Plan } & Partial<Omit<Action, 'plan'>>) {
  const { seen = 'never', plan, ...action } = o
  return {
    inspect: async () => read(b.at('log')).includes(seen),
    plan: (_p: unknown, there: boolean) => (there ? inSync : plan),
    verify: async () => ok,
    ...action,
  }
}

describe('a unit that an earlier run began', () => {
  it('between its changes: the rest is carried out, though the host shows nothing to do', async () => {
    await using b = await runBench({ answers: [enter] })
    const log = b.at('log')
    const plan = shellPlan({ run: `echo put >> ${log}`, undo: 'true' }, { run: `echo reload >> ${log}` })
    const unit = ownUnit(words(b, { seen: 'put', plan }))
    await interrupt(b, unit, 1)
    const first = b.context.run
    const again = await second(b)
    expect(again(unit).left).toMatchObject({ run: first, interrupted: true, rest: [plan.changes[1]] })
    expect(await b.run(again(unit))).toMatchObject({ end: 'ok', code: 0 })
    expect(read(log)).toBe('put\nreload\n')
    expect(b.asked[0]?.plan.because).toContain('still to be done since it was interrupted: echo reload')
    expect(b.of('step.started').map(({ run, change }) => [run, change])).toEqual([
      [first, 0],
      [first, 1],
    ])
    expect(b.incident.read().steps[`${first} own here`]?.state).toBe('ok')
    expect((await second(b))(unit).left).toBeUndefined()
  })

  it('the rest is not carried out without approval', async () => {
    await using b = await runBench({ answers: [{ answer: 'stop', reason: 'no' }] })
    const plan = shellPlan({ run: `echo put >> ${b.at('log')}` }, { run: `echo reload >> ${b.at('log')}` })
    const unit = ownUnit(words(b, { seen: 'put', plan }))
    await interrupt(b, unit, 1)
    const again = await second(b)
    expect(await b.run(again(unit))).toMatchObject({ end: 'stopped', code: 4 })
    expect(read(b.at('log'))).toBe('put\n')
    expect((await second(b))(unit).left?.rest).toHaveLength(1)
  })

  it('whole, and in sync: nothing runs, and the verdict stands with the run that did it', async () => {
    await using b = await runBench()
    const unit = ownUnit(words(b, { seen: 'put', plan: shellPlan({ run: `echo put >> ${b.at('log')}` }) }))
    await interrupt(b, unit, 1)
    const first = b.context.run
    const again = await second(b)
    expect(await b.run(again(unit))).toMatchObject({ end: 'in_sync', code: 0 })
    expect(b.asked).toEqual([])
    expect(b.incident.read().steps[`${first} own here`]?.verified?.verdict).toBe('ok')
  })

  it('whole, and never in sync: it is only verified, with its own results', async () => {
    await using b = await runBench()
    let applied: string[] = []
    const verify: Action['verify'] = async (_host, _p, o) => {
      applied = o.applied.map(({ stdout }) => Buffer.from(stdout.bytes).toString())
      return ok
    }
    const unit = ownUnit(
      words(b, { plan: shellPlan({ run: `echo once | tee -a ${b.at('log')}` }), verify }),
      { register: 'said' },
    )
    await interrupt(b, unit, 1)
    const again = await second(b)
    expect(await b.run(again(unit))).toMatchObject({ end: 'ok', code: 0 })
    expect(applied).toEqual(['once'])
    expect(read(b.at('log'))).toBe('once\n')
    expect(b.outputs.get('here', 'said')).toBe('once')
  })

  it('whole, and not well: it runs a second time only when a person says so, or the step is safe to rerun', async () => {
    await using b = await runBench({ answers: [{ answer: 'stop', reason: 'a person is needed' }, enter] })
    let looks = 0
    // Not well for the look that goes on; well after the second time.
    const verify: Action['verify'] = async () =>
      ++looks % 2 === 1 ? { verdict: 'failed', reason: 'no' } : ok
    const unit = ownUnit(
      words(b, { plan: shellPlan({ run: `echo again >> ${b.at('log')}` }), verify, risk: 'observe' }),
    )
    await interrupt(b, unit, 1)
    const again = await second(b)
    expect(await b.run(again(unit))).toMatchObject({ end: 'stopped', code: 4 })
    expect(b.asked[0]).toMatchObject({ confirm: 'ask', repeats: expect.stringContaining('a second time') })
    expect(read(b.at('log'))).toBe('again\n')
    looks = 0
    expect(await b.run((await second(b))(unit))).toMatchObject({ end: 'ok' })
    expect(read(b.at('log'))).toBe('again\nagain\n')

    const safe = ownUnit(words(b, { plan: shellPlan({ run: 'true' }), verify, risk: 'observe' }), {
      id: 'safe',
      rerun: 'safe',
    })
    await interrupt(b, safe, 1)
    looks = 0
    const asked = b.asked.length
    expect(await b.run((await second(b))(safe))).toMatchObject({ end: 'ok' })
    expect(b.asked).toHaveLength(asked)
  })

  it('whose plan the journal does not hold as it was: unknown, and nothing is made up', async () => {
    await using b = await runBench()
    b.incident.secrets.register('token', 'stdin', 'very-secret-value')
    const plan = shellPlan({ run: `echo put >> ${b.at('log')}` }, { run: 'echo very-secret-value' })
    const unit = ownUnit(words(b, { seen: 'put', plan }))
    await interrupt(b, unit, 1)
    const again = await second(b)
    expect(again(unit).left?.rest).toBeUndefined()
    expect(await b.run(again(unit))).toMatchObject({ end: 'unknown', code: 5 })
  })

  it('that failed and was undone, or was only planned, leaves nothing', async () => {
    await using b = await runBench()
    const failed = ownUnit(
      { plan: () => shellPlan({ run: 'exit 3', undo: 'true' }), onFail: 'undo' },
      { id: 'failed' },
    )
    await b.run(failed)
    const planned = ownUnit({ plan: () => shellPlan({ run: 'true' }) }, { id: 'planned' })
    await interrupt(b, planned, 0)
    const again = await second(b)
    expect([again(failed).left, again(planned).left]).toEqual([undefined, undefined])
    expect(leftOf(undefined)).toBeUndefined()
  })

  it('whose rest fails takes back its first half too', async () => {
    await using b = await runBench({ answers: [enter] })
    const log = b.at('log')
    const plan = shellPlan(
      { run: `echo put >> ${log}`, undo: `echo back >> ${log}` },
      { run: 'exit 4', undo: `echo again >> ${log}` },
    )
    const unit = ownUnit({ ...words(b, { seen: 'put', plan }), onFail: 'undo' })
    await interrupt(b, unit, 1)
    expect(await b.run((await second(b))(unit))).toMatchObject({ end: 'failed', code: 1 })
    expect(read(log)).toBe('put\nagain\nback\n')
    expect(b.state('own')?.state).toBe('undone')
  })

  it('that failed in a later change: what is left of its plan is done before it counts as in sync', async () => {
    await using b = await runBench({ answers: [enter, enter] })
    const log = b.at('log')
    const plan = shellPlan(
      { run: `echo put >> ${log}` },
      { run: `test -e ${b.at('fixed')} && echo reload >> ${log}` },
    )
    const unit = ownUnit(words(b, { seen: 'put', plan }))
    expect(await b.run(unit)).toMatchObject({ end: 'failed' })
    writeFileSync(b.at('fixed'), '')
    const again = await second(b)
    expect(again(unit).left).toMatchObject({ interrupted: false })
    expect(await b.run(again(unit))).toMatchObject({ end: 'ok' })
    expect(read(log)).toBe('put\nreload\n')
  })
})

describe('what earlier runs say', () => {
  it('which units are open, what was put out, and what a condition asks', async () => {
    await using b = await runBench({
      steps: [
        { id: 'a', register: 'said', with: { run: 'echo word' } },
        { id: 'b', with: { run: 'true' } },
        { id: 'c', if: 'steps.a ok', with: { run: 'true' } },
      ],
      answers: [enter, { answer: 'stop', reason: 'lunch' }],
    })
    const none = openUnits({ ...b.incident.read(), runs: {} }, bookName, () => undefined)
    expect(none(b.unit('a'))).toBe(false)
    await runUnits(b.context, [b.unit('a'), b.unit('b')], b.outputs)
    await second(b)
    const earlier = earlierStates(b.incident.read(), bookName)
    const open = openUnits(b.incident.read(), bookName, earlier)
    // A stop is no end: the step is still to be done.
    expect(['a', 'b', 'c'].filter((id) => open(b.unit(id)))).toEqual(['b', 'c'])
    const outputs = createOutputs()
    restoreOutputs(outputs, b.prepared.units, earlier)
    expect([outputs.get('here', 'said'), outputs.get('here', 'a'), outputs.get('here', 'b')]).toEqual([
      'word',
      'word',
      undefined,
    ])
    expect(await b.run(b.unit('c'))).toMatchObject({ end: 'ok' })
    expect(earlierStates(b.incident.read(), 'another')(b.unit('a'))).toBeUndefined()
  })
})

describe('fault 29: what became of a change whose console died', () => {
  const settle = (b: RunBench, unit: Unit | undefined, next: Unit[] = []) =>
    settleEarlier(b.context, b.incident, {
      dangling: danglingOf(b.incident.read()),
      hosts: ['here'],
      all: unit === undefined ? [] : [unit],
      next,
    })

  /** Journals the start of a unit's first change, and starts its job as a console does that then dies. */
  async function begin(b: RunBench, unit: Unit, o: { job: boolean }) {
    const { shown } = await inspectUnit(b.context, unit, b.outputs, '20261120T030405Z')
    await b.context.append('step.planned', plannedData(shown))
    const [change] = shown.plan.changes
    if (change === undefined || !('run' in change.do)) throw new Error('nothing to run')
    const ref = { run: b.context.run, step: unit.step.id, host: unit.host }
    const start = await b.context.append('step.started', {
      ...ref,
      change: 0,
      of: shown.plan.changes.length,
      say: change.do.say,
      undo: change.undo,
      undoHash: '',
    })
    const session = await b.context.session(unit.host)
    return o.job ? session.job(start.id, change.do.run) : undefined
  }

  it('never began: it is told so, and the step runs as any other', async () => {
    await using b = await runBench()
    const unit = ownUnit({ plan: () => shellPlan({ run: `echo x >> ${b.at('log')}` }) })
    await begin(b, unit, { job: false })
    expect(await settle(b, unit, [unit])).toMatchObject({ codes: [], goesOn: true })
    expect(b.of('step.applied')).toMatchObject([{ endedBy: 'cancel', problem: 'it never began on the host' }])
    const again = await second(b)
    expect(again(unit).left).toBeUndefined()
    expect(await b.run(again(unit))).toMatchObject({ end: 'ok' })
    expect(read(b.at('log'))).toBe('x\n')
  })

  it('never began, and can not any more: an order that comes late is told so', async () => {
    await using b = await runBench()
    const unit = ownUnit({ plan: () => shellPlan({ run: `echo x >> ${b.at('log')}` }) })
    await begin(b, unit, { job: false })
    expect(await settle(b, unit, [unit])).toMatchObject({ codes: [] })
    const [started] = b.state('own')?.changes ?? []
    const session = await b.context.session('here')
    const late = await session.job(started?.started ?? '', { argv: ['touch', b.at('log')] })
    expect(await late.done).toMatchObject({ began: 'no', exitCode: 125 })
    expect(existsSync(b.at('log'))).toBe(false)
  })

  it('was heard of, and its folder is gone: unknown, and not begun again', async () => {
    await using b = await runBench()
    const unit = ownUnit({ plan: () => shellPlan({ run: `echo x >> ${b.at('log')}` }) })
    await begin(b, unit, { job: false })
    const [{ change } = { change: undefined }] = danglingOf(b.incident.read())
    const ref = { run: b.context.run, step: 'own', host: 'here', started: change?.started ?? '' }
    await b.context.append('step.applied', { ...ref, endedBy: 'lost', ms: 1, stdout: '', stderr: '' })
    expect(await settle(b, unit, [unit])).toMatchObject({ codes: [5], goesOn: false })
    expect(b.of('step.unknown')).toMatchObject([
      { reason: expect.stringContaining('folder on the host is gone') },
    ])
    // Where the host never said that it knows it, it can be made sure of.
    await b.context.append('step.applied', {
      ...ref,
      endedBy: 'lost',
      began: 'perhaps',
      ms: 1,
      stdout: '',
      stderr: '',
    })
    expect(await settle(b, unit, [unit])).toMatchObject({ codes: [], goesOn: true })
    expect(read(b.at('log'))).toBe('')
  })

  it('whose folder another console removed between the look and the attaching: its record counts, nothing starts', async () => {
    await using b = await runBench()
    const unit = ownUnit(
      { plan: () => shellPlan({ run: `echo x >> ${b.at('log')}`, undo: `echo undone >> ${b.at('log')}` }) },
      { onFail: 'undo' },
    )
    const job = await begin(b, unit, { job: true })
    await job?.done
    const inner = b.context.session
    const session: typeof inner = async (host) => ({
      ...(await inner(host)),
      jobState: async () => {
        await job?.remove()
        return { is: 'running' }
      },
    })
    const settling = settleEarlier({ ...b.context, session }, b.incident, {
      dangling: danglingOf(b.incident.read()),
      hosts: ['here'],
      all: [unit],
      next: [unit],
    })
    await until('the removal', async () => !existsSync(b.at('host-state', 'sitrep', 'jobs', job?.id ?? '')))
    const ref = { run: b.context.run, step: 'own', host: 'here', started: job?.id ?? '' }
    await b.context.append('step.applied', {
      ...ref,
      endedBy: 'exit',
      exitCode: 0,
      ms: 1,
      stdout: '',
      stderr: '',
    })
    expect(await settling).toMatchObject({ codes: [], goesOn: true })
    expect(read(b.at('log'))).toBe('x\n')
    expect(b.of('step.applied')).toHaveLength(1)
    expect(b.of('step.verified')).toEqual([])
  })

  it('ended, well or not: its true result; a failure is undone where the step says so', async () => {
    await using b = await runBench()
    const good = ownUnit({ plan: () => shellPlan({ run: 'echo fine' }) }, { id: 'good' })
    await (await begin(b, good, { job: true }))?.done
    expect(await settle(b, good, [good])).toMatchObject({ codes: [], goesOn: true })
    expect(b.of('step.applied')).toMatchObject([{ exitCode: 0, stdout: 'fine' }])
    const bad = ownUnit(
      { plan: () => shellPlan({ run: 'echo why >&2; exit 6', undo: 'true' }) },
      { id: 'bad', onFail: 'stop' },
    )
    await (await begin(b, bad, { job: true }))?.done
    expect(await settle(b, bad, [bad])).toMatchObject({ codes: [1], goesOn: false })
    expect(b.state('bad')?.verified).toMatchObject({ verdict: 'failed', reason: 'exit 6: why' })
    const other = ownUnit({ plan: () => shellPlan({ run: 'exit 7' }) }, { id: 'other' })
    await (await begin(b, other, { job: true }))?.done
    // Of a step that is not in the runbook any more.
    expect(await settle(b, undefined, [good])).toMatchObject({ codes: [1], goesOn: true })
    expect(danglingOf(b.incident.read())).toEqual([])
  })

  it('on another host, or recorded by another console meanwhile: left as it is', async () => {
    await using b = await runBench()
    const unit = ownUnit({ plan: () => shellPlan({ run: 'true' }) })
    await begin(b, unit, { job: true })
    const dangling = danglingOf(b.incident.read())
    expect(
      await settleEarlier(b.context, b.incident, { dangling, hosts: ['there'], all: [], next: [unit] }),
    ).toMatchObject({ codes: [], goesOn: true })
    const settled = { read: () => ({ ...b.incident.read(), steps: {} }) }
    expect(
      await settleEarlier(b.context, settled, { dangling, hosts: ['here'], all: [], next: [unit] }),
    ).toMatchObject({ codes: [], goesOn: true })
    expect(b.of('step.applied')).toEqual([])
  })

  it('still running when the run is stopped: left as it is, 130; without an exit code: unknown, 5', async () => {
    await using b = await runBench()
    const unit = ownUnit({
      plan: () => shellPlan({ run: `while [ ! -e ${b.at('go')} ]; do sleep 0.05; done` }),
    })
    const job = await begin(b, unit, { job: true })
    const stopped = AbortSignal.abort()
    const dangling = danglingOf(b.incident.read())
    const end = await settleEarlier({ ...b.context, signal: stopped }, b.incident, {
      dangling,
      hosts: ['here'],
      all: [],
      next: [],
    })
    expect(end).toMatchObject({ codes: [130], goesOn: false })
    expect(b.of('step.applied')).toEqual([])
    const folder = b.at('host-state', 'sitrep', 'jobs', job?.id ?? '')
    const group = Number(readFileSync(`${folder}/pgid`, 'utf8').split(' ')[0])
    process.kill(-group, 'SIGKILL')
    await until('the end of the job', async () => (await job?.done)?.endedBy === 'lost')
    expect(await settle(b, unit, [unit])).toMatchObject({ codes: [5], goesOn: false })
    expect(b.of('step.unknown')).toHaveLength(1)
  })

  it('still running: its time counts from its start, not from the look', async () => {
    await using b = await runBench()
    const unit = ownUnit({
      plan: () => shellPlan({ run: `while [ ! -e ${b.at('go')} ]; do sleep 0.05; done` }),
    })
    await begin(b, unit, { job: true })
    b.context.now = () => new Date(Date.now() + 60_000)
    b.context.progress = () => writeFileSync(b.at('go'), '')
    expect(await settle(b, unit, [unit])).toMatchObject({ codes: [], goesOn: true })
    expect(b.of('step.applied')[0]?.ms).toBeGreaterThanOrEqual(60_000)
  })
})
