// The logs of one incident on disk, as one console keeps them: parts are closed one after the other, beside what is
// followed, and recorded; all together stay within their bound.
import { statfs } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Append, EventData } from '../../model/event.ts'
import { keepWithin } from './bound.ts'
import { isCode } from './files.ts'
import { closeLeftovers } from './leftover.ts'
import type { SourceName } from './names.ts'
import { openPart } from './part.ts'
import { type Sealed, sealPart } from './seal.ts'
import { createLogFile, type LogFile } from './write.ts'

/** The logs that one console keeps of an incident. */
export interface LogStore {
  /** Opens the file of a source that is followed; what earlier consoles left open of it is closed meanwhile. */
  open(source: SourceName, onNotice?: (text: string) => void): LogFile
  /** Waits until all parts that were handed over are closed and recorded, as far as that is possible. */
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
  /** All logs of the incident take at most this many bytes on disk; 256 MiB where absent. */
  bound?: number
  /** Room on the disk that logs leave to the journal, in bytes; 16 MiB where absent. */
  leave?: number
  /** Milliseconds until a failed write is tried again. */
  retryMs?: number
  /** Characters of a log that wait for the disk. */
  waiting?: number
}

const mebi = 1024 * 1024

interface HandedOver {
  path: string
  source: SourceName
}

/** Makes the store of one console; nothing is touched before a source is opened. */
export function createLogStore(o: LogStoreOptions): LogStore {
  const { dir, writer, rotateAt = 8 * mebi, bound = 256 * mebi, leave = 16 * mebi } = o
  let open = 0
  let working: Promise<void> = Promise.resolve()
  /** What could not be closed or recorded; it is tried again with the next part. */
  let unsealed: HandedOver[] = []
  const unrecorded: EventData<'log.kept'>[] = []

  /** One thing at a time, in order; what fails is tried again later, and told by nobody: the lines themselves are kept. */
  function then(job: () => Promise<void>): void {
    working = working.then(job).catch(() => undefined)
  }

  async function settleAll(): Promise<void> {
    if (o.hold?.() !== undefined) return
    const parts = unsealed
    unsealed = []
    for (const part of parts) {
      try {
        keep(part.source, await sealPart(part.path, writer))
      } catch (error) {
        if (!isCode(error, 'ENOENT')) unsealed.push(part)
      }
    }
    await recordAll()
    await keepWithin(dir, bound, (file) =>
      o.append('log.dropped', { file, reason: `the logs of this incident take at most ${sayBytes(bound)}` }),
    )
  }

  function keep({ host, kind, name }: SourceName, sealed: Sealed | undefined): void {
    if (sealed === undefined) return
    const { path, sha256, bytes, lines } = sealed
    // A part whose lines have lost their times is as old as it is recorded.
    const { from = new Date().toISOString(), to = from } = sealed
    const file = relative(dir, path)
    unrecorded.push({ host, source: `${kind}:${name}`, file, sha256, bytes, lines, from, to })
  }

  async function recordAll(): Promise<void> {
    while (unrecorded.length > 0) {
      await o.append('log.kept', unrecorded[0]!)
      unrecorded.shift()
    }
  }

  const settled = () => working

  /** A log that fills the disk must not be what stops the recording of the incident. */
  async function room(): Promise<void> {
    const { bavail, bsize } = await statfs(dir)
    if (bavail * bsize < leave) throw new Error(`ENOSPC: less than ${sayBytes(leave)} is left on the disk`)
  }

  return {
    open(source, onNotice) {
      open++
      then(async () => {
        const { alive, recorded } = o
        for await (const sealed of closeLeftovers(dir, source, { by: writer, alive, recorded })) {
          keep(source, sealed)
          await recordAll()
        }
      })
      const file = createLogFile({
        room,
        begin: (from) => openPart(dir, source, from, writer),
        finished(path) {
          unsealed.push({ path, source })
          then(settleAll)
        },
        settled,
        // What is open counts too: however many logs there are, it takes at most half of the bound.
        rotateAt: () => Math.max(1, Math.min(rotateAt, Math.floor(bound / 2 / Math.max(1, open)))),
        ...(onNotice === undefined ? {} : { onNotice }),
        ...(o.hold === undefined ? {} : { hold: o.hold }),
        ...(o.retryMs === undefined ? {} : { retryMs: o.retryMs }),
        ...(o.waiting === undefined ? {} : { waiting: o.waiting }),
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
    async close() {
      if (unsealed.length > 0 || unrecorded.length > 0) then(settleAll)
      await working
    },
  }
}

function sayBytes(bytes: number): string {
  return bytes >= mebi ? `${Math.floor(bytes / mebi)} MiB` : `${bytes} bytes`
}
