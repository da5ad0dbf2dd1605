import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CheckKind, Observation } from '../../src/model/check.ts'
import type { Reader, RunResult } from '../../src/model/command.ts'
import { SitrepError } from '../../src/model/errors.ts'
import { planAs, readerAs } from '../../src/run/as.ts'
import { type CheckUnit, channelsAtOnce, runChecks } from '../../src/run/checks.ts'
import { approveProbes } from '../../src/run/probes.ts'
import { checksOf, planAll } from '../../src/run/run.ts'
import { testSession } from '../helpers/reader.ts'
import { runBench, shellPlan, yes } from './bench.ts'

const seen = (verdict: Observation['verdict']): Observation => ({
  verdict,
  expected: 'x',
  observed: verdict,
  ms: 1.4,
})

/** A check of the test's own on a host. */
function own(
  id: string,
  observe: CheckKind['observe'],
  o: { host?: string; probe?: boolean; within?: number } = {},
): CheckUnit {
  const at = { file: 'test', line: 1, column: 1 }
  const kind: CheckKind = {
    kind: 'own',
    summary: '',
    params: undefined as never,
    example: '',
    effect: () => (o.probe ? 'probe' : 'observe'),
    observe,
  }
  const within = o.within === undefined ? {} : { within: o.within }
  return {
    spec: { id, title: `Check ${id}`, kind: 'own', with: {}, at, locate: () => at, ...within },
    host: o.host ?? 'here',
    kind,
    params: {},
  }
}

describe('checks', () => {
  it('are looked at side by side, a bounded number on a host, and journaled in the order of the runbook', async () => {
    await using b = await runBench({ hosts: ['h1', 'h2'] })
    const busy = { h1: 0, h2: 0 }
    let most = 0
    let together = 0
    const check = (id: string, host: 'h1' | 'h2', ms: number) =>
      own(
        id,
        async () => {
          busy[host] += 1
          most = Math.max(most, busy[host])
          together = Math.max(together, busy.h1 + busy.h2)
          await new Promise((resolve) => setTimeout(resolve, ms))
          busy[host] -= 1
          return seen('ok')
        },
        { host },
      )
    const checks = Array.from({ length: channelsAtOnce * 2 }, (_, at) => [
      check(`a${at}`, 'h1', 40 - at),
      check(`b${at}`, 'h2', 5),
    ]).flat()
    await runChecks(b.context, checks, 'before', ['observe'])
    expect(b.of('check.observed').map(({ check }) => check)).toEqual(checks.map(({ spec }) => spec.id))
    expect(most).toBe(channelsAtOnce)
    expect(together).toBeGreaterThan(channelsAtOnce)
    expect(b.of('check.observed')[0]).toMatchObject({
      phase: 'before',
      ms: 1,
      verdict: 'ok',
      run: b.context.run,
    })
  })

  it('with `within` are repeated after the last step, and only then', async () => {
    await using b = await runBench()
    let looks = 0
    const late = own('late', async () => seen(++looks >= 3 ? 'ok' : 'failed'), { within: 20 })
    await runChecks(b.context, [late], 'before', ['observe'])
    expect(looks).toBe(1)
    await runChecks(b.context, [late], 'after', ['observe'])
    expect(b.of('check.observed').map(({ verdict }) => verdict)).toEqual(['failed', 'ok'])
  })

  it('that can not look are unknown with the reason, and their evidence is kept', async () => {
    await using b = await runBench()
    const broken = own('broken', async () => Promise.reject(new Error('no curl')))
    const unknownHost = own('away', async () => seen('ok'), { host: 'nowhere' })
    const good = own('good', async () => ({ ...seen('ok'), evidence: 'HTTP/1.1 200' }))
    const all = await runChecks(b.context, [broken, unknownHost, good], 'once', ['observe'])
    expect(all).toMatchObject([
      { verdict: 'unknown', observed: 'no curl' },
      { verdict: 'unknown', observed: expect.stringContaining('nowhere') },
      { verdict: 'ok', evidence: 'HTTP/1.1 200' },
    ])
  })

  it('that have effects run only with consent', async () => {
    await using b = await runBench({ answers: [yes, { answer: 'stop', reason: 'no' }] })
    let probes = 0
    const probe = own(
      'login',
      async () => {
        probes += 1
        return seen('ok')
      },
      { probe: true },
    )
    const look = own('look', async () => seen('ok'))
    expect(await approveProbes(b.context, [look])).toBe('left_out')
    expect(b.asked).toEqual([])
    expect(await approveProbes(b.context, [look, probe])).toBe('run')
    expect(b.asked[0]).toMatchObject({
      confirm: 'ask',
      plan: { step: 'probes', plan: { changes: [{ do: { say: 'Check login (here)' } }] } },
    })
    expect(await approveProbes(b.context, [look, probe])).toBe('stop')
    expect((await checksOf(b.context, [look, probe], 'before', false)).map(({ check }) => check)).toEqual([
      'look',
    ])
    expect(probes).toBe(0)
    expect((await checksOf(b.context, [look, probe], 'after', true)).map(({ check }) => check)).toEqual([
      'look',
      'login',
    ])
    expect(probes).toBe(1)
  })
})

describe('planAll', () => {
  it('plans every step in order, tells which hosts are not reached, and changes nothing', async () => {
    await using b = await runBench({
      hosts: ['h1', 'h2'],
      steps: [
        { id: 'a', register: 'said', with: { run: 'touch never' } },
        { id: 'b', with: { run: 'echo {{ steps.said.output }}' } },
      ],
    })
    const { session } = b.context
    b.context.session = async (host) => {
      if (host === 'h2') throw new SitrepError('unreachable', 'no route to h2')
      return session(host)
    }
    const told: string[] = []
    const { planned, unreached } = await planAll(b.context, b.prepared.units, ({ shown }) =>
      told.push(shown.step),
    )
    expect(planned.map(({ shown }) => [shown.step, shown.host, shown.outcome])).toEqual([
      ['a', 'h1', 'would_change'],
      ['b', 'h1', 'after_step:a'],
    ])
    expect(told.sort()).toEqual(['a', 'b'])
    expect([...unreached].map(([host, error]) => [host, error.message])).toEqual([['h2', 'no route to h2']])
    expect(b.events()).toEqual([])
    expect(existsSync(b.at('host-state', 'sitrep'))).toBe(false)
    b.context.session = async () => {
      throw new TypeError('a bug')
    }
    await expect(planAll(b.context, b.prepared.units)).rejects.toThrow('a bug')
  })
})

describe('the user of a step', () => {
  it('stands on every change and undo that names none itself', () => {
    const plan = shellPlan({ run: 'a', undo: 'b' }, { run: 'c', undo: false })
    plan.changes[1]!.do.as = 'caddy'
    const stamped = planAs(plan, 'deploy')
    expect(stamped.changes.map(({ do: change }) => change.as)).toEqual(['deploy', 'caddy'])
    expect(stamped.changes[0]?.undo).toMatchObject([{ as: 'deploy' }])
    expect(stamped.changes[1]?.undo).toEqual({ impossible: 'it is not to be had back' })
    expect(planAs(plan, undefined)).toBe(plan)
  })

  it('looks too: every command and file that names none itself', async () => {
    const session = testSession()
    const read: unknown[] = []
    const noting: Reader['read'] = async (path, o) => {
      read.push([path, o])
      return new Uint8Array()
    }
    const reader = readerAs({ run: session.run, read: noting }, 'root')
    const results: RunResult[] = [
      await reader.run({ argv: ['true'] }),
      await reader.run({ argv: ['true'], as: 'root' }),
    ]
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(session.commands.map(({ as }) => as)).toEqual(['root', 'root'])
    await reader.read('/a')
    await reader.read('/b', { as: 'other' })
    await readerAs({ run: session.run, read: noting }, undefined).read('/c')
    expect(read).toEqual([
      ['/a', { as: 'root' }],
      ['/b', { as: 'other' }],
      ['/c', undefined],
    ])
  })
})
