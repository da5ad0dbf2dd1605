import { describe, expect, it, vi } from 'vitest'
import { followSource } from '../../src/logs/follow.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { createRing } from '../../src/logs/ring.ts'
import type { Command, LogSink, Session } from '../../src/model/command.ts'
import { testSecrets } from './secrets.ts'

/** A session of which only `follow` is used; the sink is the test's to fill. */
function followedSession() {
  let sink: LogSink | undefined
  let finish: () => void = () => undefined
  const followed: Command[] = []
  const ended = new Promise<void>((resolve) => {
    finish = resolve
  })
  const end = (reason: string) => {
    sink?.end(reason)
    finish()
  }
  const session = {
    follow(command: Command, given: LogSink) {
      followed.push(command)
      sink = given
      return { ended, stop: async () => end('stopped') }
    },
  } as unknown as Session
  return {
    session,
    followed,
    end,
    print: (text: string, stream: 'stdout' | 'stderr' = 'stdout') => sink!.chunk(stream, Buffer.from(text)),
  }
}

describe('following a source', () => {
  const kind = { kind: 'file', command: async (name: string) => ({ argv: ['tail', '-F', '--', name] }) }

  it('fills the ring and the file through the pipe, tells its state, and stops', async () => {
    const { session, followed, print } = followedSession()
    const [ring, states, turns] = [createRing(), [] as unknown[], { count: 0 }]
    const seen: string[] = []
    const written: string[] = []
    let closed = 0
    const following = followSource({
      session,
      kind,
      name: '/var/log/x.log',
      pipe: createPipe(testSecrets({ T: 's3cr3t-value' })),
      ring,
      file: {
        write: ({ at, stream, text }) => void written.push(`${at} ${stream} ${text}`),
        close: async () => void closed++,
      },
      onLine: ({ seq, text }) => seen.push(`${seq} ${text}`),
      onState: (state) => states.push(state),
      onLines: () => turns.count++,
      now: () => 0,
    })
    await vi.waitFor(() => expect(followed).toHaveLength(1))
    print('one s3cr3t')
    print('-value\ntwo\n')
    print('bad\n', 'stderr')
    print('unfinished')
    await following.stop()
    expect(ring.lines().map(({ text, stream }) => `${stream} ${text}`)).toEqual([
      'stdout one ‹secret:T›',
      'stdout two',
      'stderr bad',
      'stdout unfinished',
    ])
    expect(states).toEqual([
      { state: 'connecting' },
      { state: 'following' },
      { state: 'ended', detail: 'stopped' },
    ])
    expect(turns.count).toBeGreaterThan(0)
    expect(turns.count).toBeLessThan(4)
    expect(written[2]).toBe('1970-01-01T00:00:00.000Z stderr bad')
    expect(seen).toEqual(['0 one ‹secret:T›', '1 two', '2 bad', '3 unfinished'])
    expect(closed).toBe(1)
  })

  it('ends with the reason of the session, or of a command that could not be made', async () => {
    const { session, followed, end } = followedSession()
    const states: { state: string; detail?: string }[] = []
    const o = {
      session,
      name: 'x',
      pipe: createPipe(testSecrets()),
      ring: createRing(),
      onState: (state: never) => states.push(state),
    }
    const following = followSource({ ...o, kind })
    await vi.waitFor(() => expect(followed).toHaveLength(1))
    end('link lost\x1b[2J')
    await following.ended
    expect(states.at(-1)).toEqual({ state: 'ended', detail: 'link lost‹CSI›' })
    const failing = { kind: 'x', command: async () => Promise.reject(new Error('no such process')) }
    await followSource({ ...o, kind: failing }).ended
    expect(states.at(-1)).toEqual({ state: 'ended', detail: 'no such process' })
  })

  it('goes on where a listener of its lines throws, and tells it once', async () => {
    const { session, followed, print } = followedSession()
    const ring = createRing()
    let heard = 0
    const following = followSource({
      session,
      kind,
      name: 'x',
      pipe: createPipe(testSecrets()),
      ring,
      onLine: () => {
        heard++
        throw new RangeError('Invalid time value')
      },
    })
    await vi.waitFor(() => expect(followed).toHaveLength(1))
    print('one\ntwo\n')
    await following.stop()
    expect(heard).toBe(2)
    expect(ring.lines().map(({ text }) => text)).toEqual([
      'one',
      '‹sitrep: a line of this log was not handled: Invalid time value›',
      'two',
    ])
  })

  it('stopped before its command is known never runs it', async () => {
    const { session, followed } = followedSession()
    await followSource({
      session,
      kind,
      name: 'x',
      pipe: createPipe(testSecrets()),
      ring: createRing(),
    }).stop()
    expect(followed).toHaveLength(0)
  })
})
