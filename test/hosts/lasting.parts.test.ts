import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConnectError, isRefusal } from '../../src/hosts/errors.ts'
import { backoff } from '../../src/hosts/lasting/backoff.ts'
import { isCrowded, stillCrowded } from '../../src/hosts/lasting/crowded.ts'
import { createGate } from '../../src/hosts/lasting/gate.ts'
import { createRoom, sleepUnless } from '../../src/hosts/lasting/wait.ts'
import { watchSilence } from '../../src/hosts/silence.ts'
import { closedState, isClosed, keepState, now } from '../../src/hosts/states.ts'
import type { HostState } from '../../src/model/host.ts'
import { until } from './helpers/machine.ts'

describe('backoff', () => {
  it('is never longer than its bound, which doubles up to the most, and never nothing', () => {
    fc.assert(
      fc.property(
        fc.nat(2000),
        fc.integer({ min: 10, max: 1000 }),
        fc.integer({ min: 10, max: 60_000 }),
        (n, first, most) => {
          const wait = backoff(n, { first, most })
          expect(wait).toBeGreaterThan(0)
          expect(wait).toBeLessThanOrEqual(Math.min(most, first * 2 ** n))
        },
      ),
    )
  })

  it('differs from host to host', () => {
    const waits = Array.from({ length: 50 }, () => backoff(5))
    expect(new Set(waits).size).toBeGreaterThan(40)
  })
})

describe('the gate', () => {
  it('lets in as many as it may, and the next when one is through', async () => {
    const gate = createGate({ most: 2, heldMs: 60_000 })
    const inside: number[] = []
    const leave: (() => void)[] = []
    const all = [0, 1, 2, 3].map(async (n) => {
      leave[n] = await gate()
      inside.push(n)
    })
    await until('two', () => inside.length === 2)
    expect(inside).toEqual([0, 1])
    leave[1]?.()
    leave[1]?.()
    await until('a third', () => inside.length === 3)
    expect(inside).toEqual([0, 1, 2])
    leave[0]?.()
    await Promise.all(all)
    expect(inside).toEqual([0, 1, 2, 3])
    for (const out of leave) out()
  })

  it('is not held by one that waits for something silent', async () => {
    const gate = createGate({ most: 1, heldMs: 20 })
    const leave = [await gate(), await gate(), await gate()]
    expect(leave).toHaveLength(3)
    for (const out of leave) out()
  })

  it('forgets who gave up in the queue', async () => {
    const gate = createGate({ most: 1, heldMs: 60_000 })
    const leave = await gate()
    const abort = new AbortController()
    const given = gate(abort.signal)
    const next = gate()
    abort.abort(new Error('given up'))
    await expect(given).rejects.toThrow('given up')
    await expect(gate(abort.signal)).rejects.toThrow('given up')
    leave()
    ;(await next)()
    ;(await gate())()
  })
})

describe('waiting', () => {
  it('ends when woken, when time is over, and with the signal, whichever is first', async () => {
    const room = createRoom()
    const abort = new AbortController()
    const ended: string[] = []
    const waits = [
      room.wait(60_000).then(() => ended.push('woken')),
      sleepUnless(abort.signal, 60_000).then(() => ended.push('slept')),
    ]
    await room.wait(1)
    expect(ended).toEqual([])
    room.wake()
    await until('the first', () => ended.length === 1)
    waits.push(room.wait(60_000, abort.signal).then(() => ended.push('given up')))
    abort.abort()
    await Promise.all(waits)
    expect(ended.toSorted()).toEqual(['given up', 'slept', 'woken'])
    await room.wait(60_000, abort.signal)
    await sleepUnless(abort.signal, 60_000)
  })
})

describe('silence', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('fault 35: is told when it is stale, and when it is too long; time in which we did not run is none', () => {
    let time = 0
    vi.spyOn(performance, 'now').mockImplementation(() => time)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const told: string[] = []
    const watch = watchSilence(
      { stale: 4000, lost: 10_000 },
      { onStale: () => told.push('stale'), onLost: () => told.push('lost') },
    )
    const pass = (ms: number) => {
      for (let left = ms; left > 0; left -= 500) {
        time += 500
        vi.advanceTimersByTime(500)
      }
    }
    const sleep = (ms: number) => {
      time += ms
      vi.advanceTimersByTime(500)
    }
    pass(3500)
    expect(told).toEqual([])
    watch.hear()
    sleep(3_600_000)
    pass(2000)
    expect(told).toEqual([])
    pass(1000)
    expect(told).toEqual(['stale'])
    pass(3000)
    watch.hear()
    pass(9500)
    expect(told).toEqual(['stale', 'stale'])
    pass(500)
    expect(told).toEqual(['stale', 'stale', 'lost'])
    watch.stop()
    pass(20_000)
    expect(told).toHaveLength(3)
  })
})

describe('states', () => {
  it('the same state for the same reason is no news; another reason is', () => {
    const told: HostState[] = []
    const keeper = keepState({ is: 'connecting', since: now() })
    const off = keeper.on((state) => told.push(state))
    keeper.set({ is: 'connecting', since: 'later' })
    keeper.set({ is: 'connecting', since: 'later', reason: 'a' })
    keeper.set({ is: 'connecting', since: 'later', reason: 'a' })
    keeper.set({ is: 'connecting', since: 'later', reason: 'b' })
    keeper.set({ is: 'ready', since: 'later' })
    off()
    keeper.set(closedState())
    expect(told.map((state) => [state.is, 'reason' in state ? state.reason : ''])).toEqual([
      ['connecting', 'a'],
      ['connecting', 'b'],
      ['ready', ''],
    ])
    expect(isClosed(keeper.get())).toBe(true)
    expect(isClosed({ is: 'lost', since: '', reason: 'the link was lost: closed' })).toBe(false)
  })
})

describe('what an error of connecting means', () => {
  const error = (phase: ConnectError['phase'], message: string, passing?: boolean) =>
    new ConnectError(phase, message, { where: 'edge-1', ...(passing === undefined ? {} : { passing }) })

  it.each([
    'the connection ended: Connection lost before handshake',
    'the host closed the connection',
    'the connection ended: read ECONNRESET',
    'kex_exchange_identification: Connection closed by remote host',
    'kex_exchange_identification: read: Connection reset by peer',
    'Connection closed by 192.0.2.1 port 22',
    'Not allowed at this time',
    'Exceeded MaxStartups',
  ])('fault 37: in the handshake, "%s" may be a crowded server', (message) => {
    expect(isCrowded(error('handshake', message))).toBe(true)
    expect(isCrowded(error('authentication', message))).toBe(false)
    const still = stillCrowded(error('handshake', message), 7, 20_300)
    expect(still.message).toBe(`${message}; 7 tries within 20 s`)
    expect(still.where).toBe('edge-1')
  })

  it('what has no end, or is no SSH, is not crowded', () => {
    expect(isCrowded(error('handshake', 'no end of the handshake within 10 s'))).toBe(false)
    expect(isCrowded(new Error('the host closed the connection'))).toBe(false)
  })

  it('a wrong key and a refused login are refusals; what ran out of time is not', () => {
    expect(isRefusal(error('host key', 'changed'))).toBe(true)
    expect(isRefusal(error('authentication', 'it did not let us in'))).toBe(true)
    expect(isRefusal(error('authentication', 'no end of the authentication', true))).toBe(false)
    for (const phase of ['resolve', 'connect', 'handshake'] as const)
      expect(isRefusal(error(phase, 'no'))).toBe(false)
    expect(isRefusal(new Error('a mistake of ours'))).toBe(true)
  })
})
