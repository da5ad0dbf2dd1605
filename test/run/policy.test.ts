import { describe, expect, it } from 'vitest'
import type { Confirm } from '../../src/model/runbook.ts'
import { approvalPolicy, headlessApprove } from '../../src/run/policy.ts'
import type { ApprovalRequest, Decision } from '../../src/run/types.ts'
import { testHost } from '../hosts/helpers/machine.ts'
import { ownUnit } from './bench.ts'

const hosts = (names: string[], production = false) => names.map((name) => testHost({ name, production }))
const unit = (confirm?: Confirm) => ownUnit({}, confirm === undefined ? {} : { confirm })
const wants = (
  o: { hosts?: string[]; production?: boolean },
  risk: 'observe' | 'change' | 'interrupt',
  confirm?: Confirm,
) =>
  approvalPolicy({ hosts: hosts(o.hosts ?? ['a'], o.production), confirmOver: 3 }).wanted(unit(confirm), risk)

describe('what a step wants (protocol.md, "Approval")', () => {
  it('auto is the default for observe, ask for change and interrupt', () => {
    expect(wants({}, 'observe')).toEqual({ confirm: 'auto' })
    expect(wants({}, 'change')).toEqual({ confirm: 'ask' })
    expect(wants({}, 'interrupt')).toEqual({ confirm: 'ask' })
  })

  it('the step may say otherwise', () => {
    expect(wants({}, 'observe', 'ask')).toEqual({ confirm: 'ask' })
    expect(wants({}, 'change', 'auto')).toEqual({ confirm: 'auto' })
    expect(wants({}, 'observe', 'typed')).toMatchObject({ confirm: 'typed', target: 'a' })
  })

  it('typed is the default on production and over confirm_over hosts, and a step can not lower it', () => {
    const typed = { confirm: 'typed', target: 'a', targetHosts: ['a'] }
    for (const confirm of [undefined, 'auto', 'ask', 'typed'] as const)
      expect(wants({ production: true }, 'change', confirm)).toEqual(typed)
    expect(wants({ production: true }, 'observe')).toEqual({ confirm: 'auto' })
    expect(wants({ hosts: ['a', 'b', 'c'] }, 'change')).toEqual({ confirm: 'ask' })
    expect(wants({ hosts: ['a', 'b', 'c', 'd'] }, 'change')).toMatchObject({
      confirm: 'typed',
      target: '4 hosts',
    })
  })

  it('fault 47: of many hosts the target is the group that names them all, or their number', () => {
    const many = hosts(['a', 'b', 'c', 'd'])
    const wanted = (group?: string) =>
      approvalPolicy({ hosts: many, confirmOver: 3, group }).wanted(unit(), 'change')
    expect(wanted('core')).toEqual({ confirm: 'typed', target: 'core', targetHosts: ['a', 'b', 'c', 'd'] })
    expect(wanted().target).toBe('4 hosts')
  })

  it('the target is typed once for a runbook on its hosts', () => {
    const policy = approvalPolicy({ hosts: hosts(['a'], true), confirmOver: 3 })
    expect(policy.wanted(unit(), 'change').confirm).toBe('typed')
    policy.wasTyped()
    expect(policy.wanted(unit(), 'change')).toEqual({ confirm: 'ask' })
    expect(policy.wanted(unit('auto'), 'change')).toEqual({ confirm: 'ask' })
    expect(policy.wanted(unit('typed'), 'change').confirm).toBe('typed')
  })
})

describe('who answers without the console (protocol.md, "Approval")', () => {
  const signal = new AbortController().signal
  const said: Decision = { answer: 'skip', reason: 'said on the terminal' }
  const request = (o: Partial<ApprovalRequest>) =>
    ({ id: 'x', plan: { host: 'a' }, confirm: 'ask', ...o }) as ApprovalRequest
  const answer = (
    o: Partial<ApprovalRequest>,
    flags: { yes?: boolean; targets?: string[] },
    terminal: boolean,
  ) =>
    headlessApprove(
      { yes: flags.yes ?? false, targets: flags.targets ?? [] },
      terminal ? async () => said : undefined,
    )(request(o), signal)
  const typed = { confirm: 'typed', target: 'a,b', targetHosts: ['a', 'b'] } as const

  it('confirm: ask', async () => {
    expect(await answer({}, {}, true)).toEqual(said)
    expect(await answer({}, {}, false)).toMatchObject({ answer: 'stop' })
    for (const terminal of [true, false])
      expect(await answer({}, { yes: true }, terminal)).toEqual({ answer: 'run', how: 'yes' })
  })

  it('confirm: typed', async () => {
    expect(await answer(typed, {}, true)).toEqual(said)
    expect(await answer(typed, {}, false)).toMatchObject({
      answer: 'stop',
      reason: expect.stringContaining('--yes --target a,b'),
    })
    for (const terminal of [true, false]) {
      expect(await answer(typed, { yes: true }, terminal)).toMatchObject({
        answer: 'stop',
        reason: expect.stringContaining('--target a,b'),
      })
      for (const targets of [['a,b'], ['a', 'b'], ['b', 'x', 'a']])
        expect(await answer(typed, { yes: true, targets }, terminal)).toEqual({ answer: 'run', how: 'typed' })
      for (const targets of [['a'], ['ab'], ['']])
        expect(await answer(typed, { yes: true, targets }, terminal)).toMatchObject({ answer: 'stop' })
    }
  })

  it('a target named without --yes is no consent', async () => {
    expect(await answer(typed, { targets: ['a', 'b'] }, false)).toMatchObject({ answer: 'stop' })
    expect(await answer(typed, { targets: ['a', 'b'] }, true)).toEqual(said)
  })

  it('manual: answered on a terminal, else recorded as needing a person, whatever the flags', async () => {
    for (const yes of [true, false]) {
      expect(await answer({ question: 'Done?' }, { yes }, true)).toEqual(said)
      expect(await answer({ question: 'Done?' }, { yes }, false)).toEqual({
        answer: 'skip',
        reason: 'needs a person',
      })
    }
  })

  it('what would run a second time wants a person, whatever the flags', async () => {
    const repeats = 'it had begun'
    expect(await answer({ repeats }, { yes: true }, true)).toEqual(said)
    expect(await answer({ repeats }, { yes: true }, false)).toMatchObject({
      answer: 'stop',
      reason: expect.stringContaining('rerun: safe'),
    })
  })
})
