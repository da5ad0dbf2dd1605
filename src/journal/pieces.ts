import { open } from 'node:fs/promises'

/** Whole lines of a file, with their newlines. The bytes are good until the next piece is asked for. */
export interface Piece {
  bytes: Buffer
  /** A line longer than `longestLine` stood before them and was left out. */
  skipped: boolean
}

/** A file of lines, read a piece at a time, the next one while the last one is used. */
export interface Pieces {
  /** Undefined at the end. */
  next(): Promise<Piece | undefined>
  /** The byte up to which whole lines were given. */
  whole(): number
  /** Bytes after the last newline, once there are no more pieces. */
  torn(): number
  close(): Promise<void>
}

/** A longer line is no record of ours; it is left out, so that no file can fill the memory. In bytes. */
export const longestLine = 64 * 2 ** 20
const newline = 0x0a

/** Reads a file from a line's start to where it ends now; what is appended meanwhile is left out. `size` is of a piece, in bytes. */
export async function openPieces(
  path: string,
  o: { size: number; from: number; longest?: number },
): Promise<Pieces> {
  const { longest = longestLine } = o
  const file = await open(path, 'r')
  const { size: end } = await file.stat()
  const size = Math.max(1, Math.min(o.size, end - o.from))
  let offset = o.from
  let whole = o.from
  let skipping = false
  let closed = false
  let used: Buffer = Buffer.alloc(0)
  /** What is being filled: `held` bytes of an unfinished line, and what is read after them. */
  let filling: Buffer = Buffer.allocUnsafe(size)
  let held = 0
  let reading = readAhead()

  function readAhead(): Promise<number> {
    const length = Math.min(filling.length - held, end - offset)
    const read =
      length <= 0 ? Promise.resolve(0) : file.read(filling, held, length, offset).then((got) => got.bytesRead)
    // A failure is told by the one who waits for it; until then it is nobody's.
    read.catch(() => undefined)
    return read
  }

  async function next(): Promise<Piece | undefined> {
    while (!closed) {
      const got = await reading
      if (got === 0) break
      offset += got
      const [bytes, filled] = [filling, held + got]
      const last = bytes.subarray(0, filled).lastIndexOf(newline) + 1
      const skipped = skipping && last > 0
      const first = skipped ? bytes.indexOf(newline) + 1 : 0
      skipping = (skipping && last === 0) || filled - last > longest
      held = skipping ? 0 : filled - last
      // The unfinished line goes to the front of the other buffer, with room for at least as much again.
      filling = roomy(used, held)
      bytes.copy(filling, 0, last, last + held)
      used = bytes
      if (last > 0) whole = offset - (filled - last)
      reading = readAhead()
      if (offset >= end) await file.close()
      if (last > first || skipped) return { bytes: bytes.subarray(first, last), skipped }
    }
    await close()
    return undefined
  }

  function roomy(buffer: Buffer, needed: number): Buffer {
    if (buffer.length >= size && buffer.length >= needed * 2) return buffer
    return Buffer.allocUnsafe(Math.max(size, needed * 2))
  }

  async function close(): Promise<void> {
    closed = true
    used = filling = Buffer.alloc(0)
    await file.close()
  }

  return { next, whole: () => whole, torn: () => offset - whole, close }
}
