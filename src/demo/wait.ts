import { setTimeout as sleep } from 'node:timers/promises'

/** Looks every 20 ms until the look gives a value; throws `what` and the last reason when `limitMs` is over. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  limitMs = 10_000,
): Promise<T> {
  const end = Date.now() + limitMs
  let reason: unknown
  for (;;) {
    const value = await look().catch((error: unknown) => {
      reason = error
      return undefined
    })
    if (value !== undefined) return value
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s`, { cause: reason })
    await sleep(20)
  }
}
