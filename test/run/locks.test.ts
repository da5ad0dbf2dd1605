import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { undoState } from '../../src/compose/undo.ts'
import { hashOfResource } from '../../src/hosts/lock/text.ts'
import { SitrepError } from '../../src/model/errors.ts'
import type { Append } from '../../src/model/event.ts'
import type { HeldLock, LockRequest } from '../../src/model/lock.ts'
import type { RunContext, Unit } from '../../src/run/context.ts'
import type { UnitEnd } from '../../src/run/end.ts'
import { createLocks, type Locks } from '../../src/run/locks.ts'
import { runUnits } from '../../src/run/run.ts'
import { runUnit } from '../../src/run/step.ts'
import type { Decision } from '../../src/run/types.ts'
import { until } from '../hosts/helpers/machine.ts'
import { type BenchOptions, enter, ok, ownUnit, type RunBench, runBench, shellPlan } from './bench.ts'

/** A run that locks, under a runbook's name of its own: this machine is everybody's host. */
interface Locking extends AsyncDisposable {
  b: RunBench
  locks: Locks
  context: RunContext
  resource: string
  run(unit: Unit): Promise<UnitEnd>
  types(): string[]
  /** Another's request for a resource of this run. */
  rival(more?: Partial<LockRequest>): LockRequest
}

async function locking(
  o: BenchOptions & { takeOver?: string[]; asksPerson?: boolean } = {},
): Promise<Locking> {
  const b = await runBench(o)
  const runbook = `book-${crypto.randomUUID()}`
  const resource = `file:/test/${crypto.randomUUID()}`
  const locks = createLocks({ by: 'ana@laptop', runbook, takeOver: o.takeOver ?? [] })
  const context: RunContext = {
    ...b.context,
    locks,
    ...(o.asksPerson === undefined ? {} : { asksPerson: o.asksPerson }),
  }
  return {
    b,
    locks,
    context,
    resource,
    async run(unit) {
      const end = await runUnit(context, unit, b.outputs)
      await locks[Symbol.asyncDispose]()
      return end
    },
    types: () => b.events().map(({ type }) => type),
    rival: (more = {}) => ({
      id: crypto.randomUUID().slice(0, 8),
      resources: [resource],
      by: 'ben@desk',
      incident: 'another',
      step: 'other/step',
      ...more,
    }),
    [Symbol.asyncDispose]: async () => {
      await locks[Symbol.asyncDispose]()
      await b[Symbol.asyncDispose]()
    },
  }
}

const taken: HeldLock[] = []
afterEach(async () => {
  await Promise.all(taken.splice(0).map((lock) => lock.release()))
})

async function hold(l: Locking, request = l.rival()): Promise<HeldLock> {
  const session = await l.b.context.session('here')
  const answer = await session.lock(request)
  if (answer.is !== 'ours') throw new Error(JSON.stringify(answer))
  taken.push(answer.lock)
  return answer.lock
}

/** A typed action: it looks at the host before and after, and changes it in between. */
const typed = (l: Locking, more: Parameters<typeof ownUnit>[0] = {}) =>
  ownUnit({
    locks: () => [l.resource],
    inspect: async (host) => host.run({ argv: ['true'] }),
    plan: () => shellPlan({ run: `echo ran >>${l.b.at('ran')}`, undo: `echo undone >>${l.b.at('ran')}` }),
    verify: async (host) => {
      await host.run({ argv: ['true'] })
      return ok
    },
    ...more,
  })

const ran = (l: Locking) => (existsSync(l.b.at('ran')) ? readFileSync(l.b.at('ran'), 'utf8') : '')
const records = (resource: string) => {
  const folder = join('/run/lock/sitrep', hashOfResource(resource))
  return existsSync(folder) ? readdirSync(folder) : []
}
const byHand = (target: string | undefined): Decision =>
  target === undefined ? { answer: 'stop', reason: 'not typed' } : { answer: 'run', how: 'typed' }

describe('a step has its resources to itself', () => {
  it('is journaled: taken after the approval, held by its job, given back after the verdict', async () => {
    await using l = await locking({ answers: [enter], asksPerson: true })
    let seen: string[] = []
    const unit = typed(l, {
      verify: async () => {
        seen = records(l.resource)
        return ok
      },
    })
    expect(await l.run(unit)).toMatchObject({ end: 'ok', code: 0 })
    expect(l.types()).toEqual([
      'step.planned',
      'step.approved',
      'lock.taken',
      'step.started',
      'step.applied',
      'step.verified',
      'lock.released',
    ])
    const [event] = l.b.of('lock.taken')
    expect(event).toMatchObject({
      step: 'own',
      host: 'here',
      resources: [l.resource, `step:${l.locks.runbook}/own`],
    })
    expect(seen).toEqual([event?.lock])
    expect(records(l.resource)).toEqual([])
    expect(l.b.state('own')?.resources).toEqual([l.resource, `step:${l.locks.runbook}/own`])
  })

  it('a person is not kept waiting for by others: it is taken after the answer, and looked at again', async () => {
    const seen: number[] = []
    let looks = 0
    await using l = await locking({
      asksPerson: true,
      answers: [
        () => {
          seen.push(records(l.resource).length, looks)
          return enter
        },
      ],
    })
    const unit = typed(l, {
      inspect: async (host) => {
        looks += 1
        return host.run({ argv: ['true'] })
      },
    })
    expect(await l.run(unit)).toMatchObject({ end: 'ok' })
    expect(seen).toEqual([0, 1])
    expect(looks).toBe(2)
  })

  it('what looks and changes nothing leaves no lock and no word of it', async () => {
    await using l = await locking()
    const inSync = typed(l, { plan: () => ({ outcome: 'in_sync', because: 'as it should be', changes: [] }) })
    expect(await l.run(inSync)).toMatchObject({ end: 'in_sync' })
    const observing = typed(l, { risk: 'observe' })
    expect(await l.run(observing)).toMatchObject({ end: 'ok' })
    expect(l.types().filter((type) => type.startsWith('lock.'))).toEqual([])
    expect(records(l.resource)).toEqual([])
  })

  it.each(['failed', 'unknown'] as const)('is given back when the step ended %s', async (verdict) => {
    await using l = await locking()
    await l.run(typed(l, { verify: async () => ({ verdict, reason: 'no' }), onFail: 'undo' }))
    expect(ran(l)).toBe(verdict === 'failed' ? 'ran\nundone\n' : 'ran\n')
    expect(l.types().at(-1)).toBe('lock.released')
    expect(records(l.resource)).toEqual([])
  })

  it('is given back when the step is cancelled', async () => {
    await using l = await locking()
    const unit = typed(l, { plan: () => shellPlan({ run: `touch ${l.b.at('begun')}; sleep 60` }) })
    const running = l.run(unit)
    await until('it began', () => existsSync(l.b.at('begun')))
    expect(records(l.resource)).toHaveLength(1)
    l.b.abort()
    expect(await running).toMatchObject({ end: 'cancelled' })
    expect(records(l.resource)).toEqual([])
  })

  it('one command that looks at nothing takes it with its job, and is journaled all the same', async () => {
    await using l = await locking({ steps: [{ id: 'a', with: { run: 'true' } }] })
    expect(await l.run(l.b.unit('a'))).toMatchObject({ end: 'ok' })
    expect(l.types()).toEqual([
      'step.planned',
      'step.approved',
      'step.started',
      'lock.taken',
      'step.applied',
      'step.verified',
      'lock.released',
    ])
    const [resource = ''] = l.b.of('lock.taken')[0]?.resources ?? []
    await until('it is gone', () => records(resource).length === 0)
  })

  it('what was seen while another had it is looked at again', async () => {
    await using l = await locking()
    const lock = await hold(l, l.rival({ looks: true }))
    let looks = 0
    const unit = typed(l, {
      inspect: async (host) => {
        looks += 1
        const { stdout } = await host.run({ argv: ['sh', '-c', `cat ${l.b.at('fact')} 2>/dev/null`] })
        if (looks === 1) {
          // The other comes to its end between this look and the lock.
          writeFileSync(l.b.at('fact'), 'changed')
          await lock.release()
        }
        return Buffer.from(stdout.bytes).toString()
      },
      plan: (_, facts) =>
        facts === 'changed'
          ? { outcome: 'in_sync', because: 'another did it', changes: [] }
          : shellPlan({ run: `echo ran >>${l.b.at('ran')}` }),
    })
    expect(await l.run(unit)).toMatchObject({ end: 'in_sync', reason: 'another did it' })
    expect(looks).toBe(2)
    expect(ran(l)).toBe('')
  })

  it('a lock that can not be recorded is given back, and nothing was begun', async () => {
    await using l = await locking()
    const append: Append = async (type, data) => {
      if (type === 'lock.taken') throw new SitrepError('recording', 'RECORDING STOPPED')
      return l.b.incident.append(type, data)
    }
    await expect(runUnit({ ...l.context, append }, typed(l), l.b.outputs)).rejects.toMatchObject({
      kind: 'recording',
    })
    await l.locks[Symbol.asyncDispose]()
    expect(ran(l)).toBe('')
    expect(records(l.resource)).toEqual([])
    expect(l.types()).not.toContain('lock.released')
  })
})

describe('another has it', () => {
  it('fault 31: the step is not begun; who, since when, on what, which lock; exit 4', async () => {
    await using l = await locking()
    const lock = await hold(l)
    const end = await l.run(typed(l))
    expect(end).toMatchObject({ end: 'failed', code: 4 })
    expect(end.reason).toMatch(
      new RegExp(
        `^ben@desk has ${l.resource} since \\d{4}-.*Z, for other/step in another \\(lock ${lock.id};.*--take-over ${lock.id}$`,
      ),
    )
    expect(l.b.of('step.skipped')).toMatchObject([{ reason: `stopped: ${end.reason}` }])
    expect(l.types()).toEqual(['step.planned', 'step.skipped'])
    expect(ran(l)).toBe('')
  })

  it('fault 31: a command that looks at nothing is not begun either, and resume knows that it never began', async () => {
    await using l = await locking({ steps: [{ id: 'a', with: { run: 'true', undo: 'false' } }] })
    const lock = await hold(l, l.rival({ resources: [`step:${l.locks.runbook}/a`] }))
    expect(await l.run(l.b.unit('a'))).toMatchObject({ end: 'failed', code: 4 })
    expect(l.types()).toEqual([
      'step.planned',
      'step.approved',
      'step.started',
      'step.applied',
      'step.skipped',
    ])
    expect(l.b.of('step.applied')).toMatchObject([{ problem: 'it never began on the host' }])
    await lock.release()
  })

  it('fault 32: --take-over names exactly that lock, and it is journaled', async () => {
    const id = crypto.randomUUID().slice(0, 8)
    await using l = await locking({ takeOver: [id] })
    await hold(l, l.rival({ id }))
    expect(await l.run(typed(l))).toMatchObject({ end: 'ok' })
    expect(ran(l)).toBe('ran\n')
    const [event] = l.b.of('lock.taken')
    expect(l.b.of('lock.taken_over')).toMatchObject([
      { lock: event?.lock, over: id, resource: l.resource, holder: 'ben@desk', incident: 'another' },
    ])
    expect(l.types().indexOf('lock.taken_over')).toBeLessThan(l.types().indexOf('step.started'))
  })

  it('fault 32: another lock than the named one is not taken over, and --yes is no consent to it', async () => {
    await using l = await locking({ takeOver: ['00000000'] })
    await hold(l)
    expect(await l.run(typed(l))).toMatchObject({ end: 'failed', code: 4 })
    expect(l.b.asked.map(({ holder }) => holder)).toEqual([undefined])
    expect(ran(l)).toBe('')
  })

  it('fault 32: a person types its id; the plan is looked at again, and it counts for nothing else', async () => {
    await using l = await locking({
      asksPerson: true,
      answers: [enter, ({ target }) => byHand(target)],
    })
    const lock = await hold(l)
    expect(await l.run(typed(l))).toMatchObject({ end: 'ok' })
    const [, asked] = l.b.asked
    expect(asked).toMatchObject({
      confirm: 'typed',
      target: lock.id,
      holder: { lock: lock.id, by: 'ben@desk' },
    })
    expect(asked?.plan.because).toContain('no command of it runs on the host just now')
    expect(l.b.of('lock.taken_over')).toHaveLength(1)
    expect(ran(l)).toBe('ran\n')
  })

  it('a person who does not type it stops', async () => {
    await using l = await locking({ asksPerson: true, answers: [enter, { answer: 'stop', reason: 'no' }] })
    await hold(l)
    const end = await l.run(typed(l))
    expect(end).toMatchObject({ end: 'stopped', code: 4 })
    expect(end.reason).toMatch(/wait for it$/)
    expect(ran(l)).toBe('')
  })

  it('an earlier console of one’s own is told as such', async () => {
    await using l = await locking()
    await hold(l, l.rival({ by: 'ana@laptop', incident: l.context.incident }))
    expect((await l.run(typed(l))).reason).toContain(
      'it is another console of yours in this incident, or was',
    )
  })

  it('fault 31: counts as a host on which a step failed: the run goes on as far as may fail, and no further', async () => {
    for (const [mayFail, done] of [
      [0, ''],
      [1, 'other'],
    ] as const) {
      await using l = await locking({ hosts: ['here', 'other'] })
      await hold(l)
      const block = { number: 0, atATime: 1, mayFail }
      const other = ownUnit(
        { plan: () => shellPlan({ run: `printf other >>${l.b.at('ran')}` }) },
        { id: 'other' },
        'other',
      )
      const units = [typed(l), other].map((unit) => ({ ...unit, block }))
      const end = await runUnits(l.context, units, l.b.outputs)
      await l.locks[Symbol.asyncDispose]()
      expect(end.codes).toEqual([4])
      expect(ran(l)).toBe(done)
    }
  })

  it('two names of one machine: the lock of the own run is told as such, and waited for where it is being given back', async () => {
    await using l = await locking({ hosts: ['here', 'there'], asksPerson: true, answers: [enter, enter] })
    const gate = l.b.at('gate')
    const first = typed(l, { plan: () => shellPlan({ run: `until [ -e ${gate} ]; do sleep 0.05; done` }) })
    const running = runUnit(l.context, first, l.b.outputs)
    await until('it began', () => l.types().includes('step.started'))
    const second = { ...typed(l), host: 'there' }
    const end = await runUnit(l.context, second, l.b.outputs)
    expect(end).toMatchObject({ end: 'failed', code: 4 })
    expect(end.reason).toMatch(
      /; this run holds it, under another name of the same host; name the host once$/,
    )
    expect(l.b.asked.map(({ holder }) => holder)).toEqual([undefined, undefined])
    writeFileSync(gate, '')
    expect(await running).toMatchObject({ end: 'ok' })
    // The first has ended, and gives its lock back over its own way: it is not in the way of the next.
    expect(await l.run({ ...typed(l), host: 'there' })).toMatchObject({ end: 'ok' })
  })

  it('an undo wants what its step had to itself, and is refused while another has it', async () => {
    await using l = await locking()
    expect(await l.run(typed(l))).toMatchObject({ end: 'ok' })
    const state = l.b.state('own')
    if (state === undefined) throw new Error('no state')
    const lock = await hold(l)
    expect(await undoState(l.context, state)).toMatchObject({
      code: 4,
      reason: expect.stringContaining(lock.id),
    })
    expect(l.b.of('undo.refused')).toHaveLength(1)
    expect(ran(l)).toBe('ran\n')
    await lock.release()
    expect(await undoState(l.context, state)).toMatchObject({ code: 0 })
    expect(ran(l)).toBe('ran\nundone\n')
    await l.locks[Symbol.asyncDispose]()
    expect(records(l.resource)).toEqual([])
  })
})
