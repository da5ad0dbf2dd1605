import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/action.ts'
import { type Clock, verifyUntil } from '../../src/run/verify.ts'

/** Time that only passes while the verification waits; a look takes `cost` milliseconds. */
function fake(cost = 0) {
  let ms = 0
  const sleeps: number[] = []
  const clock: Clock = {
    now: () => ms,
    sleep: async (wait) => {
      sleeps.push(wait)
      ms += wait
    },
  }
  const look = (verdictAt: (ms: number) => Verdict['verdict']) => async (): Promise<Verdict> => {
    const verdict = verdictAt(ms)
    ms += cost
    return { verdict, reason: `${verdict} at ${ms}` }
  }
  return { clock, sleeps, look, now: () => ms }
}
const never = { signal: new AbortController().signal }

describe('verifyUntil', () => {
  it('takes the first ok at once where nothing has to settle', async () => {
    const t = fake()
    const verdict = await verifyUntil(
      t.look(() => 'ok'),
      { settle: 0, within: 60 },
      never,
      t.clock,
    )
    expect(verdict.verdict).toBe('ok')
    expect(t.sleeps).toEqual([])
  })

  it('gives the first look where nothing may take time', async () => {
    for (const bad of ['failed', 'unknown'] as const) {
      const t = fake()
      const verdict = await verifyUntil(
        t.look(() => bad),
        { settle: 5, within: 0 },
        never,
        t.clock,
      )
      expect(verdict.verdict).toBe(bad)
      expect(t.sleeps).toEqual([])
    }
  })

  it('waits for ok, from 250 ms growing to a second, and not longer than within', async () => {
    const t = fake()
    const verdict = await verifyUntil(
      t.look((ms) => (ms >= 4000 ? 'ok' : 'failed')),
      { settle: 0, within: 30 },
      never,
      t.clock,
    )
    expect(verdict.verdict).toBe('ok')
    expect(t.sleeps[0]).toBe(250)
    expect(Math.max(...t.sleeps)).toBe(1000)
    const late = fake()
    const failed = await verifyUntil(
      late.look(() => 'failed'),
      { settle: 0, within: 10 },
      never,
      late.clock,
    )
    expect(failed.verdict).toBe('failed')
    expect(late.now()).toBeGreaterThanOrEqual(10_000)
    expect(late.now()).toBeLessThanOrEqual(11_000)
  })

  it('wants ok to hold for settle, and starts anew when it does not', async () => {
    const t = fake()
    const flapping = (ms: number) => (ms < 2000 || (ms >= 3500 && ms < 5000) ? 'failed' : 'ok')
    const verdict = await verifyUntil(t.look(flapping), { settle: 3, within: 30 }, never, t.clock)
    expect(verdict.verdict).toBe('ok')
    expect(t.now()).toBeGreaterThanOrEqual(8000)
    expect(t.now()).toBeLessThan(10_500)
    const held = fake()
    await verifyUntil(
      held.look(() => 'ok'),
      { settle: 3, within: 0 },
      never,
      held.clock,
    )
    expect(held.now()).toBe(3000)
  })

  it('does not take one ok for settled when looks are slow', async () => {
    const t = fake(2000)
    let looks = 0
    const look = async () => {
      looks += 1
      return t.look(() => 'ok')()
    }
    await verifyUntil(look, { settle: 3, within: 30 }, never, t.clock)
    expect(looks).toBe(2)
  })

  it('stops when it is told to: what was not verified is unknown', async () => {
    const stop = new AbortController()
    const begun = Date.now()
    setTimeout(() => stop.abort(), 50)
    const verdict = await verifyUntil(
      async () => ({ verdict: 'failed', reason: 'x' }),
      { settle: 0, within: 60 },
      { signal: stop.signal },
    )
    expect(verdict).toEqual({ verdict: 'unknown', reason: 'stopped by the operator while verifying' })
    expect(Date.now() - begun).toBeLessThan(5000)
  })

  it('ends at once where the console is left, also under a look that does not come back', async () => {
    const leaving = new AbortController()
    const verdict = verifyUntil(
      () => new Promise<Verdict>(() => undefined),
      { settle: 3, within: 30 },
      { ...never, leaving: leaving.signal },
    )
    leaving.abort()
    const left = { verdict: 'unknown', reason: 'left while verifying' }
    expect(await verdict).toEqual(left)
    const t = fake()
    const times = { settle: 0, within: 0 }
    expect(
      await verifyUntil(
        t.look(() => 'ok'),
        times,
        { ...never, leaving: leaving.signal },
      ),
    ).toEqual(left)
  })
})
