import type { Step } from '../model/runbook.ts'
import type { Unit } from './context.ts'

/**
 * The order of a run. Neighbouring steps on the same hosts, as many at a time, form a block; its hosts are taken in
 * batches, the first host alone (a canary), and a batch is done whole before the next begins, so that a failure on host 1
 * leaves hosts 2 to n untouched. The hosts of one batch run side by side. A manual step asks once, on the first of its hosts.
 *
 * Example: steps a, b on [h1, h2], then c on [e1, e2, e3] with `serial: 2`:
 * a@h1 b@h1, then a@h2 b@h2, then c@e1, then c@e2 beside c@e3.
 */
export function scheduleUnits(steps: readonly Step[], hostsOf: (step: Step) => string[]): Unit[] {
  const units: Unit[] = []
  let block: { key: string; hosts: string[]; steps: Step[] } | undefined
  let batch = 0
  const flush = () => {
    const [first] = block?.steps ?? []
    if (block === undefined || first === undefined) return
    const limits = { block: batch, mayFail: first.maxFailures ?? 0 }
    for (const hosts of batchesOf(block.hosts, first.serial)) {
      for (const host of hosts) for (const step of block.steps) units.push({ step, host, batch, ...limits })
      batch++
    }
    block = undefined
  }
  for (const step of steps) {
    const all = hostsOf(step)
    const hosts = step.uses === 'manual' ? all.slice(0, 1) : all
    const key = [...hosts, atATime(hosts.length, step.serial), step.maxFailures ?? 0].join('\n')
    if (block?.key !== key) {
      flush()
      block = { key, hosts, steps: [] }
    }
    block.steps.push(step)
  }
  flush()
  return units
}

/** Hosts in batches: one, then as many as `serial` says, a number or a percentage of all (rounded down, at least one). */
function batchesOf(hosts: readonly string[], serial: Step['serial']): string[][] {
  const size = atATime(hosts.length, serial)
  const batches = [hosts.slice(0, 1)]
  for (let at = 1; at < hosts.length; at += size) batches.push(hosts.slice(at, at + size))
  return batches
}

function atATime(hosts: number, serial: Step['serial'] = 1): number {
  if (typeof serial === 'number') return serial
  return Math.max(1, Math.floor((hosts * Number.parseInt(serial, 10)) / 100))
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
