import { stateRoot } from '../journal/incidents.ts'
import { locate } from '../journal/locate.ts'
import { type Against, type VerifyReport, verifyJournal } from '../journal/verify.ts'
import { parseCheckpoint } from '../model/checkpoint.ts'
import { SitrepError } from '../model/errors.ts'

/** Verifies an incident of the state or an archive, against the checkpoint in its folder and the texts of those kept elsewhere. Nothing is written. */
export async function verifyIncident(
  idOrFile: string,
  against: readonly { source: string; text: string }[] = [],
): Promise<VerifyReport> {
  await using found = await locate(stateRoot(), idOrFile)
  const checkpoints = against.map(({ source, text }) => checkpointIn(text, source, found.id))
  return verifyJournal(found.dir, { id: found.id, against: checkpoints })
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
