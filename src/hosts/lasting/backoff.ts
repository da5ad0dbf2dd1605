/** How long to wait before what failed is tried again, in milliseconds. */
export interface BackoffTimes {
  /** The longest wait before the first try. */
  first: number
  /** The longest wait of all. */
  most: number
}

export const defaultBackoff: BackoffTimes = { first: 500, most: 15_000 }

/**
 * The wait before try number `n` (from 0): drawn evenly from nearly nothing up to a bound that doubles each time, so that
 * many which failed at one moment do not come again at one moment.
 */
export function backoff(n: number, { first, most }: BackoffTimes = defaultBackoff): number {
  const bound = Math.min(most, first * 2 ** Math.min(n, 30))
  return Math.round(bound * (0.1 + 0.9 * Math.random()))
}
