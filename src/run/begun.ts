import type { JobListing, RunResult, Session } from '../model/command.ts'
import { messageOf } from '../model/errors.ts'
import type { Incident, JobRecord } from '../model/incident.ts'
import { wholeText } from '../model/said.ts'
import { atOnceOrSoon, head, journalResult, wentWell, whyBad } from './apply.ts'
import { runJob } from './carry/job.ts'
import { learner, type RunContext } from './context.ts'
import { type Kept, keeping } from './keep.ts'
import { neverBegan } from './left.ts'
import { isUnbegun, notBegun } from './resume.ts'
import { shownLine } from './shown.ts'

/** A job that was begun beside the changes of a step, and whose end is not recorded: an undo, or a responder's own command. */
export interface Begun extends JobRecord {
  id: string
}

/**
 * Those on these hosts, oldest first; of all hosts where none are named. What became of an undo is of no more interest once
 * another has taken the step back.
 */
export function begunOf({ jobs = {}, steps }: Incident, hosts?: readonly string[]): Begun[] {
  const undone = ({ run, step, host }: JobRecord) => steps[`${run} ${step} ${host}`]?.state === 'undone'
  return Object.entries(jobs)
    .filter(([, job]) => job.is !== 'change' && (job.ended === undefined || job.ended === 'lost'))
    .filter(([, job]) => job.is === 'command' || !undone(job))
    .filter(([, { host }]) => hosts === undefined || hosts.includes(host))
    .map(([id, job]) => ({ ...job, id }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** How a job that was begun before stands now, in words for a person. */
export interface Settled {
  begun: Begun
  is: 'ok' | 'failed' | 'running' | 'unknown'
  reason: string
}

/** What settling is given of a run. */
type Settling = Pick<
  RunContext,
  'session' | 'append' | 'text' | 'keep' | 'secrets' | 'local' | 'signal' | 'progress'
>

/**
 * Looks what became of undos and responders' commands that a console began and did not live to see the end of, and records it;
 * nothing is begun again. An undo that runs is waited for; a responder's command that runs is left alone, for its console may
 * well live. What can't be known now stays open for the next look. `open` is asked before anything is recorded: another
 * console may have done so meanwhile.
 */
export async function settleBegun(
  context: Settling,
  all: readonly Begun[],
  open: (begun: Begun) => boolean,
): Promise<Settled[]> {
  const settled: Settled[] = []
  for (const begun of all) {
    if (context.signal.aborted) break
    const end = await settle(context, begun, () => open(begun)).catch((error: unknown) => ({
      is: 'unknown' as const,
      reason: `it could not be looked at: ${messageOf(error)}`,
    }))
    settled.push({ begun, ...end })
  }
  return settled
}

async function settle(
  context: Settling,
  begun: Begun,
  open: () => boolean,
): Promise<Pick<Settled, 'is' | 'reason'>> {
  const session = await context.session(begun.host)
  // What the host was heard of once, it can't have forgotten.
  const heard = begun.ended !== undefined && begun.unheard !== true
  const found = await session.jobState(begun.id, { claim: !heard })
  const recorded = (ms: number) => atOnceOrSoon(() => (open() ? undefined : true), ms)
  // Who saw its end removes its folder when that is recorded; the record may take a moment to arrive.
  if (await recorded(found.is === 'not_started' || isUnbegun(found) ? 1000 : 0)) return elsewhere
  if (found.is === 'not_started' && heard)
    return { is: 'unknown', reason: 'its folder on the host is gone; what became of it is not known' }
  if (found.is === 'unknown') {
    // Told once in the record.
    if (begun.ended === undefined) {
      const result = { endedBy: 'lost' as const, ...nothing, problem: found.reason }
      await record(context, begun, result, {})
    }
    return { is: 'unknown', reason: found.reason }
  }
  if (found.is === 'running' && begun.is === 'command') return { is: 'running', reason: 'it still runs' }
  if (found.is === 'not_started' || isUnbegun(found)) {
    await record(context, begun, notBegun, {})
    return { is: 'ok', reason: neverBegan }
  }
  const { step = '', host, say } = begun
  context.progress({ step, host, doing: `started before, waited for: ${say}` })
  let byOther = false
  const result = await keeping(context.keep, (keeper) =>
    runJob(
      session,
      begun.id,
      { argv: [] },
      {
        ...context,
        session,
        attach: true,
        leavesFolder: true,
        onOutput: keeper.chunk,
        learned: learner(context, host),
        timeoutMs: patience,
        journaled: async (ended) => {
          byOther = (await recorded(ended.removed === true ? 3000 : 0)) === true
          if (!byOther) await record(context, begun, ended, await keeper.end())
        },
      },
    ),
  )
  context.progress(undefined)
  if (byOther) return elsewhere
  if (wentWell(result)) return { is: 'ok', reason: 'it had ended well' }
  // It was seen to run, and its end was not.
  return { is: result.endedBy === 'lost' ? 'running' : 'failed', reason: whyBad(result, context.text) }
}

const elsewhere = { is: 'ok' as const, reason: 'another console recorded its result' }
const none = { bytes: new Uint8Array(), total: 0, cut: false }
const nothing = { stdout: none, stderr: none, ms: 0 }

/** What still runs is waited for this long, in milliseconds; then it is ended, as it would have been by its own console. */
const patience = 60_000

async function record(
  context: Settling,
  { id, is, host, say, run = '', step = '' }: Begun,
  result: RunResult,
  kept: Kept,
): Promise<void> {
  if (is === 'undo') return journalResult(context, { run, step, host }, id, result, { kept })
  await recordCommand(context, { id, host, text: say }, result, kept)
}

/** Records the end of a responder's own command. */
export async function recordCommand(
  context: Pick<RunContext, 'append' | 'text'>,
  { id, host, text }: { id: string; host: string; text: string },
  result: RunResult,
  kept: Kept,
): Promise<void> {
  await context.append('command.ran', {
    started: id,
    host,
    command: text,
    endedBy: result.endedBy,
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    ...(result.problem === undefined ? {} : { problem: shownLine(result.problem, context.text, 2000) }),
    ms: Math.round(result.ms),
    stdout: head(wholeText(result.stdout, context.text)),
    stderr: head(wholeText(result.stderr, context.text)),
    ...kept,
  })
}

/**
 * True where the incident holds the result of a job, so that its folder is of no more use: not while it runs, and not while a
 * revert that waits on the host may ask it whether the change was begun.
 */
export function isRecorded(
  { jobs = {}, steps }: Incident,
  { id, is }: Pick<JobListing, 'id' | 'is'>,
): boolean {
  const job = Object.hasOwn(jobs, id) ? jobs[id] : undefined
  if (job?.ended === undefined || job.ended === 'lost' || is === 'running') return false
  const { revert } = steps[`${job.run} ${job.step} ${job.host}`] ?? {}
  return revert === undefined || revert.end !== undefined
}

/**
 * True for the folder of a job whose console may live yet, cut off, and give its order once more: without the folder it would
 * begin again. An hour is longer than any link is waited for. On this machine no order comes late, but to an id that was claimed.
 */
export function mayBeAsked(
  { transport }: Session['host'],
  { jobs = {} }: Incident,
  { id, unbegun, ageMs = 0 }: Pick<JobListing, 'id' | 'unbegun' | 'ageMs'>,
): boolean {
  const cutOff = transport !== 'local' && jobs[id]?.elsewhere === true
  return (unbegun === true || cutOff) && ageMs < 3_600_000
}

/** Removes from a host the folders of jobs whose results are recorded: their consoles died in between. Gives how many. */
export async function sweepJobs(session: Session, incident: Incident): Promise<number> {
  const left = (await session.jobs()).filter(
    (job) => isRecorded(incident, job) && !mayBeAsked(session.host, incident, job),
  )
  await Promise.all(left.map((job) => job.remove()))
  return left.length
}
