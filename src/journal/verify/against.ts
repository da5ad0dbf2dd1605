import { type Checkpoint, type CheckpointLine, recordsOf } from '../../model/checkpoint.ts'
import { lookAtCheckpoint } from '../checkpoint.ts'
import type { KnownPlace } from './chain.ts'
import { findMoment } from './moment.ts'

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

/** All that the record is held against; a line alone is turned into the moment that it speaks of. */
export async function checkpointsOf(dir: string, given: readonly Against[]) {
  const against: AgainstReport[] = []
  const known: (KnownPlace & { writer: string })[] = []
  const hold = (source: string, checkpoint: Checkpoint) => {
    against.push({ source, records: recordsOf(checkpoint) })
    known.push(...checkpoint.writers.map((entry) => ({ source, ...entry })))
  }
  const own = await lookAtCheckpoint(dir)
  if (own && 'problem' in own) against.push({ source: 'checkpoint.json', records: 0, problem: own.problem })
  else if (own) hold('checkpoint.json', own)
  for (const { source, checkpoint } of given) {
    if (Array.isArray(checkpoint.writers)) {
      hold(source, checkpoint as Checkpoint)
      continue
    }
    const line = checkpoint as CheckpointLine
    const moment = await findMoment(dir, line)
    if (moment) hold(source, moment)
    else
      against.push({
        source,
        records: line.records,
        problem: `at no moment did the first ${line.records} records stand as it says: one of them was changed or is missing`,
      })
  }
  return {
    against,
    /** The places that are known of one writer's chain. */
    placesOf: (writer: string): KnownPlace[] => known.filter((place) => place.writer === writer),
    furthest: furthestOf(known),
  }
}

/** Of each writer, the place that is furthest. */
function furthestOf(known: readonly (KnownPlace & { writer: string })[]) {
  const furthest = new Map<string, KnownPlace & { writer: string }>()
  for (const place of known) {
    if ((furthest.get(place.writer)?.seq ?? -1) < place.seq) furthest.set(place.writer, place)
  }
  return [...furthest.values()]
}
