import type { Finished } from '../journal/erase.ts'
import { stateRoot } from '../journal/incidents.ts'
import { locate } from '../journal/locate.ts'
import { type Against, type VerifyReport, verifyJournal } from '../journal/verify.ts'
import { parseCheckpoint } from '../model/checkpoint.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import { finishErasing } from './erase.ts'

/** What was found, and what became of erasures that another process had begun. */
export interface Verified {
  report: VerifyReport
  finished: Finished[]
  /** Why one of them could not be finished. */
  unfinished?: string
}

/** Verifies an incident of the state or an archive, against the checkpoint in its folder and the texts of those kept elsewhere. */
export async function verifyIncident(
  idOrFile: string,
  against: readonly { source: string; text: string }[] = [],
): Promise<Verified> {
  await using found = await locate(stateRoot(), idOrFile)
  const checkpoints = against.map(({ source, text }) => checkpointIn(text, source, found.id))
  const erasing: Omit<Verified, 'report'> =
    found.archive === undefined
      ? await finishErasing(found.dir).then(
          (finished) => ({ finished }),
          (error: unknown) => ({ finished: [], unfinished: messageOf(error) }),
        )
      : { finished: [] }
  const report = await verifyJournal(found.dir, { id: found.id, against: checkpoints })
  if (erasing.unfinished !== undefined) report.whole = false
  return { report, ...erasing }
}

function checkpointIn(text: string, source: string, id: string): Against {
  const checkpoint = parseCheckpoint(text)
  if (checkpoint === undefined) {
    throw new SitrepError('usage', `${source} holds no checkpoint, or one that was changed`, {
      next: 'give an export with its section "Record", a checkpoint.json, or the line that was printed at the end',
    })
  }
  if (checkpoint.incident === id) return { source, checkpoint }
  throw new SitrepError('usage', `${source} is of another incident: ${checkpoint.incident}`)
}
