import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { undoable } from '../../src/compose/undo.ts'
import type { Verdict } from '../../src/model/action.ts'
import { applyChanges } from '../../src/run/apply.ts'
import type { RunContext, Unit } from '../../src/run/context.ts'
import { inspectUnit, plannedData } from '../../src/run/inspect.ts'
import { earlierStates, leftOf } from '../../src/run/left.ts'
import { danglingOf } from '../../src/run/resume.ts'
import { type Armed, armFor } from '../../src/run/revert/arm.ts'
import { openReverts, settleReverts } from '../../src/run/revert/settle.ts'
import { runUnit } from '../../src/run/step.ts'
import { undoStarted } from '../../src/run/undo.ts'
import { until } from '../hosts/helpers/machine.ts'
import { bookName, enter, inSync, ok, ownUnit, type RunBench, runBench, shellPlan } from './bench.ts'
import { armsHere } from './helpers/reverts.ts'

const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const failed: Verdict = { verdict: 'failed', reason: 'it does not answer' }

const reverts = (b: RunBench) => {
  const folder = b.at('host-state', 'sitrep', 'reverts')
  return existsSync(folder) ? readdirSync(folder) : []
}
const fired = (b: RunBench) =>
  until('the revert to fire', async () =>
    reverts(b).some((id) => existsSync(b.at('host-state', 'sitrep', 'reverts', id, 'result'))),
  )
const plan = (b: RunBench) =>
  shellPlan({ run: `echo new > ${b.at('conf')}`, undo: `echo former > ${b.at('conf')}` })
const unitOf = (b: RunBench, action: Parameters<typeof ownUnit>[0] = {}, revertAfter = 60, step = {}): Unit =>
  ownUnit({ plan: () => plan(b), ...action }, { revertAfter, ...step })
const run = (context: RunContext, unit: Unit, b: RunBench) => runUnit(context, unit, b.outputs)
const types = (b: RunBench) => b.events().map(({ type }) => type)

describe('fault 46: a step with revert_after', () => {
  it('is armed before it begins, and confirmed when it was verified; nothing is left on the host', async () => {
    await using b = await runBench({ answers: [enter] })
    const end = await run(armsHere(b.context), unitOf(b), b)
    expect(end).toEqual({ end: 'ok', code: 0, reason: 'as it should be' })
    expect(b.asked[0]?.plan.because).toBe('the test says so; goes back by itself after 60 s unless confirmed')
    const order = [
      'step.approved',
      'revert.armed',
      'step.started',
      'step.applied',
      'revert.confirmed',
      'step.verified',
    ]
    expect(types(b).filter((type) => order.includes(type))).toEqual(order)
    expect(b.of('revert.armed')).toMatchObject([
      { after: 60, undo: [{ say: `echo former > ${b.at('conf')}` }] },
    ])
    expect(b.state('own')).toMatchObject({ state: 'ok', revert: { end: 'confirmed' } })
    expect(b.state('own')?.changes[0]).not.toHaveProperty('revert')
    expect(reverts(b)).toEqual([])
    expect(read(b.at('conf'))).toBe('new\n')
  })

  it('is not begun where its revert can not be armed', async () => {
    await using b = await runBench()
    const end = await run(armsHere(b.context, { arming: 'refused' }), unitOf(b), b)
    const reason = 'it would not survive a reboot: no systemd, and there is no crontab'
    expect(end).toMatchObject({ end: 'failed', code: 1, reason: expect.stringContaining(reason) })
    expect(b.of('revert.refused')).toMatchObject([{ reason }])
    expect(b.of('step.started')).toEqual([])
    expect(reverts(b)).toEqual([])
    expect(openReverts(b.incident.read(), ['here'])).toEqual([])
  })

  it('can not be planned where a change knows no undo', async () => {
    await using b = await runBench()
    const unit = unitOf(b, { plan: () => shellPlan({ run: 'true', undo: false }) })
    const reason = "revert_after can't be armed: it is not to be had back"
    expect(await run(armsHere(b.context), unit, b)).toEqual({ end: 'failed', code: 1, reason })
    expect(types(b)).not.toContain('revert.armed')
  })

  it('is taken back by the host at once where its verification fails, once', async () => {
    await using b = await runBench()
    const end = await run(armsHere(b.context), unitOf(b, { verify: async () => failed }), b)
    expect(end).toMatchObject({ end: 'failed', code: 1, reason: expect.stringContaining('taken it back') })
    expect(b.of('revert.fired')).toMatchObject([{ verdict: 'ok' }])
    expect(b.of('step.started')).toHaveLength(1)
    expect(read(b.at('conf'))).toBe('former\n')
    expect(b.state('own')?.state).toBe('undone')
    expect(reverts(b)).toEqual([])
  })

  it('stays armed with on_fail: stop, which is told; the undo of a later console disarms it', async () => {
    await using b = await runBench()
    const context = armsHere(b.context)
    const unit = unitOf(b, { verify: async () => failed }, 60, { onFail: 'stop' })
    const said = expect.stringMatching(/^it does not answer; the host takes it back in \d+ s$/)
    expect(await run(context, unit, b)).toMatchObject({ end: 'failed', reason: said })
    expect(b.of('step.verified')).toMatchObject([{ reason: said }])
    expect(openReverts(b.incident.read(), ['here'])).toHaveLength(1)
    expect(await settleReverts(context, b.incident, ['here'])).toEqual([
      expect.stringMatching(/^own on here: the host takes it back in \d+ s$/),
    ])
    expect(b.of('revert.confirmed')).toEqual([])
    const earlier = earlierStates(b.incident.read(), bookName)(unit)
    const left = leftOf(earlier)
    expect(left?.started[0]?.revert?.id).toBe(b.of('revert.armed')[0]?.revert)
    // Something is still to be done: it waits for what the host will do first.
    const again = await run(context, { ...unit, ...(left === undefined ? {} : { left }) }, b)
    expect(again).toMatchObject({ code: 5, reason: expect.stringContaining('left its revert armed') })
    expect(b.of('step.started')).toHaveLength(1)
  })

  it('too late confirmed: the host has decided, and the step is not done', async () => {
    await using b = await runBench()
    const verify = async () => {
      await fired(b)
      return ok
    }
    const end = await run(armsHere(b.context), unitOf(b, { verify }, 1), b)
    expect(end).toMatchObject({
      end: 'failed',
      code: 1,
      reason: expect.stringContaining('not confirmed in time'),
    })
    expect(b.of('revert.fired')).toMatchObject([{ verdict: 'ok', when: expect.stringMatching(/^20/) }])
    expect(b.of('revert.confirmed')).toEqual([])
    expect(read(b.at('conf'))).toBe('former\n')
    expect(b.state('own')).toMatchObject({ state: 'undone', revert: { end: 'fired' } })
    expect(undoable(Object.values(b.incident.read().steps))).toEqual([])
    expect(reverts(b)).toEqual([])
  })

  it('fires before its failure is seen: it is not undone a second time', async () => {
    await using b = await runBench()
    const verify = async () => {
      await fired(b)
      return failed
    }
    const end = await run(armsHere(b.context), unitOf(b, { verify }, 1), b)
    expect(end).toMatchObject({
      end: 'failed',
      code: 1,
      reason: expect.stringContaining('has taken it back'),
    })
    expect(b.of('step.started')).toHaveLength(1)
    expect(b.of('revert.fired')).toHaveLength(1)
    expect(b.state('own')?.state).toBe('undone')
  })

  it('whose time is over before its change begins does not begin it', async () => {
    await using b = await runBench()
    const append: RunContext['append'] = async (type, data) => {
      if (type === 'step.started') await fired(b)
      return b.context.append(type, data)
    }
    const end = await run(armsHere({ ...b.context, append }), unitOf(b, {}, 1), b)
    expect(end).toMatchObject({
      end: 'failed',
      reason: expect.stringContaining('the time of its revert is over'),
    })
    expect(existsSync(b.at('conf'))).toBe(false)
    expect(b.of('step.applied')).toMatchObject([{ problem: 'it never began on the host' }])
    expect(danglingOf(b.incident.read())).toEqual([])
    expect(reverts(b)).toEqual([])
  })

  it('that can not be confirmed is unknown, for the host will take it back', async () => {
    await using b = await runBench()
    const end = await run(armsHere(b.context, { deaf: (order) => order === 'confirm' }), unitOf(b), b)
    expect(end).toMatchObject({
      end: 'unknown',
      code: 5,
      reason: expect.stringContaining('could not be confirmed'),
    })
    expect(b.of('step.unknown')).toMatchObject([{ reason: expect.stringContaining('the link was lost') }])
    expect(openReverts(b.incident.read(), ['here'])).toHaveLength(1)
  })

  it('whose end the host did not hear of leaves the folder of its job, which says that it was begun', async () => {
    await using b = await runBench()
    const end = await run(armsHere(b.context, { deaf: (order) => order === 'ended' }), unitOf(b), b)
    expect(end.end).toBe('ok')
    const [started] = b.events().filter(({ type }) => type === 'step.started')
    expect(readdirSync(b.at('host-state', 'sitrep', 'jobs'))).toContain(started?.id)
  })
})

describe('fault 46: the console died, and another one connects', () => {
  /** Carries a unit out as far as a console that is killed before it verifies. */
  async function killed(b: RunBench, unit: Unit): Promise<RunContext> {
    const context = armsHere(b.context)
    const found = await inspectUnit(context, unit, b.outputs, '20261120T030405Z')
    if (found.action === undefined) throw new Error('it waits')
    const ref = { run: context.run, step: unit.step.id, host: unit.host }
    await context.append('step.planned', plannedData(found.shown))
    await context.append('step.approved', { ...ref, plan: found.shown.hash, how: 'yes' })
    const armed = (await armFor(context, unit, found, [])) as Armed
    await applyChanges(context, { step: unit.step.id, host: unit.host }, found.shown.plan.changes, { armed })
    armed.stop()
    return context
  }
  const next = (b: RunBench, unit: Unit): Unit => {
    const left = leftOf(earlierStates(b.incident.read(), bookName)(unit))
    return left === undefined ? unit : { ...unit, left }
  }

  it('after it fired: tells it, and the step is as if it had not been done', async () => {
    await using b = await runBench()
    const unit = unitOf(b, {}, 1)
    const context = await killed(b, unit)
    await fired(b)
    expect(await settleReverts(context, b.incident, ['elsewhere'])).toEqual([])
    expect(await settleReverts(context, b.incident, ['here'])).toEqual([
      expect.stringMatching(/^own on here: the host has taken it back at \d\d:\d\d:\d\d: echo former/),
    ])
    expect(b.state('own')).toMatchObject({ state: 'undone', changes: [{ undone: { verdict: 'ok' } }] })
    expect(danglingOf(b.incident.read())).toEqual([])
    expect(next(b, unit).left).toBe(undefined)
    expect(await settleReverts(context, b.incident, ['here'])).toEqual([])
    expect(reverts(b)).toEqual([])
    expect(readdirSync(b.at('host-state', 'sitrep', 'jobs'))).toEqual([])
  })

  it('before it fires: what holds is confirmed without being done again', async () => {
    await using b = await runBench()
    const unit = unitOf(b)
    const context = await killed(b, unit)
    const inPlace = unitOf(b, { plan: () => inSync })
    const end = await run(context, { ...inPlace, left: next(b, unit).left! }, b)
    expect(end).toMatchObject({ end: 'in_sync', code: 0 })
    expect(b.of('revert.confirmed')).toMatchObject([{ reason: 'it holds: nothing to do' }])
    expect(b.of('step.started')).toHaveLength(1)
    expect(reverts(b)).toEqual([])
  })

  it('before it fires: whose folder is not found is unknown, until the step was undone', async () => {
    await using b = await runBench()
    const unit = unitOf(b)
    const context = await killed(b, unit)
    rmSync(b.at('host-state', 'sitrep', 'reverts'), { recursive: true })
    expect(await settleReverts(context, b.incident, ['here'])).toEqual([
      expect.stringContaining('the host knows no such revert here'),
    ])
    const again = await run(context, next(b, unit), b)
    expect(again).toMatchObject({ code: 5, reason: expect.stringContaining('knows no such revert') })
    expect(b.of('revert.confirmed')).toEqual([])
    const undone = await undoStarted(
      context,
      { step: 'own', host: 'here' },
      next(b, unit).left?.started ?? [],
    )
    expect(undone).toMatchObject({ verdict: 'ok' })
    expect(read(b.at('conf'))).toBe('former\n')
    expect(b.of('revert.confirmed')).toMatchObject([{ reason: expect.stringContaining('was undone') }])
    expect(openReverts(b.incident.read(), ['here'])).toEqual([])
  })

  it('before it fires: the undo of the console lets the host do it, once, however long it takes', async () => {
    await using b = await runBench()
    const slow = () =>
      shellPlan({ run: `echo new > ${b.at('conf')}`, undo: `echo x >> ${b.at('undone')}; sleep 3` })
    const unit = unitOf(b, { plan: slow }, 2)
    const context = await killed(b, unit)
    const undone = await undoStarted(
      context,
      { step: 'own', host: 'here' },
      next(b, unit).left?.started ?? [],
    )
    expect(undone).toMatchObject({ verdict: 'ok', code: 0 })
    expect(read(b.at('undone'))).toBe('x\n')
    expect(b.of('step.started')).toHaveLength(1)
    expect(b.state('own')).toMatchObject({ state: 'undone', revert: { end: 'fired' } })
  })

  it('a host that does not hear of the undo is not undone from here: it may do it by itself', async () => {
    await using b = await runBench()
    const unit = unitOf(b)
    await killed(b, unit)
    const context = armsHere(b.context, { deaf: (order) => order === 'fire' })
    const undone = await undoStarted(
      context,
      { step: 'own', host: 'here' },
      next(b, unit).left?.started ?? [],
    )
    expect(undone).toMatchObject({ verdict: 'unknown', code: 5 })
    expect(read(b.at('conf'))).toBe('new\n')
    expect(openReverts(b.incident.read(), ['here'])).toHaveLength(1)
  })

  it('a revert that never came to the host has an end too', async () => {
    await using b = await runBench()
    const ref = { run: b.context.run, step: 'own', host: 'here' }
    await b.context.append('revert.armed', { ...ref, revert: crypto.randomUUID(), after: 5, undo: [] })
    expect(await settleReverts(armsHere(b.context), b.incident, ['here'])).toEqual([
      'own on here: its revert is not armed any more',
    ])
    expect(openReverts(b.incident.read(), ['here'])).toEqual([])
  })

  it('a host that tried and failed says why, and the undo can be tried again', async () => {
    await using b = await runBench()
    const undo = `test -e ${b.at('go')}`
    const unit = unitOf(b, { plan: () => shellPlan({ run: `echo new > ${b.at('conf')}`, undo }) }, 1)
    const context = await killed(b, unit)
    await fired(b)
    expect(await settleReverts(context, b.incident, ['here'])).toEqual([expect.stringContaining('exit 1')])
    expect(b.state('own')?.state).toBe('failed')
    expect(undoable(Object.values(b.incident.read().steps))).toHaveLength(1)
    writeFileSync(b.at('go'), '')
  })
})
