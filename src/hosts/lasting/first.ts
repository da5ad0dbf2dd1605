import { performance } from 'node:perf_hooks'
import type { LinkTimes } from '../../model/host.ts'
import type { Link } from '../link.ts'
import { now, type StateKeeper } from '../states.ts'
import { type BackoffTimes, backoff } from './backoff.ts'
import { isCrowded, stillCrowded } from './crowded.ts'
import { sleepUnless } from './wait.ts'

/** A server that may be crowded is asked again for at most this long where nothing was open before, in milliseconds. */
const patience = 20_000

/**
 * Opens the first link. Whoever waits for it is told at once what is wrong, but for a server on which too many log in just
 * now: there it queues, with jitter. Throws ConnectError, or the signal's reason.
 */
export async function firstLink(o: {
  attempt(signal: AbortSignal): Promise<Link>
  times: Pick<LinkTimes, 'back'>
  retry: BackoffTimes
  state: StateKeeper
  signal: AbortSignal
}): Promise<Link> {
  const began = performance.now()
  const since = now()
  const longest = Math.min(o.times.back, patience)
  for (let tries = 0; ; tries++) {
    try {
      return await o.attempt(o.signal)
    } catch (error) {
      if (o.signal.aborted || !isCrowded(error)) throw error
      const wait = backoff(tries, o.retry)
      const spent = performance.now() - began
      if (spent + wait > longest) throw tries === 0 ? error : stillCrowded(error, tries + 1, spent)
      o.state.set({ is: 'connecting', since, reason: again(error.message, wait) })
      await sleepUnless(o.signal, wait)
      o.signal.throwIfAborted()
    }
  }
}

/** What went wrong, and when it is tried again. */
export function again(why: string, ms: number): string {
  const at = new Date(Date.now() + ms).toISOString().slice(11, 19)
  return ms < 1000 ? `${why}; trying again` : `${why}; next try ${at} UTC`
}
