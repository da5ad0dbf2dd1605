import type { Outputs, RunContext, Unit } from './context.ts'
import { createStepLock, LockedOut, type StepLock } from './stepLock.ts'
import { sayLocked } from './takeOver.ts'

/** What a run knows of locks: who asks, for which runbook, and whose locks may be taken over. */
export interface Locks extends AsyncDisposable {
  /** `ana@laptop`. */
  by: string
  runbook: string
  /** The locks that `--take-over` names. */
  takeOver: readonly string[]
  /** How long a lock outlives a link that says nothing, in seconds; the host's default where absent. */
  seconds?: number
  /** What is being given back, by host; it is waited for before the sessions close. */
  giving: Map<string, Set<Promise<void>>>
  /** The locks that this run asked for, by id, with what settles when it gave one back; undefined until then. */
  own: Map<string, Promise<void> | undefined>
}

/** The locks of one run; when it is disposed of, all of them have been given back. */
export function createLocks(o: Pick<Locks, 'by' | 'runbook' | 'takeOver' | 'seconds'>): Locks {
  const giving: Locks['giving'] = new Map()
  return {
    ...o,
    giving,
    own: new Map(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...giving.values()].flatMap((set) => [...set]))
    },
  }
}

/**
 * The lock of a unit; undefined where the run has no locks, where the unit only looks or asks, and where it can't be planned
 * yet. `atOnce` is true where no person is waited for between the look and the change.
 */
export function lockOfUnit(
  context: RunContext,
  unit: Unit,
  outputs: Outputs,
): { lock: StepLock; atOnce: boolean } | undefined {
  const { step, host } = unit
  if (context.locks === undefined || step.uses === 'manual') return undefined
  const resolution = context.resolve(unit, outputs)
  if (resolution.is === 'after') return undefined
  const { action, params, title } = resolution
  const risk = typeof action.risk === 'function' ? action.risk(params) : action.risk
  if (risk === 'observe') return undefined
  const { confirm } = context.confirm(unit, risk, params)
  const lock = createStepLock(context, context.locks, {
    step: step.id,
    host,
    title,
    resources: action.locks(params),
  })
  return { lock, atOnce: unit.left === undefined && (confirm === 'auto' || context.asksPerson !== true) }
}

/**
 * Does a piece of work with the resources that a step had locked again, for its undo. Gives the reason where they are
 * another's, and nothing was done.
 */
export async function underLock<T>(
  context: RunContext,
  unit: { step: string; host: string; title: string; resources: readonly string[] },
  work: (context: RunContext) => Promise<T>,
): Promise<{ done: T } | { lockedOut: string }> {
  if (context.locks === undefined) return { done: await work(context) }
  const lock = createStepLock(context, context.locks, unit)
  try {
    await lock.have()
    await lock.keep()
    return { done: await work(lock.context()) }
  } catch (error) {
    if (!(error instanceof LockedOut)) throw error
    return { lockedOut: sayLocked(context, error.holder) }
  } finally {
    await lock.end()
  }
}
