import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { bearable, runUnits } from '../../src/run/run.ts'
import type { ApprovalRequest, Decision } from '../../src/run/types.ts'
import { tempDir } from '../helpers/reader.ts'
import { enter, type RunBench, runBench } from './bench.ts'

const hosts = ['h1', 'h2', 'h3', 'h4', 'h5']

/** A step whose command leaves a line of its host in a file, and fails on the hosts that are named. */
function marking(failing: string[], o: Record<string, unknown> = {}) {
  return (bench: { at(name: string): string }) => ({
    id: 'mark',
    with: {
      run: `echo {{ host.name }} >> ${bench.at('marks')}; case {{ host.name }} in ${[...failing, '-'].join('|')}) exit 1;; esac`,
    },
    ...o,
  })
}

/** Runs a runbook of one step on all hosts; what each host left is in `marks`. */
async function onAll(
  failing: string[],
  o: { step?: Record<string, unknown>; unreached?: string[]; asksPerson?: boolean } = {},
) {
  const folder = await tempDir()
  const bench: RunBench = await runBench({
    hosts,
    steps: [marking(failing, o.step)(folder)],
    answers: Array.from({ length: 20 }, () => enter),
  })
  const context = o.asksPerson === true ? { ...bench.context, asksPerson: true } : bench.context
  const end = await runUnits(context, bench.prepared.units, bench.outputs, new Set(o.unreached))
  const marks = () => {
    try {
      return readFileSync(folder.at('marks'), 'utf8').trim().split('\n').toSorted()
    } catch {
      return []
    }
  }
  return {
    bench,
    end,
    marks: marks(),
    [Symbol.asyncDispose]: async () => {
      await bench[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('many hosts', () => {
  it('fault 47: where the first host fails, no other is touched', async () => {
    for (const serial of [1, 3, '100%']) {
      await using run = await onAll(['h1'], { step: { serial } })
      expect(run.marks).toEqual(['h1'])
      expect(run.end).toMatchObject({
        codes: [1],
        summary: 'failed: h1 (mark: exit 1); not touched: h2, h3, h4, h5',
      })
      expect(run.bench.of('step.started').map(({ host }) => host)).toEqual(['h1'])
    }
  })

  it('fault 47: a failure in a later batch leaves the batches after it alone', async () => {
    await using run = await onAll(['h3'], { step: { serial: 2 } })
    expect(run.marks).toEqual(['h1', 'h2', 'h3'])
    expect(run.end.summary).toBe('failed: h3 (mark: exit 1); not touched: h4, h5')
  })

  it('goes on past as many failed hosts as may fail, and no further', async () => {
    await using bears = await onAll(['h1', 'h3'], { step: { max_failures: 2 } })
    expect(bears.marks).toEqual(hosts)
    expect(bears.end).toMatchObject({ codes: [1, 1] })
    expect(bears.end.summary).not.toContain('not touched')
    await using stops = await onAll(['h1', 'h3'], { step: { max_failures: 1 } })
    expect(stops.marks).toEqual(['h1', 'h2', 'h3'])
    expect(stops.end.summary).toMatch(/; not touched: h4, h5$/)
  })

  it('a host that was not reached counts as one that failed', async () => {
    await using run = await onAll([], { step: { max_failures: 1 }, unreached: ['h2'] })
    expect(run.marks).toEqual(['h1', 'h3', 'h4', 'h5'])
    const { units } = run.bench.prepared
    expect(bearable(units, new Set(['h2']))).toBe(true)
    expect(bearable(units, new Set(['h2', 'h4']))).toBe(false)
  })

  it('a later step is not run on a host where an earlier one failed', async () => {
    await using bench = await runBench({
      hosts: ['h1', 'h2'],
      steps: [
        { id: 'first', with: { run: '[ {{ host.name }} != h1 ]' }, max_failures: 1 },
        { id: 'second', with: { run: 'true' }, max_failures: 1 },
      ],
    })
    const end = await runUnits(bench.context, bench.prepared.units, bench.outputs)
    expect(end.ends.map(({ unit, end }) => `${unit.step.id}@${unit.host} ${end.end}`)).toEqual([
      'first@h1 failed',
      'first@h2 ok',
      'second@h2 ok',
    ])
  })

  it('asks a person for the first host alone, then once for all of a batch that would change the same', async () => {
    await using run = await onAll([], { step: { serial: '100%' }, asksPerson: true })
    // The command names its host, so no two hosts would run the same.
    expect(run.bench.asked).toHaveLength(5)
    await using bench = await runBench({
      hosts,
      steps: [{ id: 'same', with: { run: 'true' }, serial: '100%' }],
      answers: [enter, enter],
    })
    const end = await runUnits({ ...bench.context, asksPerson: true }, bench.prepared.units, bench.outputs)
    expect(end.codes).toEqual([])
    expect(bench.asked.map((request: ApprovalRequest) => request.hosts ?? [request.plan.host])).toEqual([
      ['h1'],
      ['h2', 'h3', 'h4', 'h5'],
    ])
    expect(bench.of('step.approved').map(({ host, how }) => `${host} ${how}`)).toHaveLength(5)
  })

  it('stop means the run: of a batch that was refused nothing runs', async () => {
    await using bench = await runBench({
      hosts,
      steps: [{ id: 'same', with: { run: 'true' }, serial: '100%', max_failures: 4 }],
      answers: [enter, { answer: 'stop', reason: 'not now' }],
    })
    const end = await runUnits({ ...bench.context, asksPerson: true }, bench.prepared.units, bench.outputs)
    expect(bench.of('step.started').map(({ host }) => host)).toEqual(['h1'])
    expect(end.codes).toEqual([4, 4, 4, 4])
  })

  it('the canary is the first host that can be reached, and hosts go alone until one came through', async () => {
    await using down = await onAll([], { step: { serial: 4, max_failures: 1 }, unreached: ['h1'] })
    const order = down.bench.of('step.started').map(({ host }) => host)
    const ended = down.bench.of('step.verified').map(({ host }) => host)
    expect([order[0], ended[0]]).toEqual(['h2', 'h2'])
    await using failed = await onAll(['h1', 'h2'], { step: { serial: 4, max_failures: 2 } })
    expect(
      failed.bench
        .of('step.started')
        .map(({ host }) => host)
        .slice(0, 3),
    ).toEqual(['h1', 'h2', 'h3'])
    expect(failed.marks).toEqual(hosts)
  })

  it('fault 47: a failure beside it answers what is asked and what waits with stop', async () => {
    await using folder = await tempDir()
    const differs = (n: string) =>
      `case {{ host.name }} in ${n}) exit 1;; esac; echo {{ host.name }} >> ${folder.at('ran')}`
    await using bench = await runBench({
      hosts,
      steps: [{ id: 'own', with: { run: differs('h2') }, serial: '100%' }],
    })
    const asked: string[] = []
    const approve = async (request: ApprovalRequest, signal: AbortSignal): Promise<Decision> => {
      asked.push(request.plan.host)
      if (asked.length <= 2) return enter
      // A person who takes their time: the failure of h2 comes first.
      await vi.waitFor(() => expect(signal.aborted).toBe(true), 10_000)
      return enter
    }
    const context = { ...bench.context, approve, asksPerson: true }
    const end = await runUnits(context, bench.prepared.units, bench.outputs)
    expect(asked).toEqual(['h1', 'h2', 'h3'])
    expect(readFileSync(folder.at('ran'), 'utf8')).toBe('h1\n')
    expect(end.codes.toSorted()).toEqual([1, 4, 4, 4])
  })

  it('hosts that run side by side are given one stamp for a step, so that their changes are the same', async () => {
    await using folder = await tempDir()
    await using bench = await runBench({
      hosts,
      steps: [
        {
          id: 'sync',
          uses: 'file.sync',
          with: { source: { text: 'new\n' }, path: folder.at('{{ host.name }}') },
          serial: '100%',
        },
      ],
    })
    const seen: string[] = []
    const units = bench.prepared.units
    await runUnits(
      {
        ...bench.context,
        resolve: (unit, outputs) => {
          const resolution = bench.context.resolve(unit, outputs)
          if (resolution.is !== 'resolved') return resolution
          return {
            ...resolution,
            action: {
              ...resolution.action,
              plan: (params, facts, drawn) => {
                seen.push(drawn.stamp)
                return resolution.action.plan(params, facts, drawn)
              },
            },
          }
        },
      },
      units,
      bench.outputs,
    )
    expect(new Set(seen.slice(1)).size).toBe(1)
  })
})
