import type { EventRecord } from '../model/event.ts'
import { decodeLine } from './decode.ts'
import { longestLine, openPieces } from './pieces.ts'
import type { JournalProblem, Position } from './position.ts'

/** One writer's file while it is read from its start or a position, record by record. */
export interface Cursor {
  readonly writer: string
  /** The record that it stands at; undefined before the first one and at the end. */
  readonly record: EventRecord | undefined
  /** Goes to the next record of what was read already; false where there is none. */
  step(): boolean
  /** Goes to the next record of the file, reading on where needed; false at its end. */
  advance(): Promise<boolean>
  /** How far it was read. */
  end(): Position
  /** Bytes after the last whole line, once `advance` said that there is no more: a line that was never finished. */
  torn(): number
  close(): Promise<void>
}

/** Bytes made into text at once: small enough to be among what the garbage collector takes back at little cost. */
const textBytes = 32 * 1024
const newline = 0x0a

/** Reads a file as long as it is now; what is appended meanwhile is left for the next look. `piece` is in bytes. */
export async function openCursor(
  { writer, path }: { writer: string; path: string },
  o: { piece: number; from?: Position | undefined; onProblem(problem: JournalProblem): void },
): Promise<Cursor> {
  const pieces = await openPieces(path, { size: o.piece, from: o.from?.bytes ?? 0 })
  let lines = o.from?.lines ?? 0
  let { seq, hash } = o.from ?? {}
  let bytes: Buffer = Buffer.alloc(0)
  let used = 0
  let text = ''
  let at = 0
  let record: EventRecord | undefined

  function step(): boolean {
    while (at < text.length || moreText()) {
      const end = text.indexOf('\n', at)
      const decoded = decodeLine(text.slice(at, end))
      at = end + 1
      lines++
      if ('record' in decoded) {
        record = decoded.record
        ;({ seq, hash } = record)
        return true
      }
      bad(decoded.problem)
    }
    record = undefined
    return false
  }

  /** Makes the next whole lines of the piece into text. */
  function moreText(): boolean {
    if (used === bytes.length) return false
    const most = used + textBytes
    let end = most >= bytes.length ? bytes.length : bytes.lastIndexOf(newline, most) + 1
    if (end <= used) end = bytes.indexOf(newline, used) + 1
    text = bytes.toString('utf8', used, end)
    at = 0
    used = end
    return true
  }

  async function advance(): Promise<boolean> {
    while (!step()) {
      const piece = await pieces.next()
      if (!piece) return false
      bytes = piece.bytes
      used = 0
      if (piece.skipped) {
        lines++
        bad(`longer than ${longestLine} bytes`)
      }
    }
    return true
  }

  function bad(reason: string): void {
    hash = undefined
    o.onProblem({ writer, line: lines, reason })
  }

  return {
    writer,
    get record() {
      return record
    },
    step,
    advance,
    end: () => ({ bytes: pieces.whole(), lines, seq, hash }),
    torn: pieces.torn,
    close: pieces.close,
  }
}
