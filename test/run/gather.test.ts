import { describe, expect, it } from 'vitest'
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
    expect(person.hosts()).toEqual([['a', 'c'], ['b']])
    person.asked[0]?.answer(run)
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
    expect(person.hosts()).toEqual([['b'], ['a']])
    person.asked[1]?.answer(run)
    expect(await later).toEqual(run)
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
