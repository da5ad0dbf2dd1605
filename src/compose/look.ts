import type { SitrepError } from '../model/errors.ts'
import { emptyIncident } from '../model/reduce.ts'
import { type Observed, runChecks } from '../run/checks.ts'
import { keepNothing } from '../run/keep.ts'
import { planAll } from '../run/run.ts'
import type { Approve, StepPlan } from '../run/types.ts'
import { type Recording, runContext } from './context.ts'
import { createFleet } from './fleet.ts'
import { type Asked, type Asking, prompterOf, reach, ready } from './headless.ts'
import { sinks } from './incident.ts'

/** A recording that keeps nothing, for a look that is not part of an incident. */
export function unrecorded(): Recording {
  return {
    ...sinks(),
    id: '',
    append: async (type, data) => ({ type, data }) as never,
    keep: keepNothing,
    read: () => emptyIncident(''),
  }
}

/** Nobody approves anything: a look never gets so far as to ask. */
const nobody: Approve = async () => ({ answer: 'stop', reason: 'only looking' })

/** What `plan` found: the plan of each step on each reached host, and what its observing checks say. */
export interface Looked {
  runbook: string
  hosts: { host: string; reached: boolean; reason?: string; steps: StepPlan[] }[]
  checks: Observed[]
  unreached: SitrepError[]
}

/** Inspects a whole runbook and changes nothing; `probes` and `steps` choose what is looked at. */
export async function look(
  asked: Asked,
  asking: Asking,
  o: { steps: boolean; effects: readonly ('observe' | 'probe')[]; recording: Recording; signal: AbortSignal },
): Promise<Looked> {
  const { recording, signal } = o
  const { inventory, prepared } = await ready(asked, recording.secrets, asking)
  await using fleet = await createFleet({
    hosts: prepared.hosts,
    secrets: recording.secrets,
    signal,
    ...prompterOf(asking),
  })
  const context = runContext({
    run: '',
    record: recording,
    inventory,
    prepared,
    fleet,
    approve: nobody,
    signal,
  })
  const failed = await reach(fleet, prepared, signal)
  const units = o.steps ? prepared.units.filter(({ host }) => !failed.has(host)) : []
  const [planned, checks] = await Promise.all([
    planAll(context, units),
    runChecks(
      context,
      prepared.checks.filter(({ host }) => !failed.has(host)),
      'once',
      o.effects,
    ),
  ])
  const hosts = prepared.hosts.map(({ name }) => {
    const reason = failed.get(name)?.message
    const steps = planned.planned.map(({ shown }) => shown).filter(({ host }) => host === name)
    return { host: name, reached: reason === undefined, ...(reason === undefined ? {} : { reason }), steps }
  })
  return { runbook: prepared.runbook.name, hosts, checks, unreached: [...failed.values()] }
}
