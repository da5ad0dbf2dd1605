import { type LockHolder, sayHolder } from '../model/lock.ts'
import type { RunContext } from './context.ts'
import { endFailed, type UnitEnd } from './end.ts'
import { hashOf } from './hash.ts'
import type { Locks } from './locks.ts'
import type { LockedOut } from './stepLock.ts'

/**
 * Whether this lock of another holder may be taken over: `--take-over` named it, or a person types its id. Flags that
 * approve steps do not approve this. `stop` where the person ends the run instead.
 */
export async function mayTakeOver(
  run: RunContext,
  { takeOver }: Pick<Locks, 'takeOver'>,
  unit: { step: string; host: string; title: string },
  holder: LockHolder,
): Promise<'yes' | 'no' | 'stop'> {
  if (takeOver.includes(holder.lock)) return 'yes'
  // What this run does at the same time is no obstacle to be cleared away.
  if (run.asksPerson !== true || isOwn(run, holder)) return 'no'
  const because = say(run, holder)
  const plan = { outcome: 'would_change' as const, because, changes: [] }
  const decision = await run.approve(
    {
      id: crypto.randomUUID(),
      plan: {
        run: run.run,
        step: unit.step,
        host: unit.host,
        title: `the lock of ${holder.by}, for: ${unit.title}`,
        uses: 'lock',
        outcome: 'would_change',
        because,
        plan,
        hash: hashOf({ plan, lock: holder.lock }),
        risk: 'interrupt',
      },
      confirm: 'typed',
      target: holder.lock,
      repeats: 'two at work on the same may undo what the other does: ask them first, if they can be reached',
      holder,
    },
    run.signal,
  )
  if (decision.answer === 'run' && decision.how === 'typed') return 'yes'
  return decision.answer === 'stop' ? 'stop' : 'no'
}

/**
 * Journals that a step was not begun, or not brought to its end, for what it wants is another's. The host counts as one on
 * which a step failed; the run ends with it where a person said so.
 */
export async function endLockedOut(
  run: RunContext,
  ref: { run: string; step: string; host: string },
  { holder, begun, stops }: LockedOut,
): Promise<UnitEnd> {
  const reason = sayLocked(run, holder)
  if (begun) return endFailed(run, ref, `not brought to its end, and what it did is left as it is: ${reason}`)
  await run.append('step.skipped', { ...ref, reason: `stopped: ${reason}` })
  return { end: stops ? 'stopped' : 'failed', code: 4, reason }
}

/** Who has it, and what to do next. */
export function sayLocked(run: RunContext, holder: LockHolder): string {
  const next = isOwn(run, holder)
    ? 'name the host once'
    : run.asksPerson === true
      ? 'wait for it'
      : `wait for it, or take it over with --take-over ${inert(run, holder.lock)}`
  return `${say(run, holder)}; ${next}`
}

function say(run: RunContext, holder: LockHolder): string {
  return `${inert(run, sayHolder(holder))}${whoseOwn(run, holder)}`
}

function whoseOwn(run: RunContext, holder: LockHolder): string {
  if (isOwn(run, holder)) return '; this run holds it, under another name of the same host'
  const own = holder.incident === run.incident && holder.by === run.locks?.by
  return own ? '; it is another console of yours in this incident, or was' : ''
}

/** True where a step of this run has it: two names of the inventory may be one machine. */
const isOwn = (run: RunContext, { lock }: LockHolder): boolean => run.locks?.own.has(lock) === true

/** What a record on the host says was written by others. */
const inert = (run: RunContext, text: string) => run.text(new TextEncoder().encode(text))
