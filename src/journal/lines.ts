// The lines of a journal file as bytes, read in pieces, so that a file of any size takes the memory of its longest line.
import { type FileHandle, open } from 'node:fs/promises'
import { longestLine, openPieces } from './pieces.ts'

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
 * Gives each finished line of a file as it is now, without its newline, with the byte at which it starts. The bytes are
 * good during the call only; a line that is too long to be held is given as an empty one. `from` is where a line starts;
 * false from `take` ends the reading early.
 */
export async function eachLine(
  path: string,
  take: (line: Buffer, start: number) => unknown,
  o: { from?: number; longest?: number } = {},
): Promise<LinesEnd> {
  const { from = 0, longest = longestLine } = o
  const pieces = await openPieces(path, { size: chunkBytes, from, longest })
  let start = from
  try {
    for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
      const { bytes, skipped } = piece
      const first = pieces.whole() - bytes.length
      if (skipped && take(bytes.subarray(0, 0), start) === false) return { whole: first, torn: 0 }
      for (let at = 0; at < bytes.length; ) {
        const end = bytes.indexOf(newline, at)
        start = first + end + 1
        if (take(bytes.subarray(at, end), first + at) === false) return { whole: start, torn: 0 }
        at = end + 1
      }
      start = pieces.whole()
    }
    return { whole: pieces.whole(), torn: pieces.torn() }
  } finally {
    await pieces.close()
  }
}

/**
 * The last finished line of a file and where it starts, read from the end; undefined where there is none. Where it is too
 * long to be held, or so much stands after it, an empty line is given.
 */
export async function lastLine(
  path: string,
  longest: number = longestLine,
): Promise<{ line: Buffer; start: number } | undefined> {
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
      if (reach > longest) return { line: Buffer.alloc(0), start: size }
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
