import { setTimeout as wait } from 'node:timers/promises'
import type { Verdict } from '../model/action.ts'

/** Seconds that ok must hold (`settle`), and that it may take to come (`within`). */
export interface VerifyTimes {
  settle: number
  within: number
}

/** Time for verification; tests give their own. */
export interface Clock {
  now(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
}

/**
 * Looks again and again until ok has held for `settle`, or until `within` has passed without ok.
 *
 * Example with settle 3, within 30: failed at 0 s, ok at 2 s, ok at 3 s … ok at 5 s: ok. Failed at 4 s: the three
 * seconds start anew. Not ok at 30 s: the last look is the verdict. The first look is at once, later ones come
 * after 250 ms, growing to 1 s. Where the console is being left, it ends at once, as unknown.
 */
export async function verifyUntil(
  look: () => Promise<Verdict>,
  times: VerifyTimes,
  { signal, leaving }: { signal: AbortSignal; leaving?: AbortSignal },
  clock: Clock = realClock,
): Promise<Verdict> {
  if (leaving === undefined) return lookUntil(look, times, signal, clock)
  const left: Verdict = { verdict: 'unknown', reason: 'left while verifying' }
  if (leaving.aborted) return left
  const { promise: gone, resolve } = Promise.withResolvers<Verdict>()
  const done = new AbortController()
  const leave = () => {
    resolve(left)
    done.abort()
  }
  leaving.addEventListener('abort', leave, { once: true })
  try {
    // A look that is under way is not waited for: its session may be gone.
    return await Promise.race([gone, lookUntil(look, times, AbortSignal.any([signal, done.signal]), clock)])
  } finally {
    leaving.removeEventListener('abort', leave)
  }
}

async function lookUntil(
  look: () => Promise<Verdict>,
  times: VerifyTimes,
  signal: AbortSignal,
  clock: Clock,
): Promise<Verdict> {
  const begun = clock.now()
  let okSince: number | undefined
  let pause = 250
  for (;;) {
    const at = clock.now()
    const verdict = await look()
    if (verdict.verdict === 'ok') {
      okSince ??= at
      if (clock.now() - okSince >= times.settle * 1000) return verdict
    } else {
      okSince = undefined
      if (clock.now() - begun >= times.within * 1000) return verdict
    }
    if (signal.aborted) return { verdict: 'unknown', reason: 'stopped by the operator while verifying' }
    const left =
      okSince === undefined
        ? pause
        : Math.min(pause, Math.max(1, okSince + times.settle * 1000 - clock.now()))
    await clock.sleep(left, signal)
    pause = Math.min(1000, pause * 1.5)
  }
}
