import type { RevertRef } from '../../model/incident.ts'
import type { Started } from '../apply.ts'

/** The revert that waits on the host for these changes; undefined where there is none. */
export function revertOf(started: readonly Started[]): RevertRef | undefined {
  return started.findLast(({ revert }) => revert !== undefined)?.revert
}
