import type { EventRecord } from '../event.ts'
import type { JobRecord } from '../incident.ts'
import { isStillRunning } from '../stillRunning.ts'
import { adopt, type Draft, own } from './draft.ts'

/** Notes a job that is about to start on a host; its id is the event's. */
export function beginJob(draft: Draft, event: EventRecord, job: Omit<JobRecord, 'at' | 'by'>): void {
  own(draft, draft.incident, 'jobs')[event.id] = adopt(draft, { ...job, at: event.at, by: event.by })
}

/** Notes how a job ended; one that nobody saw begin is no news, and one that could not be ended has its end to come. */
export function endJob(
  draft: Draft,
  id: string | undefined,
  { endedBy, problem }: { endedBy: string; problem?: string | undefined },
): void {
  const { jobs } = draft.incident
  if (id === undefined || jobs === undefined || !Object.hasOwn(jobs, id)) return
  const open = isStillRunning(problem === undefined ? {} : { problem })
  own(draft, own(draft, draft.incident, 'jobs'), id).ended = open ? 'lost' : endedBy
}
