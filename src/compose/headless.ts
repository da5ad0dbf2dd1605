import { readFile } from 'node:fs/promises'
import type { Prompter } from '../hosts/prompter.ts'
import { completeHost } from '../inventory/complete.ts'
import { exitCodeOf, SitrepError, worstExit } from '../model/errors.ts'
import type { Host, HostState, Inventory } from '../model/host.ts'
import type { ParamSpec } from '../model/runbook.ts'
import type { Observed } from '../run/checks.ts'
import type { Progress, RunContext } from '../run/context.ts'
import { earlierStates, restoreOutputs } from '../run/left.ts'
import { createLocks } from '../run/locks.ts'
import { approveProbes } from '../run/probes.ts'
import { danglingOf } from '../run/resume.ts'
import { settleReverts } from '../run/revert/settle.ts'
import { bearable, checksOf, createOutputs, runUnits, summaryOf } from '../run/run.ts'
import { unitsFrom } from '../run/schedule.ts'
import type { Approve } from '../run/types.ts'
import { parseParamFlags } from '../runbook/given.ts'
import { type Recording, runContext } from './context.ts'
import { finishRun } from './finish.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { OpenIncident } from './incident.ts'
import { openInventory } from './inventory.ts'
import { followLogs } from './logs.ts'
import { openRunbook } from './open.ts'
import { openedChecks } from './opened.ts'
import { operatorName } from './operator.ts'
import { type Prepared, prepareRun } from './prepare.ts'
import { openChanges, openUnits, settleEarlier, unknownSecrets, withLeft } from './resume.ts'
import { type UnknownSecret, unseenSecrets } from './secrets.ts'

/** What the command line says of a runbook. */
export interface Asked {
  runbook: string
  hosts: readonly string[]
  params: readonly string[]
  inventory?: string
}

/** Asks a person on the terminal; absent without one. */
export interface Asking {
  prompter?: Prompter
  param?: (spec: ParamSpec) => Promise<string | undefined>
}

/** A runbook that is loaded and filled in, before any host was contacted. */
export interface Ready {
  inventory: Inventory
  prepared: Prepared
  /** Its hosts with what their entries leave open, which OpenSSH is asked for while the incident is declared. */
  hosts: Promise<Host[]>
}

/** Loads the inventory and the runbook and fills it in; every mistake is a usage error, and no host is contacted. */
export async function ready(asked: Asked, secrets: Recording['secrets'], asking: Asking): Promise<Ready> {
  const runbook = await openRunbook(asked.runbook)
  const inventory = await openInventory(asked.inventory)
  const prepared = await prepareRun({
    runbook,
    inventory,
    hosts: asked.hosts,
    given: parseParamFlags(asked.params),
    sources: {
      env: process.env,
      readFile: (path) => readFile(path, 'utf8'),
      stdin: readStdin,
      ...(asking.param === undefined ? {} : { prompt: asking.param }),
      secrets,
      cwd: process.cwd(),
    },
  })
  const hosts = Promise.all(prepared.hosts.map((host) => completeHost(host)))
  // Whoever needs them gets the failure; until then nobody does.
  hosts.catch(() => undefined)
  return { inventory, prepared, hosts }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Opens every session side by side; gives the hosts that could not be reached, and why. The fleet's signal ends it at once. */
export async function reach(
  fleet: Fleet,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<Map<string, SitrepError>> {
  const failed = new Map<string, SitrepError>()
  await Promise.all(
    prepared.hosts.map(async ({ name }) => {
      try {
        await fleet.session(name)
      } catch (error) {
        if (signal.aborted) failed.set(name, notReached(name))
        else if (error instanceof SitrepError) failed.set(name, error)
        else throw error
      }
    }),
  )
  return failed
}

function notReached(where: string): SitrepError {
  return new SitrepError('interrupted', 'interrupted before it was reached', { where })
}

/** How a headless run ended. */
export interface Ran {
  exit: number
  postmortem: string | undefined
  before: Observed[]
  after: Observed[]
  /** Why hosts could not be reached; where the runbook does not bear their loss (`max_failures`), no step ran. */
  unreached: SitrepError[]
}

/** What a headless run is given. */
export interface RunOptions {
  approve: Approve
  /** True where a person approves. */
  asksPerson?: boolean
  asking: Asking
  from?: string
  /** The locks of others that may be taken over, by their ids. */
  takeOver?: readonly string[]
  signal: AbortSignal
  progress?: (now: Progress | undefined) => void
  onHostState?: (host: string, state: HostState) => void
  onOutput?: RunContext['onOutput']
}

/**
 * Runs a prepared runbook to its end inside an open incident, and writes the postmortem. Throws SitrepError('recording')
 * where something could not be recorded, so that the run had to stop; its end is recorded as far as there is room for it.
 */
export async function run(ready: Ready, incident: OpenIncident, o: RunOptions): Promise<Ran> {
  const runId = crypto.randomUUID()
  try {
    const { unseen, notes, ...ran } = await runOnHosts(runId, ready, incident, o)
    // The sessions and logs are closed by now: what their ends record stands before the end of the run.
    const said = [...notes, ...(unseen.length === 0 ? [] : [unseenSecrets(unseen)])]
    const summary = said.length === 0 ? {} : { summary: said.join('; ') }
    return { ...ran, ...(await finishRun(incident, { run: runId, exit: ran.exit, ...summary })) }
  } catch (error) {
    const opened = incident.read().runs[runId] !== undefined
    if (opened && error instanceof SitrepError && error.kind === 'recording')
      // The error itself is told by the caller; that the end can't be recorded either is no news.
      await finishRun(incident, { run: runId, exit: exitCodeOf.recording }).catch(() => undefined)
    throw error
  }
}

/** Reaches the hosts, runs the steps and the checks there, and closes all ways to them. */
async function runOnHosts(
  runId: string,
  { inventory, prepared, hosts: completed }: Ready,
  incident: OpenIncident,
  o: RunOptions,
): Promise<Omit<Ran, 'postmortem'> & { unseen: UnknownSecret[]; notes: string[] }> {
  const { runbook } = prepared
  const dangling = danglingOf(incident.read())
  const earlier = () => earlierStates(incident.read(), runbook.name)
  const open = openUnits(incident.read(), runbook.name, earlier())
  await incident.append('runbook.opened', {
    run: runId,
    runbook: runbook.name,
    title: runbook.title,
    file: runbook.file,
    sha256: runbook.sha256,
    hosts: prepared.hosts.map(({ name }) => name),
    params: prepared.shownParams,
    steps: runbook.steps.map(({ id, title, uses }) => ({ id, title, uses })),
    checks: openedChecks(prepared.checks),
    ...(o.from === undefined ? {} : { from: o.from }),
  })
  await using fleet = await createFleet({
    hosts: await completed,
    secrets: incident.secrets,
    append: incident.append,
    signal: o.signal,
    ...prompterOf(o.asking),
    ...(o.onHostState === undefined ? {} : { onState: o.onHostState }),
  })
  await using locks = createLocks({
    by: operatorName(),
    runbook: runbook.name,
    takeOver: o.takeOver ?? [],
  })
  const context = runContext({
    run: runId,
    record: incident,
    inventory,
    prepared,
    fleet,
    locks,
    approve: o.approve,
    ...(o.asksPerson === undefined ? {} : { asksPerson: o.asksPerson }),
    signal: o.signal,
    ...(o.progress === undefined ? {} : { progress: o.progress }),
    ...(o.onOutput === undefined ? {} : { onOutput: o.onOutput }),
  })
  await using logs = followLogs(incident, () => undefined)
  logs.watch(runbook.symptoms)
  const failed = await reach(fleet, prepared, o.signal)
  const units = unitsFrom(prepared.units, o.from, runbook.steps, open)
  const lost = new Set(failed.keys())
  const hosts = prepared.hosts.map(({ name }) => name).filter((name) => !lost.has(name))
  const interrupted = o.signal.aborted
  const blocked = interrupted || (failed.size > 0 && !bearable(units, lost))
  const unseen =
    openChanges(incident.read()).length === 0 || blocked
      ? []
      : await unknownSecrets(context, incident, prepared.units)
  const reverts = blocked || unseen.length > 0 ? [] : await settleReverts(context, incident, hosts)
  const settled =
    blocked || unseen.length > 0
      ? { codes: [blocked ? 3 : exitCodeOf.not_approved], goesOn: false, notes: [] }
      : await settleEarlier(context, incident, { dangling, hosts, all: prepared.units, next: units })
  const codes = failed.size > 0 ? [exitCodeOf.unreachable, ...settled.codes] : settled.codes
  const notes = [...reverts, ...settled.notes]
  if (blocked) notes.push(summaryOf(units, [], lost) ?? 'nothing was run')
  const looks: Pick<Ran, 'before' | 'after'> = { before: [], after: [] }
  const decided = settled.goesOn ? await approveProbes(context, prepared.checks) : 'stop'
  if (settled.goesOn && decided === 'stop') codes.push(exitCodeOf.not_approved)
  if (decided !== 'stop') {
    const probes = decided === 'run'
    await Promise.all(prepared.logs.map((source) => logs.follow(source, fleet)))
    looks.before = await checksOf(context, prepared.checks, 'before', probes)
    const outputs = createOutputs()
    if (o.from !== undefined) restoreOutputs(outputs, prepared.units, earlier())
    const end = await runUnits(
      context,
      units.map((unit) => withLeft(unit, earlier())),
      outputs,
      lost,
    )
    if (end.summary !== undefined) notes.push(end.summary)
    codes.push(...end.codes)
    if (!o.signal.aborted) {
      looks.after = await checksOf(context, prepared.checks, 'after', probes)
      if (looks.after.some(({ verdict }) => verdict !== 'ok')) codes.push(exitCodeOf.failed)
    }
  }
  if (o.signal.aborted) codes.push(exitCodeOf.interrupted)
  o.progress?.(undefined)
  return { exit: worstExit(codes), ...looks, unreached: [...failed.values()], unseen, notes }
}

/** The prompter as an optional entry. */
export function prompterOf(asking: Asking): { prompter?: Prompter } {
  return asking.prompter === undefined ? {} : { prompter: asking.prompter }
}
