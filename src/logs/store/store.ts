// The logs of one incident on disk, as one console keeps them. All of them share one room on the disk, one bound, and one
// measure of what may wait in memory, however many are followed.
import type { Append } from '../../model/event.ts'
import { mebi } from './bytes.ts'
import { createCloser } from './closer.ts'
import type { SourceName } from './names.ts'
import { openPart } from './part.ts'
import { createRoom } from './room.ts'
import { createLogFile, type LogFile } from './write.ts'

/** The logs that one console keeps of an incident. */
export interface LogStore {
  /** Opens the file of a source that is followed; what earlier consoles left open of it is closed meanwhile. */
  open(source: SourceName, onNotice?: (text: string) => void): LogFile
  /** Waits until the parts that were handed over are closed and recorded, as far as that is possible soon. */
  close(): Promise<void>
}

export interface LogStoreOptions {
  /** The incident's folder. */
  dir: string
  /** This console's id in the journal: it names its files. */
  writer: string
  append: Append
  /** True for a file that the journal knows as closed. */
  recorded(file: string): boolean
  /** True for a console that may still write. */
  alive(writer: string): boolean
  /** Why nothing may be written just now: what room is left is for the journal. */
  hold?(): string | undefined
  /** A part ends at this many bytes of text; 8 MiB where absent. */
  rotateAt?: number
  /** All logs of the incident take at most this many bytes on disk, and one part for each source; 256 MiB where absent. */
  bound?: number
  /** This many full parts may wait until they are compressed; 4 where absent. */
  backlog?: number
  /** Room on the disk that logs leave to the journal, in bytes; 16 MiB where absent. */
  leave?: number
  /** Milliseconds until a failed write is tried again. */
  retryMs?: number
  /** Characters of all logs together that wait for the disk; 16 Mi where absent. */
  waiting?: number
}

/** Makes the store of one console; nothing is touched before a source is opened. */
export function createLogStore(o: LogStoreOptions): LogStore {
  const { dir, writer, rotateAt = 8 * mebi, bound = 256 * mebi, backlog = 4 } = o
  const { leave = 16 * mebi, waiting = 16 * mebi } = o
  /** Files that are followed, and files that may still write. */
  let [open, writing] = [0, 0]
  let queued = 0
  const room = createRoom(dir)
  const closer = createCloser({
    ...o,
    bound,
    backlog,
    // Compressing gives back more than it takes, one part at a time: it may go on where writing had to stop.
    take: (bytes) => room.take(bytes, leave / 2),
    ending: () => writing === 0,
    atEnd: 2 * backlog * Math.max(rotateAt, mebi),
  })

  // What is open counts too: however many logs there are, it takes at most half of the bound.
  const partSize = () => Math.max(1, Math.min(rotateAt, Math.floor(bound / 2 / Math.max(1, open))))

  const waits = {
    add: (characters: number) => {
      queued += characters
    },
    // A log that says little has a share that no flood of others takes.
    full: (own: number) => queued >= waiting && own >= waiting / 8 / Math.max(1, open),
  }

  async function take(bytes: number): Promise<() => void> {
    await closer.fit(bound + open * partSize())
    const done = await room.take(bytes, leave)
    closer.wrote(bytes)
    return done
  }

  return {
    open(source, onNotice) {
      open++
      writing++
      closer.tidy(source)
      const file = createLogFile({
        take,
        waits,
        place: closer.place,
        begin: (from) => openPart(dir, source, from, writer),
        finished: (path) => closer.handOver(path, source),
        settled: () => {
          writing--
          return closer.settled()
        },
        rotateAt: partSize,
        ...(onNotice === undefined ? {} : { onNotice }),
        ...(o.hold === undefined ? {} : { hold: o.hold }),
        ...(o.retryMs === undefined ? {} : { retryMs: o.retryMs }),
      })
      let counted = true
      return {
        write: file.write,
        close() {
          if (counted) open--
          counted = false
          return file.close()
        },
      }
    },
    close: closer.finish,
  }
}
