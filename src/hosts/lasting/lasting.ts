import { performance } from 'node:perf_hooks'
import { messageOf } from '../../model/errors.ts'
import type { HostState, LinkTimes } from '../../model/host.ts'
import { isRefusal } from '../errors.ts'
import type { Link } from '../link.ts'
import { closedState, now, type StateKeeper } from '../states.ts'
import { LinkLost, type Transport } from '../transport.ts'
import { type BackoffTimes, backoff } from './backoff.ts'
import { again } from './first.ts'
import { createRoom, sleepUnless } from './wait.ts'

/** What a lasting transport is made of. */
export interface LastingDeps {
  /** One attempt to open a link; throws ConnectError. */
  attempt(signal: AbortSignal): Promise<Link>
  times: Pick<LinkTimes, 'back'>
  retry: BackoffTimes
  state: StateKeeper
  /** A new link was refused: it is not tried again by itself. */
  onRefused(error: unknown): void
}

/** A link that lived this long was a good one: after it, trying begins anew with short waits. In milliseconds. */
const goodMs = 15_000

/**
 * A transport over links that come and go: when one is lost, the next is opened by itself with jittered backoff, until that is
 * refused (host key, authentication) or the transport is closed. A link that was refused is tried once for each `open`.
 */
export function lastingTransport(first: Link, deps: LastingDeps): Transport {
  const { state, times } = deps
  const closing = new AbortController()
  const room = createRoom()
  let link: Link | undefined
  /** Whether a next link is being waited for. */
  let coming = false
  /** Why there is no link. */
  let why = ''
  let tries = 0

  const adopt = (next: Link) => {
    const since = performance.now()
    link = next
    state.set({ is: 'ready', since: now() })
    const watch = (was: HostState) => {
      if (link !== next) return
      if (was.is !== 'lost') return state.set(was)
      link = undefined
      why = was.reason
      if (performance.now() - since > goodMs) tries = 0
      state.set(was)
      void next.transport.close()
      void comeBack(backoff(tries++, deps.retry))
    }
    next.transport.onState(watch)
    watch(next.transport.state())
    room.wake()
  }

  /** Brings the next link, at first after this pause; never rejects. */
  const comeBack = async (pause: number): Promise<void> => {
    coming = true
    const since = now()
    for (let wait = pause; ; ) {
      await sleepUnless(closing.signal, wait, { background: true })
      if (closing.signal.aborted) return
      try {
        state.set({ is: 'connecting', since, reason: why, again: true })
        const next = await deps.attempt(closing.signal)
        // It may have come at the very moment in which the last one was closed.
        if (closing.signal.aborted) return void next.transport.close()
        coming = false
        return adopt(next)
      } catch (error) {
        if (closing.signal.aborted) return
        why = messageOf(error)
        if (isRefusal(error)) return refuse(error)
        wait = backoff(tries++, deps.retry)
        state.set({ is: 'connecting', since, reason: again(why, wait), again: true })
      }
    }
  }

  const refuse = (error: unknown) => {
    coming = false
    state.set({ is: 'refused', reason: why })
    deps.onRefused(error)
    room.wake()
  }

  /** The link, once there is one; throws LinkLost where none comes in this time. */
  const usable = async (until: number, signal: AbortSignal | undefined): Promise<Link> => {
    if (!link && !coming && !closing.signal.aborted) void comeBack(0)
    for (;;) {
      if (link) return link
      if (closing.signal.aborted) throw new LinkLost('the session was closed')
      if (signal?.aborted) throw new LinkLost(`given up: ${why}`)
      const left = until - performance.now()
      if (!coming || left <= 0) throw new LinkLost(why)
      await room.wait(left, signal)
    }
  }

  adopt(first)
  return {
    async open(line, listener, o = {}) {
      const until = performance.now() + times.back
      for (;;) {
        const used = await usable(until, o.signal)
        try {
          return await used.transport.open(line, listener, o)
        } catch (error) {
          // Nothing ran; where that is because the link went meanwhile, the next one may do.
          if (!(error instanceof LinkLost) || link === used || o.signal?.aborted) throw error
        }
      }
    },
    async back(ms, signal) {
      const until = performance.now() + ms
      while (!link) {
        const left = until - performance.now()
        if (!coming || left <= 0 || signal?.aborted) return false
        await room.wait(left, signal)
      }
      return signal?.aborted !== true
    },
    state: state.get,
    onState: state.on,
    async close() {
      if (closing.signal.aborted) return
      const last = link
      link = undefined
      coming = false
      closing.abort()
      state.set(closedState())
      room.wake()
      await last?.transport.close()
    },
  }
}
