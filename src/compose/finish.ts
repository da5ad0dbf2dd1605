import { exitCodeOf, messageOf, worstExit } from '../model/errors.ts'
import type { OpenIncident } from './incident.ts'
import { writePostmortem } from './postmortem.ts'

/**
 * Ends a run: writes the postmortem and records that the run is over, whatever became of the postmortem. Where it could
 * not be written the event says why, and the exit code is that of the record (6) where the disk of the state is to blame,
 * else 1.
 */
export async function finishRun(
  incident: OpenIncident,
  o: { run: string; exit: number; summary?: string },
): Promise<{ exit: number; postmortem: string | undefined }> {
  const said = o.summary === undefined ? [] : [o.summary]
  const ended = { exit: o.exit, postmortem: undefined as string | undefined }
  try {
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

/** True where the disk is full, read-only or broken, by the error or what caused it. */
function fromDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(String(code)) || fromDisk(error.cause)
}
