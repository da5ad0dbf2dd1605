import type { Unit } from '../run/context.ts'
import type { UnitsEnd } from '../run/run.ts'
import { blocksOf } from '../run/schedule.ts'

/**
 * True where a run came to its end: every host did, or the blocks bear the loss of those that did not (`max_failures`), and
 * nobody stopped it.
 */
export function cameThrough(units: readonly Unit[], { ends }: Pick<UnitsEnd, 'ends'>): boolean {
  const bad = ends.filter(({ end }) => end.code !== 0)
  if (bad.some(({ end }) => end.end === 'stopped' || end.end === 'cancelled')) return false
  return blocksOf(units).every(
    (block) => bad.filter(({ unit }) => block.units.includes(unit)).length <= block.mayFail,
  )
}

/** The last word on a run that came to its end; `summary` is of the hosts that did not, `failing` counts its last checks. */
export function sayEnd(summary: string | undefined, failing: number): string {
  const checks =
    failing === 0 ? 'all checks pass' : failing === 1 ? '1 check fails' : `${failing} checks fail`
  if (summary !== undefined) return `the run is at its end: ${checks}; ${summary}`
  return failing === 0 ? `all steps are done and ${checks}` : `all steps are done; ${checks}`
}
