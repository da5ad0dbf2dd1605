import { setFlagsFromString } from 'node:v8'

/** The flag was tried with these major versions of V8 (Node 20 to 24); another one is left as it is. */
const known = [11, 12, 13]

let reading = 0

/**
 * Does `work` while V8's nursery does not grow. Of what a long journal is parsed into nearly all is garbage at once, so
 * a nursery at its full size holds 40 MB more and saves no time (measured with 100,000 records, `.ci/bench/load.ts`).
 */
export async function inSmallNursery<T>(work: () => Promise<T>): Promise<T> {
  if (!known.includes(Number.parseInt(process.versions.v8, 10))) return work()
  if (reading++ === 0) setFlagsFromString('--semi-space-growth-factor=1')
  try {
    return await work()
  } finally {
    // 2 is what V8 begins with.
    if (--reading === 0) setFlagsFromString('--semi-space-growth-factor=2')
  }
}
