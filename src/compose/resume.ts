import { SitrepError } from '../model/errors.ts'
import type { Incident, StartedChange, StepState } from '../model/incident.ts'
import { isStepDone } from '../model/stepDone.ts'
import { begunOf, type Settled, settleBegun, sweepJobs } from '../run/begun.ts'
import type { RunContext, Unit } from '../run/context.ts'
import { leftOf } from '../run/left.ts'
import { type Dangling, danglingOf, settleDangling } from '../run/resume.ts'
import { planAll } from '../run/run.ts'
import type { OpenIncident } from './incident.ts'
import { missingSecrets, resolveSecrets, type UnknownSecret } from './secrets.ts'

/**
 * Looks what became of everything that earlier runs had started on these hosts, and records it. Gives the codes of what
 * did not end well, and whether the run may go on: not where one of its own units is among those.
 */
export async function settleEarlier(
  context: RunContext,
  incident: Pick<OpenIncident, 'read'>,
  o: { dangling: readonly Dangling[]; hosts: readonly string[]; all: readonly Unit[]; next: readonly Unit[] },
): Promise<{ codes: number[]; goesOn: boolean; notes: string[] }> {
  const codes: number[] = []
  let goesOn = true
  for (const left of o.dangling.filter(({ state }) => o.hosts.includes(state.host))) {
    const { step, host } = left.state
    const same = (unit: Unit) => unit.step.id === step && unit.host === host
    const end = await settleDangling(context, left, {
      unit: o.all.find(same),
      open: () => danglingOf(incident.read()).some(({ change }) => change.started === left.change.started),
    })
    if (end.code === 0) continue
    codes.push(end.code)
    if (context.signal.aborted || o.next.some(same)) goesOn = false
  }
  const others = await settleOthers(context, incident, o.hosts)
  for (const { begun, is } of others) {
    if (begun.is !== 'undo' || is === 'ok') continue
    codes.push(is === 'failed' ? 1 : 5)
    if (o.next.some(({ step, host }) => step.id === begun.step && host === begun.host)) goesOn = false
  }
  return { codes, goesOn, notes: others.map(saySettled) }
}

/**
 * Looks what became of the undos and commands that earlier consoles began on these hosts, and records it; then removes from
 * them the folders of jobs whose results are recorded.
 */
export async function settleOthers(
  context: Parameters<typeof settleBegun>[0],
  incident: Pick<OpenIncident, 'read'>,
  hosts: readonly string[],
): Promise<Settled[]> {
  const { jobs = {} } = incident.read()
  if (!Object.values(jobs).some(({ host }) => hosts.includes(host))) return []
  const settled = await settleBegun(context, begunOf(incident.read(), hosts), ({ id }) =>
    begunOf(incident.read()).some((one) => one.id === id),
  )
  // A host that does not answer keeps them for the next look; `sitrep doctor` lists them.
  const sweep = async (host: string) => sweepJobs(await context.session(host), incident.read())
  await Promise.all(hosts.map((host) => sweep(host).catch(() => 0)))
  return settled
}

/** One line for what was found. */
export function saySettled({ begun, reason }: Settled): string {
  const { is, step, host, say, at } = begun
  const what = is === 'undo' ? `undo of ${step} (${say})` : say
  return `${what} on ${host}, started ${at.slice(11, 19)}: ${reason}`
}

/**
 * The secrets of the incident that this process does not know as they were when the changes were started that are looked
 * at (those without an end where none are given), after a look where they came from and one at the hosts, which teaches
 * those that were learned there. Until they are known, what a job printed meanwhile stays on its host: nothing could hide
 * them in it.
 */
export async function unknownSecrets(
  context: RunContext,
  incident: Pick<OpenIncident, 'read' | 'hides'>,
  units: readonly Unit[],
  changes: readonly Pick<StartedChange, 'at'>[] = openChanges(incident.read()),
): Promise<UnknownSecret[]> {
  const at = changes.map((change) => change.at)
  const missing = await resolveSecrets(incident, context.secrets, { at })
  if (missing.length > 0) await planAll(context, units).catch(() => undefined)
  return missingSecrets(incident, context.secrets, at)
}

/** Everything that was started and whose end is not recorded. */
export function openChanges(incident: Incident): Pick<StartedChange, 'at'>[] {
  return [...danglingOf(incident).map(({ change }) => change), ...begunOf(incident)]
}

/** Says which units no run of the runbook has done yet; none where it was never run in this incident. */
export function openUnits(
  incident: Incident,
  runbook: string,
  earlier: (unit: Unit) => StepState | undefined,
): (unit: Unit) => boolean {
  const ranBefore = Object.values(incident.runs).some((run) => run.runbook === runbook)
  return (unit) => {
    const state = earlier(unit)
    return ranBefore && (state === undefined || !isStepDone(state))
  }
}

/** The unit with what an earlier run left of it. */
export function withLeft(unit: Unit, earlier: (unit: Unit) => StepState | undefined): Unit {
  const left = leftOf(earlier(unit))
  return left === undefined ? unit : { ...unit, left }
}

/** Throws a usage error where the runbook has no such step. */
export function requireStep(steps: readonly { id: string }[], from: string | undefined): void {
  if (from === undefined || steps.some(({ id }) => id === from)) return
  throw new SitrepError('usage', `the runbook has no step ${from}`, {
    next: `its steps: ${steps.map(({ id }) => id).join(', ')}`,
  })
}
