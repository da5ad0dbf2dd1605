// Group commit. While one write and its fdatasync are under way, later lines wait; when it is done, all that wait
// go down together in the next write and share the next fdatasync. So one event alone costs one of each, and a
// hundred that wait together cost one of each too.
//
// Nothing is retried: after a failed fdatasync the kernel may have dropped the pages and call the next one a
// success (fsyncgate, 2018), so a later success proves nothing about what was written before.
import type { FileHandle } from 'node:fs/promises'

/** The part of a file that the writer needs. */
export type AppendFile = Pick<FileHandle, 'write' | 'datasync' | 'close'>

export interface GroupWriter {
  /** Resolves when the line is on disk; rejects with the cause for ever after the first failure. */
  add(line: string): Promise<void>
  /** Waits for what is under way and closes the file. */
  close(): Promise<void>
}

interface Waiting {
  line: string
  done: () => void
  failed: (cause: unknown) => void
}

/** Writes lines to an open file in acknowledged groups; `onFailure` is called once, before the rejections. */
export function createGroupWriter(file: AppendFile, onFailure: (cause: unknown) => void): GroupWriter {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let failure: { cause: unknown } | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        await writeAll(file, Buffer.from(group.map(({ line }) => line).join('')))
        await file.datasync()
        for (const { done } of group) done()
      } catch (cause) {
        failure = { cause }
        onFailure(cause)
        for (const { failed } of [...group, ...waiting]) failed(cause)
        waiting = []
      }
    }
    running = undefined
  }

  return {
    add(line) {
      if (failure) return Promise.reject(failure.cause)
      return new Promise((done, failed) => {
        waiting.push({ line, done, failed })
        running ??= drain()
      })
    },
    async close() {
      await running
      await file.close()
    },
  }
}

/** One write, and another only where the kernel took less than all. */
async function writeAll(file: AppendFile, bytes: Buffer): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset)
    if (bytesWritten === 0) throw new Error('the disk took no bytes')
    offset += bytesWritten
  }
}
