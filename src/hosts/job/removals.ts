import type { Machine } from '../machine.ts'
import { lookAt } from './look.ts'
import { removeText } from './text.ts'

/** How long a folder waits for others that go with it, in milliseconds. */
const gathering = 250

/** Removes the folders of jobs, several in one order where nobody waits for it. */
export interface Removals {
  /** Settles when the folder is gone; it goes with those of the next moment. Rejects where the host did not answer. */
  later(id: string): Promise<void>
  /** What waits goes now. */
  flush(): void
}

/** The removals of one session. */
export function createRemovals(machine: Machine): Removals {
  let waiting: { ids: string[]; gone: PromiseWithResolvers<void>; timer: NodeJS.Timeout } | undefined
  const flush = () => {
    if (waiting === undefined) return
    const { ids, gone, timer } = waiting
    waiting = undefined
    clearTimeout(timer)
    removeJobs(machine, ids).then(gone.resolve, gone.reject)
  }
  return {
    later(id) {
      waiting ??= { ids: [], gone: Promise.withResolvers(), timer: setTimeout(flush, gathering) }
      waiting.ids.push(id)
      return waiting.gone.promise
    },
    flush,
  }
}

/** Removes the folders of these jobs. Rejects where the host did not answer. */
export async function removeJobs(machine: Machine, ids: readonly string[]): Promise<void> {
  await lookAt(machine, (nonce) => removeText({ nonce, ids }))
}
