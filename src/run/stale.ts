import type { Inspected, Waiting } from './inspect.ts'

/**
 * Says of each plan on one host whether an earlier step will make it stale: what is in sync now may not be after a file
 * that it reads was changed.
 *
 * Example: `audience` would change /opt/dmapi/.env, and `restart` reads it: restart is `after_step:audience`.
 */
export function markStale(planned: readonly (Inspected | Waiting)[]): (Inspected | Waiting)[] {
  const writers = new Map<string, string>()
  return planned.map((found) => {
    const { shown } = found
    const reads = found.action?.reads?.(found.params) ?? []
    const after = reads
      .map((path) => writers.get(`${shown.host}\n${path}`))
      .find((step) => step !== undefined)
    for (const { do: change } of shown.plan.changes) {
      const path = 'put' in change ? change.put.path : 'remove' in change ? change.remove.path : undefined
      if (path !== undefined) writers.set(`${shown.host}\n${path}`, shown.step)
    }
    if (after === undefined || shown.outcome !== 'in_sync') return found
    const because = `${shown.because}; ${after} changes what it reads`
    return { ...found, shown: { ...shown, outcome: `after_step:${after}`, because } }
  })
}
