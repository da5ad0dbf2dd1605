import pLimit from 'p-limit'
import { exitCodeOf, messageOf, SitrepError } from '../model/errors.ts'
import { type CheckUnit, channelsAtOnce, type Observed, runChecks } from './checks.ts'
import type { Outputs, RunContext, Unit } from './context.ts'
import type { UnitEnd } from './end.ts'
import { type Inspected, inspectUnit, stampOf, type Waiting } from './inspect.ts'
import { markStale } from './stale.ts'
import { runUnit } from './step.ts'

/** What came of some units; `codes` are folded to an exit code by the caller. */
export interface UnitsEnd {
  codes: number[]
  ends: { unit: Unit; end: UnitEnd }[]
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

/** Runs units one after another, until one of them stops the run. */
export async function runUnits(
  context: RunContext,
  units: readonly Unit[],
  outputs: Outputs,
): Promise<UnitsEnd> {
  const all: UnitsEnd = { codes: [], ends: [] }
  for (const unit of units) {
    const end = context.signal.aborted ? interrupted : await runUnitOrTell(context, unit, outputs)
    all.ends.push({ unit, end })
    if (end.code === 0) continue
    all.codes.push(end.code)
    break
  }
  return all
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
