import pLimit from 'p-limit'
import { exitCodeOf, messageOf, SitrepError } from '../model/errors.ts'
import { type CheckUnit, channelsAtOnce, type Observed, runChecks } from './checks.ts'
import type { Outputs, RunContext, Unit } from './context.ts'
import type { UnitEnd } from './end.ts'
import { type Gathered, gatherApprovals } from './gather.ts'
import { type Inspected, inspectUnit, stampOf, type Waiting } from './inspect.ts'
import { markStale } from './stale.ts'
import { runUnit } from './step.ts'

/** What came of some units; `codes` are folded to an exit code by the caller. */
export interface UnitsEnd {
  codes: number[]
  ends: { unit: Unit; end: UnitEnd }[]
  /** The hosts on which nothing was begun, since the run had stopped before them. */
  untouched: string[]
}

/** Outputs by host and name, in memory. */
export function createOutputs(): Outputs {
  const values = new Map<string, string>()
  return {
    get: (host, name) => values.get(`${host}\n${name}`),
    set: (host, name, value) => void values.set(`${host}\n${name}`, value),
  }
}

/** Plans every unit without touching anything, hosts side by side; what can't be reached is told for each. */
export async function planAll(
  context: RunContext,
  units: readonly Unit[],
  onPlanned?: (planned: Inspected | Waiting) => void,
): Promise<{ planned: (Inspected | Waiting)[]; unreached: Map<string, SitrepError> }> {
  const planned = new Map<Unit, Inspected | Waiting>()
  const unreached = new Map<string, SitrepError>()
  const outputs = createOutputs()
  const stamp = stampOf(context.now())
  const byHost = Map.groupBy(units, ({ host }) => host)
  await Promise.all(
    [...byHost].map(async ([host, list]) => {
      try {
        await context.session(host)
      } catch (error) {
        if (!(error instanceof SitrepError)) throw error
        unreached.set(host, error)
        return
      }
      const limit = pLimit(channelsAtOnce)
      await limit.map(list, async (unit) => {
        const found = await inspectUnit(context, unit, outputs, stamp)
        planned.set(unit, found)
        onPlanned?.(found)
      })
    }),
  )
  const inOrder = units.flatMap((unit) => planned.get(unit) ?? [])
  const marked = markStale(inOrder)
  for (const [index, found] of marked.entries()) if (found !== inOrder[index]) onPlanned?.(found)
  return { planned: marked, unreached }
}

/**
 * Runs units batch by batch; the hosts of a batch side by side, the units of one host in order. A host on which a unit
 * failed (or that was not reached) is out, and where more hosts of a block failed than may, nothing new is begun: what
 * comes after stays untouched.
 */
export async function runUnits(
  context: RunContext,
  units: readonly Unit[],
  outputs: Outputs,
  unreached: ReadonlySet<string> = new Set(),
): Promise<UnitsEnd> {
  const all: UnitsEnd = { codes: [], ends: [], untouched: [] }
  const out = new Set(unreached)
  const failed = new Map([...failuresIn(units, unreached)].map(([block, { failures }]) => [block, failures]))
  let stopped = false

  async function onHost(host: string, list: readonly Unit[], gathered: Gathered | undefined): Promise<void> {
    const own = gathered === undefined ? context : { ...context, approve: gathered.approver(host) }
    for (const unit of list) {
      if (stopped || out.has(host)) return
      gathered?.next(host)
      const end = context.signal.aborted ? interrupted : await runUnitOrTell(own, unit, outputs)
      all.ends.push({ unit, end })
      if (end.code === 0) continue
      all.codes.push(end.code)
      out.add(host)
      const failures = (failed.get(unit.block ?? 0) ?? 0) + 1
      failed.set(unit.block ?? 0, failures)
      // A person who says stop means the run, and not only this host.
      stopped ||= end.end === 'stopped' || end.end === 'cancelled' || failures > (unit.mayFail ?? 0)
    }
  }

  for (const batch of batches(units)) {
    if (stopped) break
    const hosts = Map.groupBy(batch, ({ host }) => host)
    const several = hosts.size > 1 && context.asksPerson === true
    const gathered = several ? gatherApprovals(context.approve, [...hosts.keys()]) : undefined
    const ended = await Promise.allSettled(
      [...hosts].map(async ([host, list]) => {
        try {
          await onHost(host, list, gathered)
        } catch (error) {
          stopped = true
          throw error
        } finally {
          gathered?.done(host)
        }
      }),
    )
    for (const end of ended) if (end.status === 'rejected') throw end.reason
  }
  const touched = new Set(all.ends.map(({ unit }) => unit.host))
  all.untouched = [...new Set(units.map(({ host }) => host))].filter((host) => !touched.has(host))
  return all
}

/** True where a run may go on without these hosts: no block loses more of them than may fail in it. */
export function bearable(units: readonly Unit[], unreached: ReadonlySet<string>): boolean {
  return [...failuresIn(units, unreached).values()].every(({ failures, mayFail }) => failures <= mayFail)
}

function failuresIn(
  units: readonly Unit[],
  unreached: ReadonlySet<string>,
): Map<number, { failures: number; mayFail: number }> {
  const blocks = Map.groupBy(units, ({ block = 0 }) => block)
  return new Map(
    [...blocks].map(([block, list]) => {
      const lost = new Set(list.map(({ host }) => host).filter((host) => unreached.has(host)))
      return [block, { failures: lost.size, mayFail: list[0]?.mayFail ?? 0 }]
    }),
  )
}

/** Neighbours of one batch together; a unit that says none is a batch of its own. */
function batches(units: readonly Unit[]): Unit[][] {
  const found: Unit[][] = []
  let last: number | undefined
  for (const unit of units) {
    if (unit.batch === undefined || unit.batch !== last) found.push([])
    last = unit.batch
    found.at(-1)?.push(unit)
  }
  return found
}

/** The checks of a phase with both effects where probes are approved, else the observing ones alone. */
export async function checksOf(
  context: RunContext,
  checks: readonly CheckUnit[],
  phase: 'before' | 'after',
  probes: boolean,
): Promise<Observed[]> {
  context.progress({ step: '', host: '', doing: `checks ${phase} the steps` })
  return runChecks(context, checks, phase, probes ? ['observe', 'probe'] : ['observe'])
}

const interrupted: UnitEnd = { end: 'stopped', code: 130, reason: 'interrupted' }

async function runUnitOrTell(context: RunContext, unit: Unit, outputs: Outputs): Promise<UnitEnd> {
  try {
    return await runUnit(context, unit, outputs)
  } catch (error) {
    return unitThrew(context, unit, error)
  }
}

async function unitThrew(context: RunContext, unit: Unit, error: unknown): Promise<UnitEnd> {
  const kind = error instanceof SitrepError ? error.kind : undefined
  const reason = messageOf(error)
  // Without a record there is no run; and what is not ours to explain is not swallowed.
  if (kind === undefined || kind === 'recording') throw error
  await context.append('step.verified', {
    run: context.run,
    step: unit.step.id,
    host: unit.host,
    verdict: 'failed',
    reason,
    ms: 0,
  })
  return { end: 'failed', code: exitCodeOf[kind], reason }
}
