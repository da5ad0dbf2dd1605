import { open, readFile } from 'node:fs/promises'
import type { EventRecord } from '../model/event.ts'
import { byOrder } from '../model/reduce/order.ts'
import { decodeLine, splitLines } from './decode.ts'
import { journalFiles } from './files.ts'

/** Something in a journal file that could not be read; the rest is read all the same. */
export interface JournalProblem {
  writer: string
  /** Counted from 1. */
  line: number
  reason: string
}

/** All writers' records of an incident in their one order: hybrid logical clock, writer, seq. */
export interface ReadJournal {
  records: EventRecord[]
  problems: JournalProblem[]
  /** The bytes that were read of each writer's file, for `tailJournal` to go on from. */
  offsets: Record<string, number>
}

/** Reads an incident's journal. A last line without its end was never acknowledged: it is left out, and told. */
export async function readJournal(dir: string): Promise<ReadJournal> {
  const records: EventRecord[] = []
  const problems: JournalProblem[] = []
  const offsets: Record<string, number> = {}
  for (const { writer, path } of await journalFiles(dir)) {
    const { lines, whole, torn } = splitLines(await readFile(path))
    offsets[writer] = whole
    for (const [index, line] of lines.entries()) {
      const decoded = decodeLine(line)
      if ('record' in decoded) records.push(decoded.record)
      else problems.push({ writer, line: index + 1, reason: decoded.problem })
    }
    if (torn > 0) problems.push({ writer, line: lines.length + 1, reason: tornReason(torn) })
  }
  return { records: inOrder(records), problems, offsets }
}

/** How a torn tail is told. */
export function tornReason(bytes: number): string {
  return `the last line was never finished (${bytes} bytes): the writer ended in the middle of it`
}

/** Records in their one order; what is in order already (one writer) costs one look. */
export function inOrder(records: EventRecord[]): EventRecord[] {
  for (let index = 1; index < records.length; index++) {
    if (byOrder(records[index - 1]!, records[index]!) > 0) return records.sort(byOrder)
  }
  return records
}

const tailBytes = 1 << 20

/** The latest clock reading in an incident's journal, from the ends of its files; empty where there is none. */
export async function lastReading(dir: string): Promise<string> {
  let last = ''
  for (const { path } of await journalFiles(dir)) {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const length = Math.min(size, tailBytes)
      const bytes = Buffer.alloc(length)
      await file.read(bytes, 0, length, size - length)
      const line = splitLines(bytes).lines.at(-1)
      const decoded = line === undefined ? undefined : decodeLine(line)
      if (decoded && 'record' in decoded && decoded.record.hlc > last) last = decoded.record.hlc
    } finally {
      await file.close()
    }
  }
  return last
}
