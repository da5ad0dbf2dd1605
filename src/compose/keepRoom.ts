import type { Keep } from '../run/keep.ts'

/** What the event itself can show of an output, in bytes: of more, it is said that the rest was not kept. */
const shown = 2000

/**
 * Keeps outputs only while recording works. On a full disk what room is left, the reserve above all, is for the results
 * themselves: what was being kept beside the journal is given up at once, and the events say so.
 */
export function keepWhileRoom(
  keep: Keep,
  recording: { stopped(): string | undefined; onStopped(listener: (cause: string) => void): () => void },
): Keep {
  return {
    output() {
      const keeper = keep.output()
      let bytes = 0
      let gaveUp: { cause: string; done: Promise<void> } | undefined
      const giveUp = (cause: string) => {
        gaveUp ??= { cause, done: keeper.abandon() }
      }
      const unlisten = recording.onStopped(giveUp)
      const stopped = recording.stopped()
      if (stopped !== undefined) giveUp(stopped)
      return {
        chunk(stream, chunk) {
          bytes += chunk.length
          if (gaveUp === undefined) keeper.chunk(stream, chunk)
        },
        async end() {
          unlisten()
          if (gaveUp === undefined) return keeper.end()
          await gaveUp.done
          return bytes <= shown ? {} : { unkept: gaveUp.cause }
        },
        async abandon() {
          unlisten()
          await (gaveUp?.done ?? keeper.abandon())
        },
      }
    },
    found: async (found) => {
      const stopped = recording.stopped()
      return stopped === undefined || found.length === 0 ? keep.found(found) : stopped
    },
  }
}
