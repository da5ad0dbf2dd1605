import { SitrepError } from '../model/errors.ts'
import type { Host, Inventory } from '../model/host.ts'
import type { LogSource } from '../model/log.ts'
import type { Runbook } from '../model/runbook.ts'
import type { CheckUnit } from '../run/checks.ts'
import type { Outputs, Resolution, Unit } from '../run/context.ts'
import { scheduleUnits } from '../run/schedule.ts'
import { parseCondition } from '../runbook/condition.ts'
import { type ParamSources, resolveParams, showParams } from '../runbook/given.ts'
import { resolveCheck, resolveLog, resolveStep } from '../runbook/resolve.ts'
import { pickHosts } from './inventory.ts'
import { kinds } from './kinds.ts'

/** A runbook made ready for a set of hosts: everything filled in that can be known before the first step. */
export interface Prepared {
  runbook: Runbook
  /** Every host that a step or a check names, in the order of the runbook. */
  hosts: Host[]
  /** The one group that names exactly these hosts, where they were asked for by it. */
  group: string | undefined
  /** Parameters for people: secrets as their mark. */
  shownParams: Record<string, string>
  units: Unit[]
  checks: CheckUnit[]
  logs: LogSource[]
  resolve(unit: Unit, outputs: Outputs): Resolution
}

/**
 * Fills in a runbook for the hosts of the inventory; `hosts` (of `--host`) takes the place of the runbook's own.
 * Throws a usage error, with its position in the file, for what does not fit; no host is contacted.
 */
export async function prepareRun(o: {
  runbook: Runbook
  inventory: Inventory
  hosts: readonly string[]
  given: Readonly<Record<string, string>>
  sources: ParamSources
}): Promise<Prepared> {
  const { runbook, inventory } = o
  const params = await resolveParams(runbook, o.given, o.sources)
  const hosts = new Map<string, Host>()
  const pick = (names: readonly string[] | undefined): string[] => {
    const given = o.hosts.length > 0
    const found =
      names === undefined && given
        ? pickHosts(inventory, o.hosts, { adHoc: true })
        : pickHosts(inventory, names ?? runbook.hosts)
    if (found.length === 0) {
      throw new SitrepError('usage', 'no host to run on', {
        where: runbook.file,
        next: 'name one with --host, or with `hosts:` in the runbook',
      })
    }
    for (const host of found) hosts.set(host.name, host)
    return found.map(({ name }) => name)
  }
  const valuesOf = (host: string, outputs?: Outputs) => ({
    host: hostOf(hosts, host),
    params,
    vars: runbook.vars,
    ...(outputs === undefined
      ? {}
      : {
          steps: {
            get: (name: string) => outputs.get(host, name),
            id: (name: string) => outputNames.get(name) ?? name,
          },
        }),
  })
  const units = scheduleUnits(runbook.steps, (step) => pick(step.hosts)).map((unit): Unit => {
    const when = unit.step.if === undefined ? undefined : parseCondition(unit.step.if)
    return when === undefined ? unit : { ...unit, when }
  })
  const outputNames = new Map(
    runbook.steps.flatMap(({ id, register }) => (register === undefined ? [] : [[register, id] as const])),
  )
  const checks = runbook.checks.flatMap((spec) =>
    pick(spec.hosts).map((host): CheckUnit => {
      const kind = kinds.checks.find(({ kind }) => kind === spec.kind)
      if (kind === undefined) throw new SitrepError('usage', `unknown check ${spec.kind}`)
      const { with: filled, title, as } = resolveCheck(spec, { ...valuesOf(host), kind })
      return { spec: { ...spec, title, ...(as === undefined ? {} : { as }) }, host, kind, params: filled }
    }),
  )
  const logs = runbook.logs.flatMap((spec) =>
    pick(spec.hosts).map((host): LogSource => {
      const { kind, name, as } = resolveLog(spec, valuesOf(host))
      return { key: `${host} ${kind}:${name}`, host, kind, name, ...(as === undefined ? {} : { as }) }
    }),
  )
  const resolve = ({ step, host }: Unit, outputs: Outputs): Resolution => {
    const action = kinds.actions.find(({ name }) => name === step.uses)
    if (action === undefined) throw new SitrepError('usage', `unknown action ${step.uses}`)
    const resolved = resolveStep(step, { ...valuesOf(host, outputs), action })
    if (resolved.after !== undefined) return { is: 'after', step: resolved.after }
    const { with: filled, title, as } = resolved
    return { is: 'resolved', action, params: filled, title, ...(as === undefined ? {} : { as }) }
  }
  // A value that does not fit shows now, with its position, and not in the middle of the run.
  const nothing: Outputs = { get: () => undefined, set: () => undefined }
  for (const unit of units) resolve(unit, nothing)
  return {
    runbook,
    hosts: [...hosts.values()],
    group: groupOf(inventory, o.hosts.length > 0 ? o.hosts : runbook.hosts, [...hosts.keys()]),
    shownParams: showParams(params),
    units,
    checks,
    logs,
    resolve,
  }
}

function groupOf(
  inventory: Inventory,
  asked: readonly string[],
  hosts: readonly string[],
): string | undefined {
  const [name] = asked
  if (asked.length !== 1 || name === undefined) return undefined
  const members = inventory.hosts.filter(({ groups }) => groups.includes(name)).map((host) => host.name)
  return members.length === hosts.length && members.every((member) => hosts.includes(member))
    ? name
    : undefined
}

function hostOf(hosts: ReadonlyMap<string, Host>, name: string): Host {
  const host = hosts.get(name)
  if (host === undefined) throw new SitrepError('usage', `unknown host ${name}`)
  return host
}
