import { pausable } from '../clock.ts'
import type { Conversation } from '../converse.ts'

/** Ends a job on a timeout (where there is one) and on an abort; gives what takes both back. */
export function bound(
  talk: Pick<Conversation, 'onWaiting'>,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  end: (by: 'timeout' | 'cancel') => Promise<void>,
): () => void {
  const aborted = () => void end('cancel')
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted) aborted()
  const clock = timeoutMs === undefined ? undefined : pausable(timeoutMs)
  if (clock) {
    talk.onWaiting(clock.pause)
    void clock.over.then(() => end('timeout'))
  }
  return () => {
    signal?.removeEventListener('abort', aborted)
    clock?.stop()
  }
}
