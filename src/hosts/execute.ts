import { performance } from 'node:perf_hooks'
import type { Command, EndedBy, OutputListener, RunOptions, RunResult } from '../model/command.ts'
import { pausable } from './clock.ts'
import { type Conversation, converse } from './converse.ts'
import { endGroup } from './group.ts'
import type { Machine } from './machine.ts'
import { drawNonce } from './marks.ts'
import { collect, noOutput } from './output.ts'
import { resultOf } from './result.ts'
import { LinkLost, type Transport } from './transport.ts'
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

/**
 * Runs a read-only command to its end, and ends its whole process group on a timeout or an abort. Where the link was lost
 * before its end and comes back, it is run once more, unless some of what it printed was passed on already.
 */
export async function execute(
  machine: Machine,
  command: Command,
  o: ExecuteOptions = {},
): Promise<RunResult> {
  const started = performance.now()
  let passed = false
  const onOutput: OutputListener = (stream, chunk) => {
    passed = true
    o.onOutput?.(stream, chunk)
  }
  const attempt = () => once(machine, command, { ...o, ...(o.onOutput ? { onOutput } : {}) })
  const away = !['ready', 'stale'].includes(machine.transport.state().is)
  const first = await attempt()
  if (first.endedBy !== 'lost' || passed || o.abandon || o.signal?.aborted) return first
  const { transport, times } = machine
  // The whole wait for a link that did not come back is over already.
  if (away && first.ms >= (times?.back ?? 0)) return first
  const back = transport.back ? await transport.back(times?.back ?? 0, o.signal) : isReady(transport)
  if (!back) return first
  return { ...(await attempt()), ms: performance.now() - started }
}

const isReady = (transport: Transport) => transport.state().is === 'ready'

async function once(machine: Machine, command: Command, o: ExecuteOptions): Promise<RunResult> {
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
  let talk: Conversation
  try {
    // What ends other commands does not wait behind one of them.
    talk = await converse(machine, wrapped.text, { nonce, wrapped, listener, shared: !o.abandon })
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
  const endIt = () =>
    group === undefined
      ? undefined
      : endGroup(machine, { group, ...(as === undefined ? {} : { as }) }).catch(() => undefined)
  let ended = await endIt()
  // A host with few channels may have none for this, as long as the command has one.
  if (ended === undefined) talk.abandon()
  ended ??= await endIt()
  // Only a link that hangs gets here without the channel's end.
  const patience = setTimeout(() => talk.abandon(), ended?.gone === true ? closing : 0)
  await talk.ended
  clearTimeout(patience)
  return { by, ...(ended?.gone === false ? { left: ended.detail } : {}) }
}
