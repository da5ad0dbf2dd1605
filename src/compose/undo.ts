import { exitCodeOf, SitrepError, worstExit } from '../model/errors.ts'
import type { Append } from '../model/event.ts'
import type { Incident, StartedChange, StepState } from '../model/incident.ts'
import { isStillRunning } from '../model/stillRunning.ts'
import type { Started } from '../run/apply.ts'
import type { Settled } from '../run/begun.ts'
import { carryOut } from '../run/carry/index.ts'
import type { RunContext } from '../run/context.ts'
import { hashOf } from '../run/hash.ts'
import { hasBegun, startedOf } from '../run/left.ts'
import { createLocks, type Locks, underLock } from '../run/locks.ts'
import { approvalPolicy } from '../run/policy.ts'
import { danglingOf, settleDangling, stepOf } from '../run/resume.ts'
import type { Approve, StepPlan } from '../run/types.ts'
import { undoStarted } from '../run/undo.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { Asking } from './headless.ts'
import type { OpenIncident } from './incident.ts'
import { openInventory, pickHosts } from './inventory.ts'
import { operatorName } from './operator.ts'
import { saySettled, settleOthers } from './resume.ts'
import { resolveSecrets, unseenSecrets, withholding } from './secrets.ts'

/** Undoes the steps of an incident from its journal, newest first; asks once for each step. */
export async function undoIncident(
  incident: OpenIncident,
  o: {
    step?: string
    hosts: readonly string[]
    inventory?: string
    asking: Asking
    approve: Approve
    /** True where a person approves. */
    asksPerson?: boolean
    /** The locks of others that may be taken over, by their ids. */
    takeOver?: readonly string[]
    signal: AbortSignal
  },
): Promise<{ code: number; reason: string }> {
  requireKnown(Object.values(incident.read().steps), o)
  const asked = ({ step, host }: Pick<StepState, 'step' | 'host'>) =>
    (o.step === undefined || step === o.step) && (o.hosts.length === 0 || o.hosts.includes(host))
  const toUndo = () => undoable(Object.values(incident.read().steps)).filter(asked)
  let states = toUndo()
  if (states.length === 0) return { code: 0, reason: 'nothing to undo' }
  const inventory = await openInventory(o.inventory)
  const names = [...new Set(states.map(({ host }) => host))]
  const hosts = pickHosts(inventory, names, { adHoc: true })
  const policy = approvalPolicy({ hosts, confirmOver: inventory.confirmOver })
  await using fleet = await createFleet({
    hosts,
    secrets: incident.secrets,
    append: incident.append,
    ...(o.asking.prompter === undefined ? {} : { prompter: o.asking.prompter }),
  })
  await using locks = createLocks({ by: operatorName(), runbook: '', takeOver: o.takeOver ?? [] })
  const unseen = await resolveSecrets(incident, incident.secrets, {
    at: states.flatMap(remaining).map(({ at }) => at),
    prompter: o.asking.prompter,
  })
  const ended = (codes: number[], reason: string) => ({
    code: worstExit(incident.stopped() === undefined ? codes : [...codes, exitCodeOf.recording]),
    reason: unseen.length === 0 ? reason : `${reason}\n${unseenSecrets(unseen)}`,
  })
  const secretNames = unseen.map(({ name }) => name)
  const contextOf = (state: StepState) =>
    withholding(undoContext(incident, state, fleet, policy, { ...o, locks }), secretNames)
  const codes: number[] = []
  const runs = unseen.length > 0 ? undefined : await settleChanges(incident, contextOf, states)
  if (runs !== undefined) return ended([exitCodeOf.unknown_outcome], runs)
  const begun = unseen.length > 0 ? [] : await settleUndos(incident, fleet, names, o.signal)
  const open = begun.find(({ begun, is }) => begun.is === 'undo' && is === 'running')
  // It may still be at work: nothing is put back beside it.
  if (open !== undefined) return ended([exitCodeOf.unknown_outcome], saySettled(open))
  // What was found never to have begun is not taken back.
  states = toUndo()
  if (states.length === 0) return ended([], 'nothing to undo: it never began on its host')
  for (const state of states) {
    const end = await undoState(contextOf(state), state, incident.read())
    codes.push(end.code)
    if (end.code !== 0) return ended(codes, `${state.step} on ${state.host}: ${end.reason}`)
  }
  return ended(codes, `undone: ${states.map(({ step, host }) => `${step} on ${host}`).join(', ')}`)
}

/**
 * Looks what became of those changes of the steps whose end is not recorded, and records it. Gives why nothing may be taken back
 * yet: one of them still runs.
 */
async function settleChanges(
  incident: Pick<OpenIncident, 'read'>,
  contextOf: (state: StepState) => RunContext,
  states: readonly StepState[],
): Promise<string | undefined> {
  for (const { run, step, host } of states) {
    const open = () =>
      danglingOf(incident.read()).filter(
        ({ state }) => state.run === run && state.step === step && state.host === host,
      )
    for (const dangling of open()) {
      const { end, reason } = await settleDangling(contextOf(dangling.state), dangling, {
        unit: undefined,
        open: () => open().some(({ change }) => change.started === dangling.change.started),
        waits: false,
      })
      if (end === 'unknown' && isStillRunning({ problem: reason }))
        return `${step} on ${host}: ${reason}; nothing was taken back`
    }
  }
  return undefined
}

/** Looks what became of undos that an earlier console began on these hosts, and waits for those that run. */
function settleUndos(
  incident: OpenIncident,
  fleet: Pick<Fleet, 'session' | 'local'>,
  hosts: readonly string[],
  signal: AbortSignal,
): Promise<Settled[]> {
  const context = {
    session: fleet.session,
    local: fleet.local,
    secrets: incident.secrets,
    append: incident.append,
    keep: incident.keep,
    text: (bytes: Uint8Array) => incident.pipe.bytes(bytes),
    progress: () => undefined,
    signal,
  }
  return settleOthers(context, incident, hosts)
}

/** Throws a usage error where the incident has no such step or host; a typing mistake is not "nothing to undo". */
function requireKnown(states: readonly StepState[], o: { step?: string; hosts: readonly string[] }): void {
  const steps = [...new Set(states.map(({ step }) => step))]
  const hosts = [...new Set(states.map(({ host }) => host))]
  const known = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '))
  if (o.step !== undefined && !steps.includes(o.step))
    throw new SitrepError('usage', `the incident has no step ${o.step}`, {
      next: `its steps: ${known(steps)}`,
    })
  const other = o.hosts.find((host) => !hosts.includes(host))
  if (other !== undefined)
    throw new SitrepError('usage', `no step of the incident ran on ${other}`, {
      next: `its hosts: ${known(hosts)}`,
    })
}

/** The steps that changed something which was not taken back yet, newest first. */
export function undoable(states: readonly StepState[]): StepState[] {
  const last = ({ changes }: StepState) => changes.at(-1)?.started ?? ''
  return states
    .filter((state) => remaining(state).length > 0)
    .toSorted((a, b) => (last(a) < last(b) ? 1 : -1))
}

/** The changes of a step that were not taken back yet. */
export function remaining({ changes }: StepState): StartedChange[] {
  return changes.filter((change) => change.undone?.verdict !== 'ok' && hasBegun(change))
}

/** Undoes one step: asks as the policy of its hosts wants it, journals the answer, then takes its changes back in reverse order. */
export async function undoState(
  context: RunContext,
  state: StepState,
  { jobs }: Pick<Incident, 'jobs'> = {},
): Promise<{ code: number; reason: string }> {
  const started = remaining(state).map(startedOf)
  const shown = undoPlan(state, started)
  const ref = { run: state.run, step: state.step, host: state.host }
  const wanted = context.confirm({ step: stepOf(state), host: state.host }, shown.risk, {})
  const repeats = repeatsOf(state, jobs)
  const request = { id: crypto.randomUUID(), plan: shown, ...wanted, ...(repeats ? { repeats } : {}) }
  const decision = await context.approve(request, context.signal)
  if (decision.answer !== 'run') {
    const reason = decision.answer === 'said' ? 'not approved' : decision.reason
    await context.append('undo.refused', { ...ref, reason })
    return { code: 4, reason }
  }
  const { step, host, title, resources = [] } = state
  const end = await underLock(context, { step, host, title, resources }, async (locked) => {
    await context.append('undo.approved', { ...ref, how: decision.how })
    return undoStarted(locked, { step, host, title }, started)
  })
  if ('done' in end) return end.done
  await context.append('undo.refused', { ...ref, reason: end.lockedOut })
  return { code: 4, reason: end.lockedOut }
}

/**
 * Why an undo would do something a second time: a console began it and died. Files are compared before they are put back, so
 * only what is a command alone can be done twice.
 */
function repeatsOf(state: StepState, jobs: Incident['jobs'] = {}): string | undefined {
  const { run, step, host } = state
  const told = state.changes.map(({ undone }) => undone?.at ?? '').reduce((a, b) => (a > b ? a : b), '')
  const began = Object.values(jobs)
    .filter((job) => job.is === 'undo' && job.run === run && job.step === step && job.host === host)
    .findLast(({ at, ended }) => at > told && ended !== 'cancel')
  const commands = remaining(state).some(
    ({ undo }) =>
      Array.isArray(undo) &&
      undo.length > 0 &&
      !undo.some((change) => 'put' in change || 'remove' in change || 'link' in change),
  )
  if (began === undefined || !commands) return undefined
  const how =
    began.ended === undefined || began.ended === 'lost' ? 'its end is not known' : 'it came to its end'
  return `an undo of it was begun ${began.at.slice(0, 19)}Z by ${began.by}, and ${how}: it would be done a second time`
}

function undoPlan(state: StepState, started: readonly Started[]): StepPlan {
  const changes = started
    .toReversed()
    .flatMap(({ undo }) =>
      Array.isArray(undo)
        ? undo
        : [{ say: `can't be undone: ${undo.impossible}`, ask: { question: undo.impossible } }],
    )
  const because = `takes back what ${state.step} changed`
  const plan = {
    outcome: 'would_change' as const,
    because,
    changes: changes.map((change) => ({ do: change, undo: { impossible: 'this is itself an undo' } })),
  }
  const { run, step, host, title, uses } = state
  return {
    run,
    step,
    host,
    title: `Undo: ${title}`,
    uses,
    outcome: 'would_change',
    because,
    plan,
    hash: hashOf(plan),
    risk: 'change',
  }
}

function undoContext(
  incident: OpenIncident,
  state: StepState,
  fleet: { host: RunContext['host']; session: RunContext['session']; local: RunContext['local'] },
  policy: ReturnType<typeof approvalPolicy>,
  o: { approve: Approve; asksPerson?: boolean; locks: Locks; signal: AbortSignal },
): RunContext {
  const append: Append = incident.append
  return {
    run: state.run,
    incident: incident.id,
    dir: process.cwd(),
    host: fleet.host,
    session: fleet.session,
    local: fleet.local,
    secrets: incident.secrets,
    append,
    approve: async (request, signal) => {
      const decision = await o.approve(request, signal)
      if (decision.answer === 'run' && decision.how === 'typed' && request.holder === undefined)
        policy.wasTyped()
      return decision
    },
    ...(o.asksPerson === undefined ? {} : { asksPerson: o.asksPerson }),
    locks: { ...o.locks, runbook: incident.read().runs[state.run]?.runbook ?? '' },
    carry: carryOut,
    resolve: () => {
      throw new SitrepError('failed', 'an undo inspects nothing')
    },
    verdictOf: () => undefined,
    confirm: (unit, risk) => policy.wanted(unit, risk),
    text: (bytes) => incident.pipe.bytes(bytes),
    keep: incident.keep,
    progress: () => undefined,
    now: () => new Date(),
    signal: o.signal,
  }
}
