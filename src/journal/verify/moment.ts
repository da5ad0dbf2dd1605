import type { Checkpoint, CheckpointLine } from '../../model/checkpoint.ts'
import { checkpointHash, orderedCheckpoint } from '../../model/checkpoint.ts'
import { decodeLine } from '../decode.ts'
import { journalFiles } from '../files.ts'
import { eachLine } from '../lines.ts'

/**
 * Finds the moment that a checkpoint's one line speaks of: after that many records in the journal's one order, the
 * chains stand where its hash says. Undefined where no such moment is in the record.
 */
export async function findMoment(dir: string, line: CheckpointLine): Promise<Checkpoint | undefined> {
  const files = await journalFiles(dir)
  const readings = await Promise.all(files.map(({ path }) => readingsOf(path)))
  const taken = files.map(() => 0)
  for (let count = 0; count < line.records; count++) {
    const next = earliest(readings, taken)
    if (next === undefined) return undefined
    taken[next]!++
  }
  const writers: Checkpoint['writers'] = []
  for (const [index, { writer, path }] of files.entries()) {
    const seq = taken[index]!
    const hash = seq === 0 ? undefined : await hashAt(path, seq)
    if (hash !== undefined) writers.push({ writer, seq, hash })
  }
  const checkpoint = orderedCheckpoint(line.incident, writers)
  return checkpointHash(checkpoint) === line.hash ? checkpoint : undefined
}

/** The writer whose next record is the first of all; the files are in the order of their writers. */
function earliest(readings: readonly string[][], taken: readonly number[]): number | undefined {
  let best: number | undefined
  for (const [index, own] of readings.entries()) {
    const reading = own[taken[index]!]
    if (reading !== undefined && (best === undefined || reading < readings[best]![taken[best]!]!))
      best = index
  }
  return best
}

const readingKey = '"hlc":"'

/** The clock readings of a file's records; that of the one before where a line is no record. */
async function readingsOf(path: string): Promise<string[]> {
  const readings: string[] = []
  await eachLine(path, (line) => {
    // Taken from the bytes, so that no reading keeps its whole line in memory.
    const key = line.indexOf(readingKey)
    const start = key + readingKey.length
    const end = key < 0 ? -1 : line.indexOf('"', start)
    readings.push(end < 0 ? (readings.at(-1) ?? '') : line.toString('latin1', start, end))
  })
  return readings
}

async function hashAt(path: string, seq: number): Promise<string | undefined> {
  let hash: string | undefined
  let count = 0
  await eachLine(path, (line) => {
    if (++count < seq) return true
    const decoded = decodeLine(line.toString('utf8'))
    hash = 'record' in decoded ? decoded.record.hash : undefined
    return false
  })
  return hash
}
