import { measureOffset } from '../hosts/clockOffset.ts'
import { heldLocks } from '../hosts/doctor/locks.ts'
import { listReverts, type RevertListing } from '../hosts/doctor/reverts.ts'
import { type MissingTool, missingTools } from '../hosts/doctor/tools.ts'
import { incidentIds, loadIncident } from '../journal/incidents.ts'
import type { ClockOffset } from '../model/clock.ts'
import type { JobListing, Session } from '../model/command.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { Incident } from '../model/incident.ts'
import type { LockHolder } from '../model/lock.ts'
import { isRecorded, mayBeAsked } from '../run/begun.ts'
import type { Fleet } from './fleet.ts'

/** A job's folder on a host, with what this machine's journals know of it. */
export interface JobReport extends Omit<JobListing, 'remove'> {
  /** The incident that it belongs to, and its step or what else it was; absent where no journal here knows it. */
  incident?: string
  of?: string
  /** True where its result is recorded, so that its folder is of no more use. */
  recorded: boolean
  /** True where the folder was removed just now. */
  removed?: true
}

/** What was found on one host. */
export interface HostReport {
  host: string
  reached: boolean
  /** Why not, or what could not be looked at. */
  problems: string[]
  next?: string
  missing: MissingTool[]
  jobs: JobReport[]
  locks: Omit<LockHolder, 'resource'>[]
  reverts: (RevertListing & { incident?: string; of?: string })[]
  clock?: ClockOffset
}

/** Everything that the journals of this machine hold, read only where there is something to look up. */
export type Incidents = () => Promise<readonly Incident[]>

/** The incidents under a state folder; one that can't be read is left out. */
export function incidentsOf(root: string): Incidents {
  let read: Promise<Incident[]> | undefined
  const all = async () => {
    const ids = await incidentIds(root).catch(() => [])
    const loaded = await Promise.all(ids.map((id) => loadIncident(root, id).catch(() => undefined)))
    return loaded.flatMap((one) => (one === undefined ? [] : [one.incident]))
  }
  return () => {
    read ??= all()
    return read
  }
}

/** Looks at one host; with `clean`, removes the folders of jobs that ended and whose results are recorded. Never rejects. */
export async function examineHost(
  fleet: Pick<Fleet, 'session'>,
  host: string,
  o: { incidents: Incidents; clean: boolean },
): Promise<HostReport> {
  const report: HostReport = {
    host,
    reached: false,
    problems: [],
    missing: [],
    jobs: [],
    locks: [],
    reverts: [],
  }
  let session: Session
  try {
    session = await fleet.session(host)
  } catch (error) {
    report.problems.push(messageOf(error))
    if (error instanceof SitrepError && error.next !== undefined) report.next = error.next
    return report
  }
  report.reached = true
  const look = async (what: string, work: () => Promise<void>) => {
    await work().catch((error: unknown) => void report.problems.push(`${what}: ${messageOf(error)}`))
  }
  await Promise.all([
    look('tools', async () => {
      report.missing = await missingTools(session)
    }),
    look('jobs', async () => {
      report.jobs = await jobsOf(session, o)
    }),
    look('locks', async () => {
      report.locks = await heldLocks(session)
    }),
    look('reverts', async () => {
      report.reverts = await revertsOf(session, o.incidents)
    }),
    look('clock', async () => {
      const clock = await measureOffset(session)
      if (clock !== undefined) report.clock = clock
    }),
  ])
  return report
}

async function jobsOf(session: Session, o: { incidents: Incidents; clean: boolean }): Promise<JobReport[]> {
  const found = await session.jobs()
  if (found.length === 0) return []
  const incidents = await o.incidents()
  return Promise.all(
    found.map(async ({ remove, ...job }): Promise<JobReport> => {
      const owner = incidents.find(({ jobs = {} }) => Object.hasOwn(jobs, job.id))
      const known = owner?.jobs?.[job.id]
      if (owner === undefined || known === undefined) {
        const armed = revertOwner(incidents, job.id)
        return { ...job, ...(armed ?? {}), recorded: false }
      }
      const recorded = isRecorded(owner, job)
      const of = known.step === undefined ? known.is : `${known.is} of ${known.step}`
      const removed = o.clean && recorded && !mayBeAsked(session.host, owner, job)
      if (removed) await remove()
      return { ...job, incident: owner.id, of, recorded, ...(removed ? { removed } : {}) }
    }),
  )
}

async function revertsOf(session: Session, incidents: Incidents): Promise<HostReport['reverts']> {
  const found = await listReverts(session)
  const known = found.length === 0 ? [] : await incidents()
  return found.map((revert) => ({ ...revert, ...revertOwner(known, revert.id) }))
}

/** Whose revert it is; the job that armed it has the same id. */
function revertOwner(
  incidents: readonly Incident[],
  id: string,
): { incident: string; of: string } | undefined {
  for (const { id: incident, steps } of incidents) {
    const state = Object.values(steps).find(({ revert }) => revert?.id === id)
    if (state !== undefined) return { incident, of: `revert of ${state.step}` }
  }
  return undefined
}
