import type { Step } from '../model/runbook.ts'
import type { Unit } from './context.ts'

/**
 * The order of a run. Neighbouring steps on the same hosts, as many at a time, form a block; it is done whole on one host
 * before it begins on the next (or the next few, see `batchesOf`), so that a failure on host 1 leaves hosts 2 to n untouched.
 * A manual step asks once, on the first of its hosts.
 *
 * Example: steps a, b on [h1, h2], then c on e1: a@h1 b@h1 a@h2 b@h2 c@e1.
 */
export function scheduleUnits(steps: readonly Step[], hostsOf: (step: Step) => string[]): Unit[] {
  const units: Unit[] = []
  let block: { key: string; hosts: string[]; steps: Step[] } | undefined
  let number = 0
  const flush = () => {
    const [first] = block?.steps ?? []
    if (block === undefined || first === undefined) return
    const { hosts, steps } = block
    const limits = { atATime: atATime(hosts.length, first.serial), mayFail: first.maxFailures ?? 0 }
    for (const host of hosts)
      for (const step of steps) units.push({ step, host, block: { number, ...limits } })
    number++
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

/** The neighbours of one block, with its limits; a unit that is in none is one by itself. */
export function blocksOf(units: readonly Unit[]): { units: Unit[]; atATime: number; mayFail: number }[] {
  const found: { units: Unit[]; atATime: number; mayFail: number }[] = []
  let last: number | undefined
  for (const unit of units) {
    const { number, atATime = 1, mayFail = 0 } = unit.block ?? {}
    if (number === undefined || number !== last) found.push({ units: [], atATime, mayFail })
    last = number
    found.at(-1)?.units.push(unit)
  }
  return found
}

/**
 * The hosts of a block in the batches that run side by side: one alone (a canary) until one came through, then as many as
 * the block takes at a time. `proven` is asked before each batch.
 */
export function* batchesOf(
  hosts: readonly string[],
  atATime: number,
  proven: () => boolean,
): Generator<string[]> {
  for (let at = 0; at < hosts.length; ) {
    const batch = hosts.slice(at, at + (proven() ? atATime : 1))
    at += batch.length
    yield batch
  }
}

/** How many hosts at a time: a number, or a percentage of all (rounded down, at least one). */
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
