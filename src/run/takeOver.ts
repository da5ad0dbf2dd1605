import { type LockHolder, sayHolder } from '../model/lock.ts'
import type { RunContext } from './context.ts'
import { endFailed, type UnitEnd } from './end.ts'
import { hashOf } from './hash.ts'
import type { Locks } from './locks.ts'
import type { LockedOut } from './stepLock.ts'

/**
 * True where this lock of another holder may be taken over: `--take-over` named it, or a person types its id. Flags that
 * approve steps do not approve this.
 */
export async function mayTakeOver(
  run: RunContext,
  { takeOver, by }: Pick<Locks, 'takeOver' | 'by'>,
  unit: { step: string; host: string; title: string },
  holder: LockHolder,
): Promise<boolean> {
  if (takeOver.includes(holder.lock)) return true
  if (run.asksPerson !== true) return false
  const because = say(run, holder, by)
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
  return decision.answer === 'run' && decision.how === 'typed'
}

/** Journals that a step was not begun, or not brought to its end, for what it wants is another's. */
export async function endLockedOut(
  run: RunContext,
  ref: { run: string; step: string; host: string },
  { holder, begun }: LockedOut,
): Promise<UnitEnd> {
  const reason = sayLocked(run, holder)
  if (begun) return endFailed(run, ref, `not brought to its end, and what it did is left as it is: ${reason}`)
  await run.append('step.skipped', { ...ref, reason: `stopped: ${reason}` })
  return { end: 'stopped', code: 4, reason }
}

/** Who has it, and what to do next. */
export function sayLocked(run: RunContext, holder: LockHolder): string {
  const next =
    run.asksPerson === true
      ? 'wait for it'
      : `wait for it, or take it over with --take-over ${inert(run, holder.lock)}`
  return `${say(run, holder, run.locks?.by)}; ${next}`
}

function say(run: RunContext, holder: LockHolder, by: string | undefined): string {
  const own = holder.incident === run.incident && holder.by === by
  return `${inert(run, sayHolder(holder))}${own ? '; it is another console of yours in this incident, or was' : ''}`
}

/** What a record on the host says was written by others. */
const inert = (run: RunContext, text: string) => run.text(new TextEncoder().encode(text))
