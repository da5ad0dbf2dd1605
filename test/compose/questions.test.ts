import { describe, expect, it } from 'vitest'
import { createApprovals } from '../../src/compose/approvals.ts'
import { createPrompts } from '../../src/compose/prompts.ts'
import type { Prompt } from '../../src/console.types.ts'
import type { ApprovalRequest } from '../../src/run/types.ts'

const request = (id: string) => ({ id }) as ApprovalRequest

describe('the approvals of a console', () => {
  it('an answer counts for the request that it names, once', async () => {
    const shown: (string | undefined)[] = []
    const approvals = createApprovals((open) => shown.push(open?.id))
    const { signal } = new AbortController()
    const asked = approvals.approve(request('one'), signal)
    expect(approvals.open()?.id).toBe('one')
    expect(approvals.answer('older', { answer: 'run', how: 'enter' })).toBe(false)
    expect(approvals.answer('one', { answer: 'run', how: 'enter' })).toBe(true)
    expect(approvals.answer('one', { answer: 'run', how: 'enter' })).toBe(false)
    expect(await asked).toEqual({ answer: 'run', how: 'enter' })
    expect(shown).toEqual(['one', undefined])
  })

  it('a run that is stopped answers with stop, also where it was stopped before', async () => {
    const shown: (string | undefined)[] = []
    const approvals = createApprovals((open) => shown.push(open?.id))
    const stop = new AbortController()
    const asked = approvals.approve(request('one'), stop.signal)
    stop.abort()
    expect(await asked).toEqual({ answer: 'stop', reason: 'stopped by the operator' })
    expect(await approvals.approve(request('two'), stop.signal)).toMatchObject({ answer: 'stop' })
    expect(approvals.open()).toBeUndefined()
    expect(shown).not.toContain('two')
  })
})

describe('the prompts of a console', () => {
  const open = () => {
    const shown: (Prompt | undefined)[] = []
    const prompts = createPrompts((prompt) => shown.push(prompt))
    return { prompts, last: () => shown.at(-1) }
  }
  const q = (who: string) => ({ who, what: 'password' })

  it('are asked one at a time, in order; a reply to another counts for nothing', async () => {
    const { prompts, last } = open()
    const [first, second] = [prompts.secret(q('a')), prompts.confirm(q('b'))]
    expect(last()).toMatchObject({ kind: 'secret', who: 'a' })
    prompts.reply('another', 'x')
    prompts.reply(last()?.id ?? '', 'value')
    expect(await first).toBe('value')
    expect(last()).toMatchObject({ kind: 'confirm', who: 'b' })
    prompts.reply(last()?.id ?? '', undefined)
    expect(await second).toBe(false)
    expect(last()).toBeUndefined()
  })

  it('that wait when the console closes, and those after, are answered with no', async () => {
    const { prompts } = open()
    const waiting = [prompts.secret(q('a')), prompts.secret(q('b'))]
    prompts.close()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
    expect(await prompts.confirm(q('c'))).toBe(false)
  })
})
