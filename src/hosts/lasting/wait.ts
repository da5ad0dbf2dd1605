/** Waits this long, or until the signal is given; never rejects. One in the background keeps no process alive. */
export function sleepUnless(signal: AbortSignal, ms: number, o: { background?: true } = {}): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  const over = () => resolve()
  const timer = setTimeout(over, ms)
  if (o.background) timer.unref()
  signal.addEventListener('abort', over, { once: true })
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', over)
  })
}

/** Where those wait who want to know when something has become different. */
export interface Room {
  wake(): void
  /** Settles when woken, when `ms` have passed, or with the signal; never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** An empty waiting room. */
export function createRoom(): Room {
  const waiting = new Set<() => void>()
  return {
    wake() {
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
    async wait(ms, signal) {
      if (signal?.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const over = () => resolve()
      const timer = setTimeout(over, ms)
      waiting.add(over)
      signal?.addEventListener('abort', over, { once: true })
      await promise
      clearTimeout(timer)
      waiting.delete(over)
      signal?.removeEventListener('abort', over)
    },
  }
}
