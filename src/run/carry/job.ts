import type { Command, RunResult, Session, Sha256 } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import { isStillRunning, stillRunning } from '../../model/stillRunning.ts'
import type { CarryDeps } from '../context.ts'

/** sha256 (or 'absent') of each path that a change left behind. */
export type After = Record<string, Sha256 | 'absent'>

/** What running a job needs of its surroundings; the rest of what carrying out a change needs may be there too. */
export type JobDeps = Pick<CarryDeps, 'signal' | 'journaled'> &
  Partial<CarryDeps> & {
    /** Only attaches to a job that was started before. */
    attach?: boolean
  }

/**
 * Runs one job to its end: starts it under the id, cancels it when the signal aborts, journals the result, and only then
 * removes the job's folder on the host. A job that is lost, or that a cancel could not end, keeps its folder: a resume
 * looks there. So does one whose output was not to be seen.
 */
export async function runJob(
  session: Session,
  id: string,
  command: Command,
  deps: JobDeps,
  afterOf: (result: RunResult) => After | undefined = () => undefined,
): Promise<RunResult> {
  if (deps.signal.aborted) {
    const began = deps.attach === true ? undefined : 'no'
    return notCarriedOut(deps, 'cancel', 'cancelled before it was started', began)
  }
  const timeoutMs = command.timeoutMs ?? deps.timeoutMs
  const job = await session.job(id, command, {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(deps.onOutput === undefined ? {} : { onOutput: deps.onOutput }),
    ...(deps.attach === undefined ? {} : { attach: deps.attach }),
    ...(deps.over === undefined ? {} : { over: deps.over }),
  })
  const { promise: stuck, resolve } = Promise.withResolvers<string>()
  const cancel = () => {
    job.cancel().then(
      ({ gone, detail }) => {
        if (!gone) resolve(detail)
      },
      (error: unknown) => resolve(messageOf(error)),
    )
  }
  deps.signal.addEventListener('abort', cancel, { once: true })
  if (deps.signal.aborted) cancel()
  const ended = await Promise.race([job.done, stuck])
  deps.signal.removeEventListener('abort', cancel)
  if (typeof ended === 'string') return notCarriedOut(deps, 'cancel', stillRunning(ended))
  await deps.journaled(ended, afterOf(ended))
  // Nobody waits for it but the end of the session.
  const over = ended.endedBy !== 'lost' && !isStillRunning(ended)
  if (over && deps.leavesFolder !== true) void job.remove({ later: true }).catch(() => undefined)
  return ended
}

/** A result for a change that could not be carried out, or not be followed to its end; journaled like any other. */
export async function notCarriedOut(
  deps: Pick<CarryDeps, 'journaled'>,
  endedBy: RunResult['endedBy'],
  problem: string,
  began?: RunResult['began'],
): Promise<RunResult> {
  const nothing = () => ({ bytes: new Uint8Array(), total: 0, cut: false })
  const result: RunResult = {
    endedBy,
    stdout: nothing(),
    stderr: nothing(),
    ms: 0,
    ...(began ? { began } : {}),
    problem,
  }
  await deps.journaled(result)
  return result
}
