import { messageOf, SitrepError } from '../model/errors.ts'
import { type EventRecord, isEvent } from '../model/event.ts'
import { createFold, type Fold } from '../model/reduce.ts'
import { inSmallNursery } from './nursery.ts'
import type { JournalProblem } from './position.ts'
import { eachRecord, type Positions } from './read.ts'

/** An incident's journal, folded. */
export interface FoldedJournal {
  fold: Fold
  /** The record that declared it. */
  declared: EventRecord | undefined
  /** The first 100 of them, and one that says how many more there are. */
  problems: JournalProblem[]
  offsets: Positions
}

const mostProblems = 100

/**
 * Reads and folds an incident's journal; no record is kept but the last ones. An event that another one says was erased
 * is folded without its data, also where its line still holds it: it is being overwritten right now.
 */
export async function foldJournal(dir: string, id: string): Promise<FoldedJournal> {
  try {
    return await inSmallNursery(() => foldOnce(dir, id, new Set()))
  } catch (error) {
    throw new SitrepError('failed', `the incident ${id} can't be read: ${messageOf(error)}`, {
      where: dir,
      cause: error,
    })
  }
}

async function foldOnce(dir: string, id: string, erased: ReadonlySet<string>): Promise<FoldedJournal> {
  const fold = createFold(id)
  const problems: JournalProblem[] = []
  let more = 0
  let declared: EventRecord | undefined
  const blank = new Set<string>()
  const unerased = new Set<string>()
  const offsets = await eachRecord(
    dir,
    (read) => {
      const record = erased.has(read.id) ? withoutData(read) : read
      if (record.data === undefined) blank.add(record.id)
      const gone = isEvent(record, 'erased') ? record.data.event : undefined
      if (typeof gone === 'string' && !blank.has(gone) && !erased.has(gone)) unerased.add(gone)
      if (record.type === 'incident.declared') declared ??= record
      fold.next(record)
    },
    (problem) => {
      if (problems.length < mostProblems) problems.push(problem)
      else more++
    },
  )
  if (unerased.size > 0) return foldOnce(dir, id, new Set([...erased, ...unerased]))
  const last = problems.at(-1)
  if (last && more > 0) problems.push({ ...last, reason: `and ${more} more lines that could not be read` })
  return { fold, declared, problems, offsets }
}

/** A record as it is after its data was erased. */
function withoutData({ data: _data, salt: _salt, ...record }: EventRecord): EventRecord {
  return record
}
