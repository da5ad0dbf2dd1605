import { describe, expect, it } from 'vitest'
import { progressText } from '../../src/cli/progress.ts'
import { inTurn, isAsking, unlessAsking } from '../../src/cli/terminal.ts'
import { afterProgress } from '../../src/run/atWork.ts'
import type { Progress } from '../../src/run/context.ts'

describe('an open question on the terminal', () => {
  it('stays the last thing there: what is told meanwhile comes after its answer, in order', async () => {
    const shown: string[] = []
    const tell = (line: string) => unlessAsking(() => shown.push(line))
    const answered = Promise.withResolvers<string>()
    tell('before')
    const asked = inTurn(() => {
      shown.push('plan and prompt')
      return answered.promise
    })
    await expect.poll(isAsking).toBe(true)
    tell('web-3 ok')
    tell('web-4: silent')
    expect(shown).toEqual(['before', 'plan and prompt'])
    answered.resolve('y')
    expect(await asked).toBe('y')
    tell('after')
    expect(shown).toEqual(['before', 'plan and prompt', 'web-3 ok', 'web-4: silent', 'after'])
  })

  it('has the terminal to itself: the next is put when it was answered, also where it failed', async () => {
    const put: string[] = []
    const first = Promise.withResolvers<string>()
    const one = inTurn(() => {
      put.push('one')
      return first.promise
    })
    const two = inTurn(async () => void put.push('two'))
    await expect.poll(() => put.length).toBe(1)
    unlessAsking(() => put.push('told'))
    first.reject(new Error('no answer'))
    await expect(one).rejects.toThrow('no answer')
    await two
    expect(put).toEqual(['one', 'told', 'two'])
    expect(isAsking()).toBe(false)
  })
})

describe('the progress line', () => {
  const told = (...news: (Progress | undefined)[]) =>
    progressText(news.reduce<Record<string, Progress>>((before, now) => afterProgress(before, now), {}))
  const at = (host: string, doing: string, waits?: true): Progress => ({
    step: host === '' ? '' : 'set',
    host,
    doing,
    ...(waits === undefined ? {} : { waits }),
  })

  it('names what was begun last and how many others are at work, and forgets a host that is done', () => {
    expect(told(at('web-1', 'verifying'))).toBe('web-1  set  verifying')
    expect(told(at('web-1', 'verifying'), at('web-2', 'inspecting'))).toBe(
      'web-2  (and 1 more at work)  set  inspecting',
    )
    expect(told(at('web-1', 'verifying'), at('web-2', 'inspecting'), at('web-2', ''))).toBe(
      'web-1  set  verifying',
    )
    expect(told(at('web-1', 'verifying'), undefined)).toBe('')
  })

  it('says nothing of a host that waits for an answer, and drops the checks when a step begins', () => {
    expect(told(at('web-1', 'verifying'), at('web-2', 'waiting for approval', true))).toBe(
      'web-1  set  verifying',
    )
    expect(told(at('', 'checks before the steps'))).toBe('checks before the steps')
    expect(told(at('', 'checks before the steps'), at('web-1', 'inspecting'), at('web-1', ''))).toBe('')
  })
})
