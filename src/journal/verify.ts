import { readFile } from 'node:fs/promises'
import type { EventRecord } from '../model/event.ts'
import { type Checkpoint, checkpointOf, readCheckpoint } from './checkpoint.ts'
import { decodeLine, splitLines } from './decode.ts'
import { journalFiles } from './files.ts'
import { dataHashOf, firstPrev, recordHashOf } from './hash.ts'

/** The first record of a writer that does not hold, and why. */
export interface BadRecord {
  /** Counted from 1. */
  line: number
  /** The number it should have. */
  seq: number
  id?: string
  reason: string
}

/** How one writer's chain stands. */
export interface WriterReport {
  writer: string
  records: number
  first_bad?: BadRecord
  /** Events whose data was erased, with the reason recorded. */
  erased?: { event: string; reason: string }[]
  /** Bytes of a last line that was never finished, so never acknowledged. */
  torn?: number
}

/** What `sitrep verify --json` prints. */
export interface VerifyReport {
  whole: boolean
  writers: WriterReport[]
  /** Where the chains stand now, to be held against a later look. */
  checkpoint: Checkpoint
}

/** Proves that an incident's record is whole: every chain from its first record, held against the last checkpoint. */
export async function verifyJournal(dir: string, against?: Checkpoint): Promise<VerifyReport> {
  const checkpoint = against ?? (await readCheckpoint(dir))
  const files = await Promise.all(
    (await journalFiles(dir)).map(async ({ writer, path }) => ({
      writer,
      ...splitLines(await readFile(path)),
    })),
  )
  const reasons = erasures(files.flatMap(({ lines }) => lines))
  const writers = files.map(({ writer, lines, torn }) => {
    const known = checkpoint?.writers.find((entry) => entry.writer === writer)
    return verifyWriter(writer, lines, torn, reasons, known)
  })
  for (const known of checkpoint?.writers ?? []) {
    if (writers.some(({ writer }) => writer === known.writer)) continue
    const reason = `the file is gone; the checkpoint saw ${known.seq} records`
    writers.push({ writer: known.writer, records: 0, first_bad: { line: 1, seq: 1, reason } })
  }
  return { whole: writers.every(({ first_bad }) => !first_bad), writers, checkpoint: await checkpointOf(dir) }
}

function erasures(lines: string[]): Map<string, string> {
  const reasons = new Map<string, string>()
  for (const line of lines) {
    if (!line.includes('"type":"erased"')) continue
    const decoded = decodeLine(line)
    if (!('record' in decoded) || decoded.record.type !== 'erased') continue
    const data = decoded.record.data as { event?: string; reason?: string } | undefined
    if (data?.event) reasons.set(data.event, data.reason ?? '')
  }
  return reasons
}

function verifyWriter(
  writer: string,
  lines: string[],
  torn: number,
  erasable: Map<string, string>,
  known?: Checkpoint['writers'][number],
): WriterReport {
  let prev = firstPrev
  const erased: { event: string; reason: string }[] = []
  const report = (first_bad?: BadRecord): WriterReport => ({
    writer,
    records: lines.length,
    ...(first_bad ? { first_bad } : {}),
    ...(erased.length > 0 ? { erased } : {}),
    ...(torn > 0 ? { torn } : {}),
  })
  for (const [index, line] of lines.entries()) {
    const decoded = decodeLine(line)
    if (!('record' in decoded)) return report({ line: index + 1, seq: index + 1, reason: decoded.problem })
    const { record } = decoded
    const reason = whyBad(record, line, { writer, seq: index + 1, prev, erasable, known })
    if (reason) return report({ line: index + 1, seq: index + 1, id: record.id, reason })
    if (record.data === undefined) erased.push({ event: record.id, reason: erasable.get(record.id) ?? '' })
    prev = record.hash
  }
  if (known && known.seq > lines.length) {
    return report({
      line: lines.length + 1,
      seq: lines.length + 1,
      reason: `the tail is cut: the checkpoint saw ${known.seq} records`,
    })
  }
  return report()
}

interface Expected {
  writer: string
  seq: number
  prev: string
  erasable: Map<string, string>
  known: Checkpoint['writers'][number] | undefined
}

/** Why a record does not hold at its place; undefined where it does. */
function whyBad(record: EventRecord, line: string, expected: Expected): string | undefined {
  if (record.seq !== expected.seq)
    return `record ${expected.seq} is missing here: record ${record.seq} stands in its place`
  if (record.prev !== expected.prev) return 'it does not follow the record before it (prev differs)'
  if (record.writer !== expected.writer) return `it belongs to another writer: ${record.writer}`
  if (record.hash !== recordHashOf(record)) return 'it was changed: its hash does not fit'
  if (record.data === undefined) {
    if (!expected.erasable.has(record.id)) return 'its data is gone, and no event says that it was erased'
  } else if (record.dataHash !== dataHashOf(record.salt ?? '', record.data)) {
    return 'its data was changed: the dataHash does not fit'
  }
  // A change that JSON does not see (a blank, \u0041 for A) is a change all the same.
  if (JSON.stringify(record) !== line) return 'its line was changed: it is not as it was written'
  if (expected.known?.seq === record.seq && expected.known.hash !== record.hash) {
    return 'it is not the record that the checkpoint saw'
  }
  return undefined
}
