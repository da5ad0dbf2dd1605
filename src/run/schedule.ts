import type { Step } from '../model/runbook.ts'
import type { Unit } from './context.ts'

/**
 * The order of a run. Neighbouring steps on the same hosts form a block; a block is done whole on its first host
 * before it begins on the next, so that a failure on host 1 leaves hosts 2 to n untouched. A manual step asks once,
 * on the first of its hosts.
 *
 * Example: steps a, b on [core-1, core-2], then c on [edge-1]: a@core-1, b@core-1, a@core-2, b@core-2, c@edge-1.
 */
export function scheduleUnits(steps: readonly Step[], hostsOf: (step: Step) => string[]): Unit[] {
  const units: Unit[] = []
  let block: { hosts: string[]; steps: Step[] } | undefined
  const flush = () => {
    for (const host of block?.hosts ?? []) for (const step of block?.steps ?? []) units.push({ step, host })
    block = undefined
  }
  for (const step of steps) {
    const all = hostsOf(step)
    const hosts = step.uses === 'manual' ? all.slice(0, 1) : all
    if (block === undefined || block.hosts.join('\n') !== hosts.join('\n')) {
      flush()
      block = { hosts, steps: [] }
    }
    block.steps.push(step)
  }
  flush()
  return units
}

/**
 * The units from this step on; in each block the steps before it are left out. Where an earlier run came to its end in
 * the middle, a later block may still lack them: `open` says which units were never done.
 *
 * Example: a@core-1, b@core-1, a@core-2, b@core-2, stopped in b@core-1; from b on: b@core-1, a@core-2, b@core-2.
 */
export function unitsFrom(
  units: readonly Unit[],
  from: string | undefined,
  steps: readonly Step[],
  open: (unit: Unit) => boolean = () => false,
): Unit[] {
  if (from === undefined) return [...units]
  const index = (id: string) => steps.findIndex((step) => step.id === id)
  const first = units.findIndex(({ step }) => step.id === from)
  return units.filter(
    (unit, at) => index(unit.step.id) >= index(from) || (first >= 0 && at > first && open(unit)),
  )
}
