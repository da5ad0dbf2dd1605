import pLimit from 'p-limit'
import { exitCodeOf, messageOf, SitrepError } from '../model/errors.ts'
import { type CheckUnit, channelsAtOnce, type Observed, runChecks } from './checks.ts'
import type { Outputs, RunContext, Unit } from './context.ts'
import type { UnitEnd } from './end.ts'
import { type Gathered, gatherApprovals } from './gather.ts'
import { type Inspected, inspectUnit, stampOf, type Waiting } from './inspect.ts'
import { batchesOf, blocksOf } from './schedule.ts'
import { markStale } from './stale.ts'
import { runUnit } from './step.ts'

/** What came of some units; `codes` are folded to an exit code by the caller. */
export interface UnitsEnd {
  codes: number[]
  ends: { unit: Unit; end: UnitEnd }[]
  /** Which hosts of several did not come to their end, in words; undefined where all did. */
  summary: string | undefined
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
 * Runs units block by block; the hosts of a batch side by side, the units of one host in order. A host on which a unit failed
 * (or that was not reached) is out, and where more hosts of a block failed than may, nothing new is begun: what comes after
 * stays untouched.
 */
export async function runUnits(
  context: RunContext,
  units: readonly Unit[],
  outputs: Outputs,
  unreached: ReadonlySet<string> = new Set(),
): Promise<UnitsEnd> {
  const codes: number[] = []
  const ends: UnitsEnd['ends'] = []
  const out = new Set(unreached)
  /** Why nothing new is begun. */
  let stopped: string | undefined

  for (const block of blocksOf(units)) {
    if (stopped !== undefined) break
    const byHost = Map.groupBy(block.units, ({ host }) => host)
    const lost = [...byHost.keys()].filter((host) => unreached.has(host))
    let failures = lost.length
    let came = 0
    const hosts = [...byHost.keys()].filter((host) => !out.has(host))

    const onHost = async (host: string, own: RunContext, gathered: Gathered | undefined): Promise<void> => {
      for (const unit of byHost.get(host) ?? []) {
        if (stopped !== undefined) return
        gathered?.next(host)
        const end = context.signal.aborted ? interrupted : await runUnitOrTell(own, unit, outputs)
        ends.push({ unit, end })
        if (end.code === 0) continue
        codes.push(end.code)
        out.add(host)
        failures++
        // A person who says stop means the run, and not only this host.
        const over = end.end === 'stopped' || end.end === 'cancelled' || failures > block.mayFail
        if (over) stopped ??= `the run stopped: ${unit.step.id} on ${host}: ${end.reason}`
        if (stopped !== undefined) gathered?.stop(stopped)
        return
      }
      came++
    }

    for (const batch of batchesOf(hosts, block.atATime, () => came > 0)) {
      if (stopped !== undefined) break
      const several = batch.length > 1 && context.asksPerson === true
      const gathered = several ? gatherApprovals(context.approve, batch) : undefined
      const stamps = new Map<string, string>()
      const stamp = (step: string) => {
        const drawn = stamps.get(step) ?? stampOf(context.now())
        stamps.set(step, drawn)
        return drawn
      }
      const settled = await Promise.allSettled(
        batch.map(async (host) => {
          const approve = gathered?.approver(host) ?? context.approve
          try {
            await onHost(host, { ...context, approve, ...(batch.length > 1 ? { stamp } : {}) }, gathered)
          } catch (error) {
            stopped ??= messageOf(error)
            gathered?.stop(stopped)
            throw error
          } finally {
            gathered?.done(host)
          }
        }),
      )
      for (const end of settled) if (end.status === 'rejected') throw end.reason
    }
  }
  return { codes, ends, summary: summaryOf(units, ends, unreached) }
}

/** Which hosts did not come to their end: `failed: web-6 (slow: exit 1); not finished: web-3 (set); not touched: web-7`. */
export function summaryOf(
  units: readonly Unit[],
  ends: UnitsEnd['ends'],
  unreached: ReadonlySet<string>,
): string | undefined {
  const hosts = [...new Set(units.map(({ host }) => host))]
  if (hosts.length < 2) return undefined
  const failed = ends.filter(({ end }) => end.code !== 0)
  const touched = new Set(ends.map(({ unit }) => unit.host))
  const left = hosts
    .filter((host) => touched.has(host) && !failed.some(({ unit }) => unit.host === host))
    .flatMap((host) => {
      const next = units.find(
        (unit) =>
          unit.host === host &&
          !ends.some((one) => one.unit.step.id === unit.step.id && one.unit.host === host),
      )
      return next === undefined ? [] : [`${host} (${next.step.id})`]
    })
  const parts = [
    ['failed', failed.map(({ unit, end }) => `${unit.host} (${unit.step.id}: ${end.reason})`)],
    ['not reached', hosts.filter((host) => unreached.has(host))],
    ['not finished', left],
    ['not touched', hosts.filter((host) => !touched.has(host) && !unreached.has(host))],
  ] as const
  const said = parts
    .filter(([, names]) => names.length > 0)
    .map(([word, names]) => `${word}: ${names.join(', ')}`)
  return said.length === 0 ? undefined : said.join('; ')
}

/** True where a run may go on without these hosts: no block loses more of them than may fail in it. */
export function bearable(units: readonly Unit[], unreached: ReadonlySet<string>): boolean {
  return blocksOf(units).every((block) => {
    const lost = new Set(block.units.map(({ host }) => host).filter((host) => unreached.has(host)))
    return lost.size <= block.mayFail
  })
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
