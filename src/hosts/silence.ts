import { performance } from 'node:perf_hooks'
import type { LinkTimes } from '../model/host.ts'

/** Tells of silence on a link. */
export interface SilenceWatch {
  /** Something was heard. */
  hear(): void
  stop(): void
}

/**
 * Watches for silence: `onStale` after `stale` of it, with when the last was heard, and `onLost` after `lost`. Time in which
 * this program did not run (the laptop slept, it was stopped) is no silence of the host, so each look counts at most twice
 * the time between looks.
 */
export function watchSilence(
  { stale, lost }: Pick<LinkTimes, 'stale' | 'lost'>,
  o: { onStale(lastHeard: Date): void; onLost(): void },
): SilenceWatch {
  const every = Math.max(10, Math.min(500, stale / 4))
  let heard = Date.now()
  let looked = performance.now()
  let silent = 0
  let told = false
  const timer = setInterval(() => {
    const now = performance.now()
    silent += Math.min(now - looked, 2 * every)
    looked = now
    if (silent >= lost) o.onLost()
    else if (silent >= stale && !told) {
      told = true
      o.onStale(new Date(heard))
    }
  }, every)
  // A state that is only watched must not keep the program alive.
  timer.unref()
  return {
    hear() {
      heard = Date.now()
      silent = 0
      told = false
    },
    stop: () => clearInterval(timer),
  }
}
