import { setTimeout as wait } from 'node:timers/promises'
import type { RevertRef } from '../../model/incident.ts'
import type { RunContext } from '../context.ts'
import { type Order, order, type RevertState } from './orders.ts'

type Ref = { run: string; step: string; host: string }
type Context = Pick<RunContext, 'session' | 'append' | 'text' | 'signal'>

/** What became of a revert, as far as it is known; `kept` and `fired` are journaled. */
type RevertEnd =
  | { is: 'kept' }
  | { is: 'fired'; verdict: 'ok' | 'failed'; reason: string }
  | { is: 'armed'; reason: string }
  /** Armed once, and not found: it may wait where this login does not look, or its folder was removed. */
  | { is: 'missing'; reason: string }
  | { is: 'unknown'; reason: string }

/** How long a revert that fires just now is waited for, in milliseconds; one that can't be started again, less. */
const firingMs = 120_000
const diedMs = 15_000

/**
 * Tells the host that the step stays as it is. One rename on the host decides: where it came too late, the revert has
 * fired. Its traces on the host go once the end is journaled. `onFired` is journaled before the end is, where it fired.
 */
export function confirmRevert(
  context: Context,
  ref: Ref,
  revert: RevertRef,
  because: string,
  onFired?: () => Promise<unknown>,
): Promise<RevertEnd> {
  return settle(context, ref, revert, ['confirm'], because, onFired === undefined ? {} : { onFired })
}

/**
 * Looks what became of a revert, without deciding anything. `proven` is false where it is not known that the host ever armed
 * it: one that is not found has then come to nothing.
 */
export function lookAtRevert(
  context: Context,
  ref: Ref,
  revert: RevertRef,
  o: { proven: boolean } = { proven: true },
): Promise<RevertEnd> {
  return settle(context, ref, revert, ['state'], 'it was confirmed before', o)
}

/**
 * Lets the host take the step back now, and waits for what comes of it. So it is done once: the console never does beside
 * the host what the host does when the time is over.
 */
export function fireRevert(context: Context, ref: Ref, revert: RevertRef): Promise<RevertEnd> {
  return settle(context, ref, revert, ['fire'], 'it was confirmed before')
}

/** Journals the end of a revert that is not found on its host, after its step was taken back without it. */
export async function endMissing(context: Context, ref: Ref, revert: RevertRef): Promise<void> {
  const reason = 'the step was undone; the host knows no such revert'
  await context.append('revert.confirmed', { ...ref, revert: revert.id, reason })
}

/** Words for a step that ends while its revert stays armed. */
export function armedWords(end: RevertEnd): string {
  if (end.is === 'armed' || end.is === 'fired') return end.reason
  if (end.is === 'kept') return 'its revert is not armed any more'
  return `the host takes it back by itself (not seen: ${end.reason})`
}

async function settle(
  context: Context,
  ref: Ref,
  revert: RevertRef,
  what: Order,
  because: string,
  { onFired, proven = true }: { onFired?: () => Promise<unknown>; proven?: boolean } = {},
): Promise<RevertEnd> {
  const ask = (next: Order) => order(() => context.session(ref.host), revert, next, context.text)
  const data = { ...ref, revert: revert.id }
  const state = await untilFired(
    ask,
    await ask(what),
    context.signal,
    what[0] === 'fire' ? Infinity : firingMs,
  )
  switch (state.is) {
    case 'confirmed':
      await context.append('revert.confirmed', { ...data, reason: because })
      await ask(['forget'])
      return { is: 'kept' }
    case 'none':
      if (proven)
        return {
          is: 'missing',
          reason:
            'the host knows no such revert here: its folder was removed, or it is another login user’s; connect as that one, or undo the step',
        }
      await context.append('revert.confirmed', { ...data, reason: 'it is not armed on the host' })
      await ask(['forget'])
      return { is: 'kept' }
    case 'fired': {
      const { verdict, detail, when } = state
      await onFired?.()
      await context.append('revert.fired', { ...data, verdict, detail, when })
      await ask(['forget'])
      return { is: 'fired', verdict, reason: firedWords(state) }
    }
    case 'armed':
      return { is: 'armed', reason: `the host takes it back in ${state.left} s` }
    case 'firing':
      return { is: 'unknown', reason: 'the host is taking it back' }
    case 'died':
      return {
        is: 'unknown',
        reason: 'the host began to take it back and was ended; it goes on when the host starts again',
      }
    case 'unknown':
      return state
  }
}

async function untilFired(
  ask: (what: Order) => Promise<RevertState>,
  first: RevertState,
  signal: AbortSignal,
  patienceMs: number,
): Promise<RevertState> {
  let state = first
  const begun = performance.now()
  let seen = begun
  for (;;) {
    const now = performance.now()
    if (state.is === 'firing') seen = now
    else if (state.is !== 'died' || now - seen > diedMs) break
    if (now - begun > patienceMs || signal.aborted) break
    await wait(500, undefined, { signal }).catch(() => undefined)
    state = await ask(['state'])
  }
  return state
}

function firedWords({ verdict, detail, when }: RevertState & { is: 'fired' }): string {
  const how = verdict === 'ok' ? 'the host has taken it back' : 'the host tried to take it back, and failed'
  return `${how} at ${when.slice(11, 19)}: ${detail}`
}
