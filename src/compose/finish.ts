import { isNoRoom } from '../journal/noRoom.ts'
import { exitCodeOf, messageOf, SitrepError, worstExit } from '../model/errors.ts'
import type { OpenIncident } from './incident.ts'
import { writePostmortem } from './postmortem.ts'

/**
 * Ends a run: writes the postmortem and records that the run is over, whatever became of the postmortem. Where it could
 * not be written the event says why, and the exit code is that of the record (6) where the disk of the state is to blame,
 * else 1. While recording is stopped the code is 6, and the postmortem waits: what room is left is for events.
 */
export async function finishRun(
  incident: OpenIncident,
  o: { run: string; exit: number; summary?: string },
): Promise<{ exit: number; postmortem: string | undefined }> {
  const said = o.summary === undefined ? [] : [o.summary]
  const ended = { exit: o.exit, postmortem: undefined as string | undefined }
  try {
    const stopped = incident.stopped()
    if (stopped !== undefined) throw new SitrepError('recording', `recording stopped: ${stopped}`)
    ended.postmortem = (await writePostmortem(incident)).path
  } catch (error) {
    ended.exit = worstExit([o.exit, fromDisk(error) ? exitCodeOf.recording : exitCodeOf.failed])
    said.push(messageOf(error))
  }
  await incident.append('run.finished', {
    run: o.run,
    incident: incident.id,
    exit: ended.exit,
    ...(ended.postmortem === undefined ? {} : { postmortem: ended.postmortem }),
    ...(said.length === 0 ? {} : { summary: said.join('; ') }),
  })
  return ended
}

/**
 * Writes the postmortem of an incident that is left; undefined while recording is stopped. Throws
 * SitrepError('recording') where the disk of the state is to blame.
 */
export async function leavePostmortem(incident: OpenIncident): Promise<string | undefined> {
  if (incident.stopped() !== undefined) return undefined
  try {
    return (await writePostmortem(incident)).path
  } catch (error) {
    if (!fromDisk(error)) throw error
    throw new SitrepError('recording', `RECORDING STOPPED: ${messageOf(error)}`, {
      next: `make room on the disk of the state folder, then: sitrep export ${incident.id}`,
      cause: error,
    })
  }
}

/** True where nothing can be recorded, or the disk is full, read-only or broken, by the error or what caused it. */
function fromDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof SitrepError && error.kind === 'recording') return true
  const code = 'code' in error ? error.code : undefined
  return isNoRoom(error) || code === 'EROFS' || code === 'EIO' || fromDisk(error.cause)
}
