import { describe, expect, it } from 'vitest'
import { connect } from '../../src/hosts/connect.ts'
import { ConnectError } from '../../src/hosts/errors.ts'
import { createPool } from '../../src/hosts/pool.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { testHost } from './helpers/machine.ts'

describe('pool', () => {
  const [one, two] = [testHost({ name: 'one' }), testHost({ name: 'two' })]
  const local = (host = one) => connect(host, { secrets: createSecretStore() })

  it('opens one session for each host, uses it again, and a new one after it was lost', async () => {
    let opened = 0
    const states: string[] = []
    const pool = createPool({
      connect: (host) => {
        opened++
        return local(host)
      },
      onState: (host, state) => states.push(`${host} ${state.is}`),
    })
    expect(pool.state('one')).toEqual({ is: 'idle' })
    const [a, b] = await Promise.all([pool.get(one), pool.get(one)])
    expect(a).toBe(b)
    expect(opened).toBe(1)
    await a[Symbol.asyncDispose]()
    expect(pool.state('one').is).toBe('lost')
    const [c, d] = await Promise.all([pool.get(one), pool.get(one)])
    expect(c).toBe(d)
    expect(c).not.toBe(a)
    expect(opened).toBe(2)
    expect(states).toEqual(['one connecting', 'one ready', 'one lost', 'one connecting', 'one ready'])
    await pool.close()
    expect(c.state().is).toBe('lost')
    await expect(pool.get(one)).rejects.toThrow(/closed/)
  })

  it('one host that fails holds up no other, and is tried again when it is asked for', async () => {
    let fails = true
    const pool = createPool({
      connect: async (host) => {
        if (host.name === 'one' && fails) throw new ConnectError('host key', 'not known', { where: 'one' })
        return local(host)
      },
    })
    const [first, second] = await pool.open([one, two])
    expect(first).toMatchObject({ host: one, error: { phase: 'host key' } })
    expect(second).toMatchObject({ host: two, session: expect.anything() })
    expect(pool.state('one')).toEqual({ is: 'refused', reason: 'not known' })
    fails = false
    expect((await pool.get(one)).state().is).toBe('ready')
    await pool.close()
  })

  it('a signal gives up what is being opened, at once, and leaves open what is', async () => {
    const abort = new AbortController()
    const states: string[] = []
    const pool = createPool({
      connect: (host, { signal }) =>
        host === one
          ? local(host)
          : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      onState: (host, state) => states.push(`${host} ${state.is} ${'reason' in state ? state.reason : ''}`),
      signal: abort.signal,
    })
    const session = await pool.get(one)
    const opening = pool.get(two)
    abort.abort(new Error('stopped'))
    await expect(opening).rejects.toThrow('stopped')
    // Nobody refused us.
    expect(states.at(-1)).toBe('two lost closed')
    expect(await pool.get(one)).toBe(session)
    expect(session.state().is).toBe('ready')
    await pool.close()
  })

  it('tells a host that did not answer from one that refused', async () => {
    const pool = createPool({
      connect: () => Promise.reject(new ConnectError('connect', 'no answer', { where: 'one' })),
    })
    await pool.get(one).catch(() => {})
    expect(pool.state('one')).toMatchObject({ is: 'lost', reason: 'no answer' })
  })
})
