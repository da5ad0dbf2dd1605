// The lines of a journal file as bytes, read in chunks, so that a file of any size takes the memory of its longest line.
import { type FileHandle, open } from 'node:fs/promises'

const newline = 0x0a
const chunkBytes = 256 * 1024

/** How far a file's lines went. */
export interface LinesEnd {
  /** Bytes up to and with the last newline, from the start of the file. */
  whole: number
  /** Bytes after it: a line that was never finished. */
  torn: number
}

/**
 * Gives each finished line of a file, without its newline, with the byte at which it starts. The bytes are good during
 * the call only. `from` is where a line starts; false from `take` ends the reading early.
 */
export async function eachLine(
  path: string,
  take: (line: Buffer, start: number) => unknown,
  o: { from?: number } = {},
): Promise<LinesEnd> {
  const file = await open(path, 'r')
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    let at = o.from ?? 0
    let start = at
    let held: Buffer[] = []
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) return { whole: start, torn: at - start }
      const bytes = chunk.subarray(0, bytesRead)
      at += bytesRead
      let from = 0
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
        const part = bytes.subarray(from, end)
        const line = held.length === 0 ? part : Buffer.concat([...held, part])
        held = []
        from = end + 1
        if (take(line, start) === false) return { whole: start + line.length + 1, torn: 0 }
        start += line.length + 1
      }
      // Copied, since the chunk is used again.
      if (from < bytesRead) held.push(Buffer.from(bytes.subarray(from)))
    }
  } finally {
    await file.close()
  }
}

/** The last finished line of a file and where it starts, read from the end; undefined where there is none. */
export async function lastLine(path: string): Promise<{ line: Buffer; start: number } | undefined> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    for (let reach = chunkBytes; ; reach *= 4) {
      const from = Math.max(0, size - reach)
      const bytes = await readAt(file, from, size - from)
      const end = bytes.lastIndexOf(newline)
      const before = end <= 0 ? -1 : bytes.lastIndexOf(newline, end - 1)
      if (end >= 0 && (before >= 0 || from === 0)) {
        return { line: bytes.subarray(before + 1, end), start: from + before + 1 }
      }
      if (from === 0) return undefined
    }
  } finally {
    await file.close()
  }
}

/** The bytes of an open file from a place on; fewer where it ends before. */
export async function readAt(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, from + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
