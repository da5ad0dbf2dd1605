import { performance } from 'node:perf_hooks'
import type { Command, Job, OutputListener, RunOptions, RunResult } from '../../model/command.ts'
import { describeCommand } from '../../model/describe.ts'
import { messageOf, SitrepError } from '../../model/errors.ts'
import { pausable } from '../clock.ts'
import { type Conversation, converse } from '../converse.ts'
import { endGroup, type GroupEnd } from '../group.ts'
import { beginText, leadIn } from '../lead.ts'
import type { Machine } from '../machine.ts'
import { createMarkFilter, drawNonce, type MarkFilter } from '../marks.ts'
import { collect, noOutput } from '../output.ts'
import { LinkLost } from '../transport.ts'
import { wrap } from '../wrap.ts'
import { lookAt } from './look.ts'
import { outcomeOf, parseAttached } from './outcome.ts'
import { attachText, groupText, removeText, startText } from './text.ts'

/** Byte offsets from which a job's output is wanted. */
export interface Offsets {
  stdout: number
  stderr: number
}

const validId = /^[A-Za-z0-9][\w.-]{0,99}$/

/**
 * Starts a changing command under an id, or attaches where the host knows the id already; either way in one channel, which
 * then follows it. Resolves once the host has said which of the two it is.
 */
export async function startJob(
  machine: Machine,
  id: string,
  command: Command,
  o: RunOptions = {},
): Promise<Job> {
  check(id)
  const nonce = drawNonce()
  const wrapped = wrap(command, nonce, machine)
  const shown = describeCommand(command).slice(0, 2000).toWellFormed()
  const text = startText({ nonce, id, commandText: wrapped.text, shown, as: wrapped.as })
  return followJob(machine, { id, nonce, text, wrapped, command, from: { stdout: 0, stderr: 0 } }, o)
}

/** Attaches to a job that was started before, perhaps by another process; undefined where the host knows no such job. */
export async function attachJob(
  machine: Machine,
  id: string,
  o: RunOptions & { from?: Offsets } = {},
): Promise<Job | undefined> {
  check(id)
  const nonce = drawNonce()
  const from = o.from ?? { stdout: 0, stderr: 0 }
  const text = attachText({ nonce, id, from })
  const job = await followJob(
    machine,
    { id, nonce, text, wrapped: { text: '', input: '' }, command: { argv: [] }, from },
    o,
  )
  return job.none ? undefined : job
}

interface Order {
  id: string
  nonce: string
  text: string
  wrapped: ReturnType<typeof wrap>
  command: Command
  from: Offsets
}

async function followJob(machine: Machine, order: Order, o: RunOptions): Promise<Job & { none: boolean }> {
  const started = performance.now()
  const out = collect()
  const err = collect()
  const deliver: OutputListener = (stream, chunk) => {
    const sink = stream === 'stdout' ? out : err
    sink.add(chunk)
    o.onOutput?.(stream, chunk)
  }
  const known = Promise.withResolvers<void>()
  let earlier: { filter: MarkFilter; said: Map<string, string>; as: string | undefined } | undefined
  const onMark = (name: string, value: string) => {
    if (name === 'attached') earlier = markedBefore(value, deliver)
    if (['fresh', 'attached', 'nofolder', 'none'].includes(name)) known.resolve()
  }
  let talk: Conversation | undefined
  const listener: OutputListener = (stream, chunk) => {
    if (stream === 'stderr' && earlier) earlier.filter.write(chunk)
    else deliver(stream, chunk)
  }
  const line = leadIn(`${beginText(order.nonce)}\n${order.text}`)
  try {
    talk = await converse(machine, line, { nonce: order.nonce, wrapped: order.wrapped, listener, onMark })
  } catch (error) {
    if (!(error instanceof LinkLost)) throw error
    return lostBefore(machine, order.id, error.message)
  }
  const conversation = talk
  let ending: 'timeout' | 'cancel' | undefined
  const cancel = async (by: 'timeout' | 'cancel' = 'cancel'): Promise<GroupEnd> => {
    const { marks } = await lookAt(machine, (nonce) => groupText({ nonce, id: order.id }))
    const [group, as] = (marks.get('group') ?? '').split(' ')
    if (!group) return { gone: true, detail: 'it had ended already' }
    ending ??= by
    return endGroup(machine, { group: Number(group), ...(as ? { as } : {}) })
  }
  const done = conversation.ended.then((end): RunResult => {
    earlier?.filter.end()
    const ms = performance.now() - started
    const result = outcomeOf({
      marks: conversation.marks,
      command: order.command,
      said: earlier?.said ?? conversation.marks,
      sudoProblem: () => conversation.sudoProblem(),
      surelyRan: () =>
        earlier
          ? earlier.as === undefined || earlier.said.has('started') || order.from.stderr > 0
          : conversation.surelyRan(),
      stdout: out.output(),
      stderr: err.output(),
      ms,
    })
    const rest = { stdout: out.output(), stderr: err.output(), ms }
    if (ending && result && result.problem !== 'the host was rebooted while the command ran') {
      return {
        endedBy: ending,
        ...rest,
        ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
      }
    }
    if (result) return result
    if (!conversation.marks.has('begin') && !('lost' in end)) {
      const said = conversation.banner().trim()
      return {
        endedBy: 'exit',
        ...rest,
        problem: `the login shell did not run the command${said && `: ${said}`}`,
      }
    }
    const why = 'lost' in end ? end.lost : 'the channel that followed the job ended'
    const there = ['fresh', 'attached'].some((mark) => conversation.marks.has(mark))
    const then = there ? 'the command goes on on the host' : 'it is not known whether the command started'
    return { endedBy: 'lost', ...rest, problem: `${why}; ${then}` }
  })
  await Promise.race([known.promise, done])
  const stop = bound(conversation, command(order, o), o.signal, (by) => void cancel(by).catch(() => {}))
  void done.then(stop)
  return {
    id: order.id,
    done,
    none: conversation.marks.has('none'),
    cancel: () =>
      cancel().catch((error: unknown) => ({
        gone: false,
        detail: `the host could not be asked: ${messageOf(error)}`,
      })),
    remove: () => remove(machine, order.id),
  }
}

const command = (order: Order, o: RunOptions): number | undefined => o.timeoutMs ?? order.command.timeoutMs

/** Ends the job on a timeout (where there is one) and on an abort; gives what takes both back. */
function bound(
  talk: Conversation,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  end: (by: 'timeout' | 'cancel') => void,
): () => void {
  const aborted = () => end('cancel')
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted) aborted()
  const clock = timeoutMs === undefined ? undefined : pausable(timeoutMs)
  if (clock) {
    talk.onWaiting(clock.pause)
    void clock.over.then(() => end('timeout'))
  }
  return () => {
    signal?.removeEventListener('abort', aborted)
    clock?.stop()
  }
}

/** A job that was there before: its own wrapper's words carry the nonce of its start. */
function markedBefore(value: string, deliver: OutputListener) {
  const { nonce, as } = parseAttached(value)
  const said = new Map<string, string>()
  const filter = createMarkFilter(nonce, {
    begin: false,
    onMark: (name, text) => said.set(name, text),
    onData: (chunk) => deliver('stderr', chunk),
  })
  return { filter, said, as }
}

function lostBefore(machine: Machine, id: string, problem: string): Job & { none: boolean } {
  const result: RunResult = { endedBy: 'lost', stdout: noOutput(), stderr: noOutput(), ms: 0, problem }
  return {
    id,
    none: false,
    done: Promise.resolve(result),
    cancel: async () => ({ gone: false, detail: problem }),
    remove: () => remove(machine, id),
  }
}

async function remove(machine: Machine, id: string): Promise<void> {
  await lookAt(machine, (nonce) => removeText({ nonce, id }))
}

function check(id: string): void {
  if (!validId.test(id)) throw new SitrepError('usage', `a job can not be named ${id}`)
}
