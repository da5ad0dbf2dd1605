import type { Command, Job, JobOptions, RunOptions, RunResult } from '../../model/command.ts'
import { describeCommand } from '../../model/describe.ts'
import { messageOf, SitrepError } from '../../model/errors.ts'
import { stillRunning } from '../../model/stillRunning.ts'
import { lockText } from '../lock/text.ts'
import type { Machine } from '../machine.ts'
import { drawNonce } from '../marks.ts'
import { noOutput } from '../output.ts'
import { LinkLost } from '../transport.ts'
import { wrap } from '../wrap.ts'
import { bound } from './bound.ts'
import { canceller } from './cancel.ts'
import { type Followed, followToEnd } from './follow.ts'
import type { Offsets } from './pass.ts'
import { removeJobs } from './removals.ts'
import { startText } from './start.ts'
import { attachText } from './text.ts'

export type { Offsets }

const validId = /^[A-Za-z0-9][\w.-]{0,99}$/

/**
 * Starts a changing command under an id, or attaches where the host knows the id already; either way in one channel, which
 * then follows it. Resolves once the host has said which of the two it is. A link that is lost meanwhile costs nothing but
 * time: the job is followed on over the next one.
 */
export async function startJob(
  machine: Machine,
  id: string,
  command: Command,
  o: JobOptions = {},
): Promise<Job> {
  check(id)
  if (o.attach === true) return jobOf(machine, id, attachOrder(id, command), o)
  const shown = describeCommand(command).slice(0, 2000).toWellFormed()
  // Given once more it is no second start: the folder decides. The words of the first are told by its own nonce.
  const begin = () => {
    const nonce = drawNonce()
    const wrapped = wrap(command, nonce, machine)
    const { text: commandText, as } = wrapped
    const lock = o.lock === undefined ? {} : { lock: lockText(o.lock, nonce) }
    return { nonce, text: startText({ nonce, id, commandText, shown, as, ...lock }), wrapped }
  }
  return jobOf(machine, id, { begin, command, from: { stdout: 0, stderr: 0 }, lock: o.lock }, o)
}

/** Attaches to a job that was started before, perhaps by another process; undefined where the host knows no such job. */
export async function attachJob(
  machine: Machine,
  id: string,
  o: RunOptions & { from?: Offsets } = {},
): Promise<Job | undefined> {
  check(id)
  const job = await jobOf(machine, id, attachOrder(id, { argv: [] }, o.from), o)
  return job.none ? undefined : job
}

function attachOrder(id: string, command: Command, from: Offsets = { stdout: 0, stderr: 0 }): Order {
  const begin = () => {
    const nonce = drawNonce()
    return { nonce, text: attachText({ nonce, id, from }), wrapped: { text: '', input: '' } }
  }
  return { begin, command, from, lock: undefined, attaches: true }
}

type Order = Pick<Parameters<typeof followToEnd>[2], 'begin' | 'command' | 'from' | 'lock'> & {
  /** It starts nothing. */
  attaches?: true
}

async function jobOf(
  machine: Machine,
  id: string,
  order: Order,
  o: JobOptions,
): Promise<Job & { none: boolean }> {
  let followed: Followed
  const canceling = canceller(machine, id)
  try {
    followed = await followToEnd(machine, id, { ...order, ...o, endedBy: canceling.ending })
  } catch (error) {
    if (!(error instanceof LinkLost)) throw error
    return order.attaches === true
      ? unheard(machine, id, { endedBy: 'lost', began: 'perhaps', problem: error.message })
      : unheard(machine, id, {
          endedBy: 'exit',
          began: 'no',
          problem: `${error.message}; the command was not started`,
        })
  }
  const { talk } = followed
  await Promise.race([followed.known, followed.done])
  const limit = o.timeoutMs ?? order.command.timeoutMs
  const overdue = Promise.withResolvers<RunResult>()
  const stop = bound(talk, limit, o.signal, async (by) => {
    const left = await canceling.cancel(by).catch((error: unknown) => ({
      gone: false,
      detail: messageOf(error),
    }))
    // Whoever cancels is told by the cancel; nobody else waits for the end of what took too long.
    if (!left.gone && by === 'timeout') overdue.resolve(followed.soFar(left.detail))
  })
  // The end of what was started by us may come before that of what it started itself.
  const proven = followed.done.then(async (result) => {
    const left = canceling.ending() === undefined ? undefined : await canceling.verdict()
    if (left === undefined || left.gone || result.endedBy === 'lost') return result
    return canceling.ending() === 'timeout'
      ? followed.soFar(left.detail)
      : { ...result, problem: stillRunning(left.detail) }
  })
  const done = Promise.race([proven, overdue.promise])
  void done.then(stop)
  const refused = followed.refused()
  return {
    id,
    done,
    ...(refused === undefined ? {} : { refused }),
    none: followed.none(),
    cancel: () =>
      canceling.cancel('cancel').catch((error: unknown) => ({
        gone: false,
        detail: `the host could not be asked: ${messageOf(error)}`,
      })),
    remove: () => removeJobs(machine, [id]),
  }
}

/** A job that could not be asked for: no link or no channel was to be had, so nothing of it ran by this. */
function unheard(
  machine: Machine,
  id: string,
  end: Pick<RunResult, 'endedBy' | 'began' | 'problem'>,
): Job & { none: boolean } {
  return {
    id,
    none: false,
    done: Promise.resolve({ ...end, stdout: noOutput(), stderr: noOutput(), ms: 0 }),
    cancel: async () => ({ gone: true, detail: 'it was not started' }),
    remove: () => removeJobs(machine, [id]),
  }
}

function check(id: string): void {
  if (!validId.test(id)) throw new SitrepError('usage', `a job can not be named ${id}`)
}
