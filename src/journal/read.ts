import type { EventRecord } from '../model/event.ts'
import { byOrder } from '../model/reduce/order.ts'
import { type Cursor, openCursor } from './cursor.ts'
import { decodeLine } from './decode.ts'
import { journalFiles, strangeJournals } from './files.ts'
import { eachLine, lastLine } from './lines.ts'
import { type JournalProblem, type Position, strangeReason, tornReason } from './position.ts'

/** How far each writer's file was read, for `tailJournal` to go on from. */
export type Positions = ReadonlyMap<string, Position>

/** All writers' records of an incident in their one order: hybrid logical clock, writer, seq. */
export interface ReadJournal {
  records: EventRecord[]
  problems: JournalProblem[]
  offsets: Positions
}

/** Bytes that are read ahead of all files together. */
const pieces = 1 << 20
const largestPiece = 256 * 1024
const smallestPiece = 16 * 1024

/**
 * Gives each record of an incident's journal in the one order of all writers, holding no more than a piece of each
 * file. Where `take` returns a promise, the next record waits for it. A last line without its end was never
 * acknowledged: it is left out, and told. Returns how far each file was read; what was appended meanwhile may be left.
 */
export async function eachRecord(
  dir: string,
  take: (record: EventRecord) => unknown,
  onProblem: (problem: JournalProblem) => void = () => undefined,
): Promise<Positions> {
  const files = await journalFiles(dir)
  const piece = Math.min(largestPiece, Math.max(smallestPiece, Math.floor(pieces / files.length)))
  const cursors: Cursor[] = []
  /** Those that have a record, the next one last. */
  const waiting: Cursor[] = []
  try {
    for (const file of files) {
      const cursor = await openCursor(file, { piece, onProblem })
      cursors.push(cursor)
      if (await cursor.advance()) place(waiting, cursor)
    }
    for (let cursor = waiting.pop(); cursor; cursor = waiting.pop()) {
      const after = waiting.at(-1)?.record
      // One writer's records often follow one another: it is put back only where another one's turn has come.
      do {
        const wait = take(cursor.record!)
        if (wait instanceof Promise) await wait
      } while ((cursor.step() || (await cursor.advance())) && !(after && byOrder(cursor.record!, after) > 0))
      if (cursor.record) place(waiting, cursor)
    }
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
  for (const writer of await strangeJournals(dir)) onProblem({ writer, line: 1, reason: strangeReason })
  for (const cursor of cursors) {
    const [{ writer }, { lines }, torn] = [cursor, cursor.end(), cursor.torn()]
    if (torn > 0) onProblem({ writer, line: lines + 1, reason: tornReason(torn) })
  }
  return new Map(cursors.map((cursor) => [cursor.writer, cursor.end()]))
}

/** Reads an incident's journal into memory; `eachRecord` is for what may be long. */
export async function readJournal(dir: string): Promise<ReadJournal> {
  const records: EventRecord[] = []
  const problems: JournalProblem[] = []
  const offsets = await eachRecord(
    dir,
    (record) => void records.push(record),
    (problem) => problems.push(problem),
  )
  return { records, problems, offsets }
}

/** The latest clock reading in an incident's journal, from the ends of its files; empty where there is none. */
export async function lastReading(dir: string): Promise<string> {
  let last = ''
  for (const { path } of await journalFiles(dir)) {
    const take = (line: Buffer) => {
      const decoded = decodeLine(line.toString())
      if (!('record' in decoded)) return false
      if (decoded.record.hlc > last) last = decoded.record.hlc
      return true
    }
    const found = await lastLine(path)
    // A power cut may leave zeros where the last line was: then all lines are looked through.
    if (found && !take(found.line)) await eachLine(path, (line) => void take(line))
  }
  return last
}

/** Puts a cursor where its record belongs, latest first. */
function place(waiting: Cursor[], cursor: Cursor): void {
  let [low, high] = [0, waiting.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (byOrder(waiting[middle]!.record!, cursor.record!) > 0) low = middle + 1
    else high = middle
  }
  waiting.splice(low, 0, cursor)
}
