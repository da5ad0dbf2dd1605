// The one file of a writer, and how much of it is acknowledged. Nothing is retried after a failed fdatasync: the
// kernel may have dropped the pages and call the next one a success (fsyncgate, 2018), so it proves nothing. A write
// that finds no room is another matter: what it left can be seen, cut off, and written again.
import { lstatSync, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { isNoRoom, sayCause } from './noRoom.ts'

/** The part of an open file that a writer needs; it is open for appending and reading. */
export type AppendHandle = Pick<FileHandle, 'write' | 'datasync' | 'truncate' | 'read' | 'stat' | 'close'>

/** A write for which there was no room; `written` bytes of it went down and are not acknowledged. */
export class NoRoom extends Error {
  readonly written: number

  constructor(cause: Error, written: number) {
    super(sayCause(cause), { cause })
    this.written = written
  }
}

/** A file that grows by acknowledged pieces only. */
export interface AppendFile {
  /** Writes and syncs; throws NoRoom where the disk or the quota is full, anything else is for good. */
  append(bytes: Buffer): Promise<void>
  /**
   * After NoRoom: acknowledges the first `keep` bytes of what went down, cuts off the rest, and gives what was cut. It is
   * synced and looked at like any other piece.
   */
  cut(keep: number): Promise<Buffer>
  close(): Promise<void>
}

/** Takes an open, empty file that stands at `path`. */
export async function createAppendFile(path: string, handle: AppendHandle): Promise<AppendFile> {
  const { ino, dev } = await handle.stat()
  let length = 0

  /** Syncs, and looks that what was synced is still what has the name: a write to a removed file succeeds. */
  async function acknowledge(added: number): Promise<void> {
    await handle.datasync()
    const found = look(path)
    if (found.ino !== ino || found.dev !== dev) throw gone(path)
    if (found.size !== length + added)
      throw new Error(`the journal file was changed by another program: ${path}`)
    length += added
  }

  return {
    async append(bytes) {
      let written = 0
      try {
        // One write, and another only where the kernel took less than all.
        while (written < bytes.length) {
          const { bytesWritten } = await handle.write(bytes, written, bytes.length - written)
          if (bytesWritten === 0) throw new Error('the disk took no bytes')
          written += bytesWritten
        }
      } catch (error) {
        throw isNoRoom(error) ? new NoRoom(error, written) : error
      }
      await acknowledge(written)
    },
    async cut(keep) {
      const { size } = await handle.stat()
      const tail = Buffer.alloc(Math.max(0, size - length - keep))
      if (tail.length > 0) await handle.read(tail, 0, tail.length, length + keep)
      await handle.truncate(length + keep)
      await acknowledge(keep)
      return tail
    },
    close: () => handle.close(),
  }
}

/** Synchronous: what was just synced is answered from memory, in a tenth of the time that another thread takes. */
function look(path: string): Stats {
  try {
    return lstatSync(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw code === 'ENOENT' || code === 'ENOTDIR' ? gone(path, cause) : cause
  }
}

function gone(path: string, cause?: unknown): Error {
  return new Error(`the journal file is gone: ${path}`, { cause })
}
