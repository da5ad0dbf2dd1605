import type { Room } from '../console.types.ts'
import type { Pipe } from '../logs/pipe.ts'

/**
 * The room as the views may draw it: every text of a runbook, a host or a person has gone through the pipe. What is
 * executed, hashed and compared stays as it is: the ids by which an answer names its request, and a target that has to be
 * typed, are kept.
 */
export interface ShownRoom {
  of(room: Room): Room
  /** Another secret is known: everything is made anew. */
  forget(): void
}

/** Makes it; a part that stays the same object is cleaned once, and is the same object again. */
export function createShownRoom(pipe: Pick<Pipe, 'deep' | 'text'>): ShownRoom {
  let made = new WeakMap<object, object>()
  const once = <T extends object>(part: T, make: (part: T) => T): T => {
    const before = made.get(part) as T | undefined
    if (before !== undefined) return before
    const now = make(part)
    made.set(part, now)
    return now
  }
  const clean = <T extends object>(part: T): T => once(part, pipe.deep)

  const runOf = (run: NonNullable<Room['run']>): NonNullable<Room['run']> => {
    const { steps, ...rest } = run
    return { ...pipe.deep(rest), id: run.id, steps: steps.map(stepOf) }
  }

  // What has to be typed is compared letter by letter, and is a name of the operator's own inventory.
  const approvalOf = (asked: NonNullable<Room['approval']>): NonNullable<Room['approval']> => {
    const { id, target } = asked
    return { ...pipe.deep(asked), id, ...(target === undefined ? {} : { target }) }
  }

  // Plans with their diffs are long, and come one by one.
  const stepOf = (step: NonNullable<Room['run']>['steps'][number]) =>
    once(step, ({ plans, ...rest }) => ({
      ...pipe.deep(rest),
      plans: Object.fromEntries(
        Object.entries(plans).map(([host, plan]) => [
          pipe.text(host),
          plan === undefined ? undefined : clean(plan),
        ]),
      ),
    }))

  // The lines came through the pipe; why a log ended did not.
  const logOf = (log: Room['logs'][string]) =>
    log.detail === undefined ? log : once(log, (log) => ({ ...log, detail: pipe.text(log.detail ?? '') }))

  return {
    of: (room) => {
      const { run, approval, commands, suggested } = room
      return {
        ...room,
        ...(suggested === undefined ? {} : { suggested: pipe.text(suggested) }),
        ...(run === undefined ? {} : { run: once(run, runOf) }),
        ...(approval === undefined ? {} : { approval: once(approval, approvalOf) }),
        ...(commands === undefined ? {} : { commands: clean(commands) }),
        logs: once(room.logs, (logs) =>
          Object.fromEntries(Object.entries(logs).map(([key, log]) => [key, logOf(log)])),
        ),
        hosts: clean(room.hosts),
      }
    },
    forget: () => {
      made = new WeakMap()
    },
  }
}
