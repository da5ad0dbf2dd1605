import type { ConsoleState } from '../../src/console.types.ts'
import { type Context, selectedLog } from '../context.ts'

// Why a key is off, in a few words for a person; undefined where it is on.

/** Why a key that needs an opened runbook is off. */
export const noSteps = ({ state }: Context) => (state.room?.run ? undefined : 'no runbook is open')
/** Why a key of the logs is off. */
export const noLogs = ({ state }: Context) =>
  Object.keys(state.room?.logs ?? {}).length > 0 ? undefined : 'no log is followed; f follows one'
/** True while a run is at work. */
export const runs = (state: ConsoleState) => state.room?.run?.phase === 'running'

/** Why n and N are off. */
export function noSearch(context: Context): string | undefined {
  return noLogs(context) ?? (context.view.log.search ? undefined : '/ searches first')
}

/** Why going to another log is off. */
export function noMoreLogs(context: Context): string | undefined {
  return noLogs(context) ?? ((selectedLog(context)?.keys.length ?? 0) > 1 ? undefined : 'one log is followed')
}
