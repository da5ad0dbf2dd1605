import { performance } from 'node:perf_hooks'
import type { Command, EndedBy, OutputListener, RunOptions, RunResult } from '../model/command.ts'
import { pausable } from './clock.ts'
import { type Conversation, converse } from './converse.ts'
import { endGroup } from './group.ts'
import { beginText, leadIn } from './lead.ts'
import type { Machine } from './machine.ts'
import { drawNonce } from './marks.ts'
import { collect, noOutput } from './output.ts'
import { resultOf } from './result.ts'
import { LinkLost } from './transport.ts'
import { wrap } from './wrap.ts'

/** Looking commands that nobody gave a time end after this, in milliseconds. */
const defaultTimeout = 60_000

/** After its group was ended, a channel has this long to close by itself, in milliseconds. */
const closing = 3000

/** What the parts of a session may ask beside the options of a run. */
export interface ExecuteOptions extends RunOptions {
  /** Bytes kept of each stream. */
  limit?: number
  /** On timeout only give the channel up: for the commands that end others. */
  abandon?: boolean
}

/** Runs a command in one channel to its end, and ends its whole process group on a timeout or an abort. */
export async function execute(
  machine: Machine,
  command: Command,
  o: ExecuteOptions = {},
): Promise<RunResult> {
  const started = performance.now()
  const out = collect(o.limit)
  const err = collect(o.limit)
  const listener: OutputListener = (stream, chunk) => {
    const sink = stream === 'stdout' ? out : err
    sink.add(chunk)
    o.onOutput?.(stream, chunk)
  }
  const early = (endedBy: EndedBy, problem?: string): RunResult => ({
    endedBy,
    stdout: noOutput(),
    stderr: noOutput(),
    ms: performance.now() - started,
    ...(problem === undefined ? {} : { problem }),
  })
  if (o.signal?.aborted) return early('cancel')
  const nonce = drawNonce()
  const wrapped = wrap(command, nonce, machine)
  const line = leadIn(`${beginText(nonce)}\n${wrapped.text}`)
  let talk: Conversation
  try {
    talk = await converse(machine, line, { nonce, wrapped, listener })
  } catch (error) {
    if (error instanceof LinkLost) return early('lost', error.message)
    throw error
  }
  const stop = await watchOver(machine, command, talk, o)
  const end = await talk.ended
  return resultOf({
    command,
    talk,
    end,
    stop,
    stdout: out.output(),
    stderr: err.output(),
    ms: performance.now() - started,
  })
}

/** Waits for the end, or for what cuts it short; then the group is ended, or a remark says what is left of it. */
async function watchOver(
  machine: Machine,
  command: Command,
  talk: Conversation,
  o: ExecuteOptions,
): Promise<{ by: 'timeout' | 'cancel'; left?: string } | undefined> {
  const clock = pausable(o.timeoutMs ?? command.timeoutMs ?? defaultTimeout)
  talk.onWaiting(clock.pause)
  const aborted = new Promise<'cancel'>((resolve) => {
    o.signal?.addEventListener('abort', () => resolve('cancel'), { once: true })
    if (o.signal?.aborted) resolve('cancel')
  })
  const by = await Promise.race([
    talk.ended.then(() => undefined),
    clock.over.then(() => 'timeout' as const),
    aborted,
  ])
  clock.stop()
  if (by === undefined) return undefined
  const group = o.abandon ? undefined : await talk.group()
  const as = talk.as
  const ended =
    group === undefined
      ? undefined
      : await endGroup(machine, { group, ...(as === undefined ? {} : { as }) }).catch(() => undefined)
  // Only a link that hangs gets here without the channel's end.
  const patience = setTimeout(() => talk.abandon(), ended?.gone === true ? closing : 0)
  await talk.ended
  clearTimeout(patience)
  return { by, ...(ended?.gone === false ? { left: ended.detail } : {}) }
}
