import type { Change, Plan, PlannedChange } from '../model/action.ts'
import type { Reader } from '../model/command.ts'

/** The reader with the step's `as` on every command that names no user itself. */
export function readerAs(
  reader: Reader,
  as: string | undefined,
  o: { timeoutMs?: number; signal?: AbortSignal } = {},
): Reader {
  return {
    run: (command, options) =>
      reader.run(as === undefined || command.as !== undefined ? command : { ...command, as }, {
        ...o,
        ...options,
      }),
    read: (path, options) => reader.read(path, as === undefined ? options : { as, ...options }),
  }
}

/** The plan with the step's `as` on every change and undo, so that the journal alone is enough to carry them out. */
export function planAs(plan: Plan, as: string | undefined): Plan {
  if (as === undefined) return plan
  const stamp = (change: Change): Change => (change.as === undefined ? { ...change, as } : change)
  const both = ({ do: change, undo }: PlannedChange): PlannedChange => ({
    do: stamp(change),
    undo: Array.isArray(undo) ? undo.map(stamp) : undo,
  })
  return { ...plan, changes: plan.changes.map(both) }
}
