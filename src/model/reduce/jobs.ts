import type { EventRecord } from '../event.ts'
import type { JobRecord } from '../incident.ts'
import { isStillRunning } from '../stillRunning.ts'
import { adopt, type Draft, own } from './draft.ts'

/** Notes a job that is about to start on a host; its id is the event's. */
export function beginJob(draft: Draft, event: EventRecord, job: Omit<JobRecord, 'at' | 'by'>): void {
  own(draft, draft.incident, 'jobs')[event.id] = adopt(draft, {
    ...job,
    at: event.at,
    by: event.by,
    writer: event.writer,
  })
}

/** Notes how a job ended; one that nobody saw begin is no news, and one that could not be ended has its end to come. */
export function endJob(
  draft: Draft,
  id: string | undefined,
  {
    endedBy,
    problem,
    began,
  }: { endedBy: string; problem?: string | undefined; began?: 'no' | 'perhaps' | undefined },
  writer: string,
): void {
  const { jobs } = draft.incident
  if (id === undefined || jobs === undefined || !Object.hasOwn(jobs, id)) return
  const open = isStillRunning(problem === undefined ? {} : { problem })
  const ended = open ? 'lost' : endedBy
  const known = jobs[id]?.ended
  // Who lost sight of it, or found nothing of it, knows less than who saw its end.
  if ((ended === 'lost' || began === 'no') && known !== undefined && known !== 'lost') return
  const job = own(draft, own(draft, draft.incident, 'jobs'), id)
  job.ended = ended
  delete job.unheard
  if (began === 'perhaps') job.unheard = true
  if (job.writer !== undefined && job.writer !== writer) job.elsewhere = true
}
