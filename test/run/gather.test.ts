import { describe, expect, it, vi } from 'vitest'
import { gatherApprovals } from '../../src/run/gather.ts'
import { countOutcomes, groupPlans } from '../../src/run/grouped.ts'
import type { ApprovalRequest, Decision, StepPlan } from '../../src/run/types.ts'

const plan = (host: string, say: string, o: Partial<StepPlan> = {}): StepPlan => ({
  run: 'r',
  step: 's',
  host,
  title: 'S',
  uses: 'shell',
  outcome: 'would_change',
  because: `seen on ${host}`,
  plan: {
    outcome: 'would_change',
    because: '',
    changes: [{ do: { say, run: { argv: ['true'] } }, undo: [] }],
  },
  hash: host,
  risk: 'change',
  ...o,
})
const request = (host: string, say = 'change it'): ApprovalRequest => ({
  id: host,
  plan: plan(host, say),
  confirm: 'ask',
})
const { signal } = new AbortController()

/** An approver that is answered by hand. */
function byHand() {
  const asked: { request: ApprovalRequest; answer(decision: Decision): void }[] = []
  return {
    asked,
    approve: (request: ApprovalRequest) =>
      new Promise<Decision>((answer) => void asked.push({ request, answer })),
    hosts: () => asked.map(({ request }) => request.hosts ?? [request.plan.host]),
  }
}
const run: Decision = { answer: 'run', how: 'enter' }

describe('gatherApprovals', () => {
  it('waits for every host, and asks once for those that would change the same', async () => {
    const person = byHand()
    const gathered = gatherApprovals(person.approve, ['a', 'b', 'c', 'd'])
    for (const host of ['a', 'b', 'c', 'd']) gathered.next(host)
    const answers = [
      gathered.approver('a')(request('a'), signal),
      gathered.approver('b')(request('b', 'another thing'), signal),
      gathered.approver('c')(request('c'), signal),
    ]
    expect(person.asked).toEqual([])
    gathered.done('d')
    // One question after another.
    expect(person.hosts()).toEqual([['a', 'c']])
    person.asked[0]?.answer(run)
    await vi.waitFor(() => expect(person.hosts()).toEqual([['a', 'c'], ['b']]))
    person.asked[1]?.answer({ answer: 'skip', reason: 'not this' })
    expect(await Promise.all(answers)).toEqual([run, { answer: 'skip', reason: 'not this' }, run])
  })

  it('asks for an earlier step first, and goes on without a host that is past it', async () => {
    const person = byHand()
    const gathered = gatherApprovals(person.approve, ['a', 'b'])
    gathered.next('a')
    gathered.next('b')
    gathered.next('a')
    const later = gathered.approver('a')(request('a'), signal)
    expect(person.asked).toEqual([])
    const earlier = gathered.approver('b')(request('b'), signal)
    expect(person.hosts()).toEqual([['b']])
    person.asked[0]?.answer(run)
    await earlier
    gathered.done('b')
    await vi.waitFor(() => expect(person.hosts()).toEqual([['b'], ['a']]))
    person.asked[1]?.answer(run)
    expect(await later).toEqual(run)
  })

  it('answers what waits, what is asked and what comes with stop, once the run has stopped', async () => {
    const person = byHand()
    const gathered = gatherApprovals(person.approve, ['a', 'b', 'c'])
    for (const host of ['a', 'b', 'c']) gathered.next(host)
    const answers = ['a', 'b'].map((host) => gathered.approver(host)(request(host, host), signal))
    gathered.done('c')
    expect(person.hosts()).toEqual([['a']])
    gathered.stop('c failed')
    const stop = { answer: 'stop', reason: 'c failed' }
    expect(await answers[1]).toEqual(stop)
    expect(await gathered.approver('c')(request('c'), signal)).toEqual(stop)
    person.asked[0]?.answer(run)
    expect(await answers[0]).toEqual(stop)
    expect(person.asked).toHaveLength(1)
  })

  it('a stop ends the questions after it', async () => {
    const person = byHand()
    const gathered = gatherApprovals(person.approve, ['a', 'b'])
    for (const host of ['a', 'b']) gathered.next(host)
    const answers = ['b', 'a'].map((host) => gathered.approver(host)(request(host, host), signal))
    person.asked[0]?.answer({ answer: 'stop', reason: 'no' })
    expect(await Promise.all(answers)).toEqual([
      { answer: 'stop', reason: 'no' },
      { answer: 'stop', reason: 'no' },
    ])
    // In the order of the hosts, whoever came first.
    expect(person.hosts()).toEqual([['a']])
  })

  it('asks at once for what a host asks a second time in one step', async () => {
    const person = byHand()
    const gathered = gatherApprovals(person.approve, ['a', 'b'])
    gathered.next('a')
    gathered.done('b')
    const first = gathered.approver('a')(request('a'), signal)
    person.asked[0]?.answer(run)
    await first
    const second = gathered.approver('a')(request('a'), signal)
    expect(person.asked).toHaveLength(2)
    person.asked[1]?.answer(run)
    expect(await second).toEqual(run)
  })
})

describe('groupPlans', () => {
  it('two files that differ behind what a diff shows are not the same change', () => {
    const hidden = (host: string, from: string, o: { hidden?: string; unified?: string }) => ({
      ...plan(host, 'replace it'),
      plan: {
        outcome: 'would_change' as const,
        because: '',
        changes: [
          {
            do: {
              say: 'replace it',
              run: { argv: ['true'] },
              diff: { path: '/f', from, to: 'new', unified: '', ...o },
            },
            undo: [],
          },
        ],
      },
    })
    const groups = (o: { hidden?: string; unified?: string }) =>
      groupPlans([hidden('h1', 'aaa', o), hidden('h2', 'bbb', o)])[0]?.groups.length
    expect(groups({ hidden: 'it is binary' })).toBe(2)
    expect(groups({ unified: '-A=‹secret:A changed›' })).toBe(2)
    expect(groups({ unified: '-a\n+b' })).toBe(1)
  })

  it('puts hosts with the same changes together, what differs first, and counts', () => {
    const same = (host: string) => plan(host, '', { outcome: 'in_sync', because: `pid of ${host}` })
    const plans = [
      ...['h1', 'h2', 'h3'].map(same),
      plan('h4', 'restart it'),
      plan('h5', 'restart it'),
      plan('h6', 'start it'),
      plan('h7', '', { outcome: 'cannot_tell', because: 'no pm2' }),
    ]
    const [step] = groupPlans(plans)
    expect(step?.groups.map(({ hosts, plan }) => [plan.outcome, ...hosts])).toEqual([
      ['would_change', 'h4', 'h5'],
      ['would_change', 'h6'],
      ['cannot_tell', 'h7'],
      ['in_sync', 'h1', 'h2', 'h3'],
    ])
    expect(countOutcomes(plans)).toBe("3 in sync, 3 would change, 1 can't tell")
    expect(countOutcomes([plan('h', '', { outcome: 'after_step:x' })])).toBe('1 after another step')
  })
})
