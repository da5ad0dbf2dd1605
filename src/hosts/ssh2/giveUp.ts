import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'

/** What an attempt ends with that was given up from our side. */
export function givenUp(host: Pick<Host, 'name' | 'address' | 'port'>): ConnectError {
  return new ConnectError('connect', 'the attempt was given up', {
    where: `${host.name} (${host.address}:${host.port})`,
  })
}

/** The promise's outcome, or `givenUp` as soon as the signal is given; what the promise still brings is then dropped. */
export async function unlessGivenUp<T>(
  promise: Promise<T>,
  host: Pick<Host, 'name' | 'address' | 'port'>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const give = () => reject(givenUp(host))
  if (signal.aborted) give()
  signal.addEventListener('abort', give, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    promise.catch(() => {})
    aborted.catch(() => {})
    signal.removeEventListener('abort', give)
  }
}
