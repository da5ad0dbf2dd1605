/** Lets a few in at a time. Resolves when one may go in; what it gives back is called when it is through. */
export type Gate = (signal?: AbortSignal) => Promise<() => void>

/**
 * A gate for `most` at a time. A place is free again after `heldMs` at the latest: one that waits for something silent uses
 * nothing up, and must hold up nobody. Rejects with the signal's reason.
 */
export function createGate({ most, heldMs }: { most: number; heldMs: number }): Gate {
  const queue = new Set<() => void>()
  let inside = 0
  const next = () => {
    inside--
    const [first] = queue
    first?.()
  }
  const enter = () => {
    inside++
    let out = false
    const leave = () => {
      clearTimeout(timer)
      if (out) return
      out = true
      next()
    }
    const timer = setTimeout(leave, heldMs)
    return leave
  }
  return async (signal) => {
    signal?.throwIfAborted()
    if (inside < most) return enter()
    const { promise, resolve, reject } = Promise.withResolvers<() => void>()
    const admit = () => {
      queue.delete(admit)
      resolve(enter())
    }
    const aborted = () => {
      queue.delete(admit)
      reject(signal?.reason)
    }
    queue.add(admit)
    signal?.addEventListener('abort', aborted, { once: true })
    return promise.finally(() => signal?.removeEventListener('abort', aborted))
  }
}

/**
 * Key exchange and authentication are some five milliseconds of work each for this process, in pieces: with this many at a
 * time, keys that are pressed and other hosts' output are still heard while hundreds of hosts connect.
 */
export const handshakes: Gate = createGate({ most: 16, heldMs: 300 })
