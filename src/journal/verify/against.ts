import {
  type Checkpoint,
  type CheckpointLine,
  checkpointHash,
  orderedCheckpoint,
  recordsOf,
  shownWriter,
} from '../../model/checkpoint.ts'
import { lookAtCheckpoint } from '../checkpoint.ts'
import { decodeLine } from '../decode.ts'
import { journalFiles } from '../files.ts'
import { eachLine } from '../lines.ts'
import type { KnownPlace } from './chain.ts'

/** A checkpoint that was kept elsewhere, with the name of what holds it. */
export interface Against {
  source: string
  checkpoint: Checkpoint | CheckpointLine
}

/** A checkpoint that the record was held against. */
export interface AgainstReport {
  /** `checkpoint.json`, or the file that was given. */
  source: string
  /** How many records it covers. */
  records: number
  /** Why the record does not agree with it, where no single record is to blame. */
  problem?: string
}

type KnownWriter = KnownPlace & { writer: string }

/** All that the record is held against; of a line alone, the hashes are those that stand at its numbers, if they fit. */
export async function checkpointsOf(dir: string, given: readonly Against[]) {
  const against: AgainstReport[] = []
  const known: KnownWriter[] = []
  const hold = (source: string, writers: readonly Omit<KnownWriter, 'source'>[], problem?: string) => {
    against.push({ source, records: recordsOf(writers), ...(problem === undefined ? {} : { problem }) })
    known.push(...writers.map((entry) => ({ source, ...entry })))
  }
  const own = await lookAtCheckpoint(dir)
  if (own && 'problem' in own) against.push({ source: 'checkpoint.json', records: 0, problem: own.problem })
  else if (own) hold('checkpoint.json', own.writers)
  for (const { source, checkpoint } of given) {
    if ('writers' in checkpoint) hold(source, checkpoint.writers)
    else {
      const { places, problem } = await placesAt(dir, checkpoint)
      hold(source, places, problem)
    }
  }
  return {
    against,
    /** The places that are known of one writer's chain. */
    placesOf: (writer: string): KnownPlace[] => known.filter((place) => place.writer === writer),
    furthest: furthestOf(known),
  }
}

/** Of each writer, the place that is furthest. */
function furthestOf(known: readonly KnownWriter[]) {
  const furthest = new Map<string, KnownWriter>()
  for (const place of known) {
    if ((furthest.get(place.writer)?.seq ?? -1) < place.seq) furthest.set(place.writer, place)
  }
  return [...furthest.values()]
}

/** The places that a line speaks of, and why the record there is not what it saw. */
async function placesAt(dir: string, line: CheckpointLine) {
  const files = await journalFiles(dir)
  const places: Omit<KnownWriter, 'source'>[] = []
  const found: Checkpoint['writers'] = []
  for (const { writer: name, seq } of line.seqs) {
    const whole = files.filter(({ writer }) => shownWriter(writer) === name)
    const fitting = whole.length > 0 ? whole : files.filter((file) => endsWith(file.writer, name))
    if (fitting.length > 1) return { places, problem: `more than one file is of the writer ${name}` }
    const [file] = fitting
    places.push({ writer: file?.writer ?? name, seq })
    const hash = file && (await hashAt(file.path, seq))
    if (hash !== undefined) found.push({ writer: file!.writer, seq, hash })
  }
  // What is missing is told of its writer.
  if (found.length < line.seqs.length) return { places }
  const checkpoint = orderedCheckpoint(line.incident, found)
  if (checkpointHash(checkpoint) === line.hash) return { places: checkpoint.writers }
  return { places, problem: 'the records up to there are not those that it saw: one of them was changed' }
}

function endsWith(writer: string, name: string): boolean {
  return shownWriter(writer).endsWith(`-${name}`)
}

/** The hash of a file's record of that number; undefined where it has none. */
async function hashAt(path: string, seq: number): Promise<string | undefined> {
  let hash: string | undefined
  let count = 0
  await eachLine(path, (line) => {
    if (++count < seq) return true
    const decoded = decodeLine(line.toString('utf8'))
    hash = 'record' in decoded ? decoded.record.hash : ''
    return false
  })
  return hash
}
