/** One file's history: what was written and synced, in order, and when something was acknowledged. */
export type Step<T> =
  | { is: 'write'; bytes: Buffer }
  | { is: 'truncate'; length: number }
  | { is: 'synced' }
  | { is: 'kept'; what: T }

/** What is certain and what is not, when the power goes after the first `at` steps. */
export interface Moment<T> {
  /** What the last sync put on disk. */
  safe: Buffer
  /** What the process saw last; every unit of the disk in which it differs may be there or not. */
  seen: Buffer
  /** What was acknowledged by then. */
  kept: T[]
}

/** Where a file stands when the power goes after the first `at` steps. */
export function momentAt<T>(steps: readonly Step<T>[], at: number): Moment<T> {
  let safe: Buffer = Buffer.alloc(0)
  let seen: Buffer = Buffer.alloc(0)
  const kept: T[] = []
  for (const step of steps.slice(0, at)) {
    if (step.is === 'write') seen = Buffer.concat([seen, step.bytes])
    else if (step.is === 'truncate') seen = seen.subarray(0, step.length)
    else if (step.is === 'synced') safe = seen
    else kept.push(step.what)
  }
  return { safe, seen, kept }
}

/** The units (sectors of 512 bytes, pages of 4,096) in which what was seen differs from what is safe. */
export function unsafeUnits({ safe, seen }: Moment<unknown>, unit: number): number[] {
  const units: number[] = []
  for (let n = 0; n * unit < Math.max(safe.length, seen.length); n++) {
    const [from, to] = [n * unit, (n + 1) * unit]
    if (!safe.subarray(from, to).equals(seen.subarray(from, to))) units.push(n)
  }
  return units
}

/**
 * What is found after the power cut: of the units that were not safe only those in `arrived` came to the disk, in
 * whatever order; the file is as long as `length` says (its length is written by itself), and where nothing arrived
 * there are zeros.
 */
export function foundAfter(
  { safe, seen }: Moment<unknown>,
  unit: number,
  arrived: ReadonlySet<number>,
  length: number,
): Buffer {
  const found = Buffer.alloc(length)
  safe.copy(found, 0, 0, length)
  for (const n of arrived) seen.copy(found, n * unit, n * unit, Math.min((n + 1) * unit, length, seen.length))
  return found
}
