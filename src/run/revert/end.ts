import { setTimeout as wait } from 'node:timers/promises'
import type { RevertRef } from '../../model/incident.ts'
import type { RunContext } from '../context.ts'
import { type Order, order, type RevertState } from './orders.ts'

type Ref = { run: string; step: string; host: string }
type Context = Pick<RunContext, 'session' | 'append' | 'text' | 'signal'>

/** What became of a revert, as far as it is known; all but `armed` and `unknown` is journaled. */
type RevertEnd =
  | { is: 'kept' }
  | { is: 'fired'; verdict: 'ok' | 'failed'; reason: string }
  | { is: 'armed'; reason: string }
  | { is: 'unknown'; reason: string }

/** How long a revert that fires just now is waited for, in milliseconds. */
const firingMs = 120_000

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
  return settle(context, ref, revert, ['confirm'], because, onFired)
}

/** Looks what became of a revert, without deciding anything. */
export function lookAtRevert(context: Context, ref: Ref, revert: RevertRef): Promise<RevertEnd> {
  return settle(context, ref, revert, ['state'], 'it was confirmed before')
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
  onFired?: () => Promise<unknown>,
): Promise<RevertEnd> {
  const ask = (next: Order) => order(() => context.session(ref.host), revert, next, context.text)
  const data = { ...ref, revert: revert.id }
  const state = await untilFired(ask, await ask(what), context.signal)
  switch (state.is) {
    case 'confirmed':
      await context.append('revert.confirmed', { ...data, reason: because })
      await ask(['forget'])
      return { is: 'kept' }
    case 'none':
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
        reason: 'the host began to take it back and was ended; it goes on when it starts again',
      }
    case 'unknown':
      return state
  }
}

async function untilFired(
  ask: (what: Order) => Promise<RevertState>,
  first: RevertState,
  signal: AbortSignal,
): Promise<RevertState> {
  let state = first
  const until = performance.now() + firingMs
  while ((state.is === 'firing' || state.is === 'died') && performance.now() < until && !signal.aborted) {
    await wait(500, undefined, { signal }).catch(() => undefined)
    state = await ask(['state'])
  }
  return state
}

function firedWords({ verdict, detail, when }: RevertState & { is: 'fired' }): string {
  const how = verdict === 'ok' ? 'the host has taken it back' : 'the host tried to take it back, and failed'
  return `${how} at ${when.slice(11, 19)}: ${detail}`
}
