import { performance } from 'node:perf_hooks'

/** A clock that runs out once after `ms`, and can be stopped for a while, as when a person is being asked. */
export function pausable(ms: number): { over: Promise<void>; pause(on: boolean): void; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = ms
  let since = performance.now()
  let timer = setTimeout(resolve, left)
  let stopped = false
  return {
    over: promise,
    pause(on) {
      clearTimeout(timer)
      if (stopped) return
      if (on) left -= performance.now() - since
      else timer = setTimeout(resolve, Math.max(0, left))
      since = performance.now()
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
