import type { Link } from '../link.ts'
import { handshakes } from './gate.ts'

/**
 * One attempt to open a link, let in by the gate. It rejects as soon as the signal is given; what then still comes is closed.
 */
export async function attemptLink(open: () => Promise<Link>, signal: AbortSignal): Promise<Link> {
  const leave = await handshakes(signal)
  const opening = open()
  const given = Promise.withResolvers<never>()
  const onAbort = () => given.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([opening, given.promise])
  } catch (error) {
    void opening.then(
      (late) => late.transport.close(),
      () => {},
    )
    throw error
  } finally {
    leave()
    signal.removeEventListener('abort', onAbort)
  }
}
