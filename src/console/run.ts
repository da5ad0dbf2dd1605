import { randomUUID } from 'node:crypto'
import { runContext } from '../compose/context.ts'
import { finishRun } from '../compose/finish.ts'
import { createFleet, type Fleet } from '../compose/fleet.ts'
import type { Ready } from '../compose/headless.ts'
import type { OpenIncident } from '../compose/incident.ts'
import { openedChecks } from '../compose/opened.ts'
import { operatorName } from '../compose/operator.ts'
import type { Prompts } from '../compose/prompts.ts'
import { openChanges, saySettled, settleOthers, unknownSecrets, withLeft } from '../compose/resume.ts'
import { unseenSecrets, withholding } from '../compose/secrets.ts'
import { remaining, undoState } from '../compose/undo.ts'
import type { Room, StepView } from '../console.types.ts'
import { exitCodeOf, messageOf, SitrepError, worstExit } from '../model/errors.ts'
import type { HostState } from '../model/host.ts'
import type { StepState } from '../model/incident.ts'
import { isStepDone, stepStateIn } from '../model/stepDone.ts'
import { afterProgress } from '../run/atWork.ts'
import { runChecks } from '../run/checks.ts'
import type { Progress, RunContext, Unit } from '../run/context.ts'
import { earlierStates, restoreOutputs } from '../run/left.ts'
import { createLocks } from '../run/locks.ts'
import { approveProbes } from '../run/probes.ts'
import { danglingOf, settleDangling } from '../run/resume.ts'
import { settleReverts } from '../run/revert/settle.ts'
import { checksOf, createOutputs, planAll, runUnits } from '../run/run.ts'
import { unitsFrom } from '../run/schedule.ts'
import type { Approve } from '../run/types.ts'
import { cameThrough, sayEnd } from './ended.ts'

type RunView = NonNullable<Room['run']>

/** An opened runbook in the console: its hosts, its plans, and the run that goes on step by step. */
export interface ConsoleRun {
  id: string
  ready: Ready
  fleet: Fleet
  /**
   * Connects, inspects every step and makes the observing checks, side by side; changes nothing. This and what follows
   * throws where something is at work already.
   */
  diagnose(): Promise<void>
  /** Goes on from the first step that is not done, or from the named one, until all are done or one stops it. */
  go(step?: string): Promise<void>
  check(): Promise<void>
  /** Undoes steps of this runbook, also of a former run of it, in the given order; asks for each. */
  undo(states: readonly StepState[]): Promise<void>
  cancel(): void
  busy(): boolean
  /** Ends sessions; what runs on the hosts goes on. Records how far the run came. */
  close(): Promise<void>
}

/** What a console run is given; `show` changes what the room shows of it. */
export interface ConsoleRunDeps {
  incident: OpenIncident
  ready: Ready
  approve: Approve
  prompts: Prompts
  show(change: (view: RunView) => RunView): void
  tell(text: string, bad?: boolean): void
  onHostState(host: string, state: HostState): void
}

/** The room's first view of a runbook. */
export function runView(id: string, { prepared: { runbook, hosts, units, checks } }: Ready): RunView {
  const hostsOf = (step: string) => units.filter((unit) => unit.step.id === step).map(({ host }) => host)
  const ids = [...new Set(checks.map(({ spec }) => spec.id))]
  return {
    id,
    runbook: runbook.name,
    title: runbook.title,
    file: runbook.file,
    hosts: hosts.map(({ name }) => name),
    symptoms: runbook.symptoms,
    steps: runbook.steps.map(
      ({ id, title, uses }): StepView => ({ id, title, uses, hosts: hostsOf(id), plans: {} }),
    ),
    checks: ids.map((id) => {
      const same = checks.filter(({ spec }) => spec.id === id)
      const [{ spec, kind, params }] = same as [(typeof same)[number]]
      return {
        id,
        title: spec.title,
        kind: kind.kind,
        effect: kind.effect(params),
        hosts: same.map(({ host }) => host),
      }
    }),
    phase: 'connecting',
    atWork: {},
  }
}

/** Opens a prepared runbook in an incident; nothing is connected before `diagnose`. */
export async function openConsoleRun(deps: ConsoleRunDeps): Promise<ConsoleRun> {
  const { incident, ready, show, tell } = deps
  const { prepared, inventory } = ready
  const { runbook } = prepared
  const id = randomUUID()
  await incident.append('runbook.opened', {
    run: id,
    runbook: runbook.name,
    title: runbook.title,
    file: runbook.file,
    sha256: runbook.sha256,
    hosts: prepared.hosts.map(({ name }) => name),
    params: prepared.shownParams,
    steps: runbook.steps.map(({ id, title, uses }) => ({ id, title, uses })),
    checks: openedChecks(prepared.checks),
  })
  const fleet = await createFleet({
    hosts: prepared.hosts,
    secrets: incident.secrets,
    append: incident.append,
    prompter: deps.prompts,
    onState: deps.onHostState,
  })
  const locks = createLocks({ by: operatorName(), runbook: runbook.name, takeOver: [] })
  const outputs = createOutputs()
  const closing = new AbortController()
  let abort = new AbortController()
  let working: Promise<void> | undefined
  let probes: boolean | undefined
  let began = false
  let finished = false
  const codes: number[] = []
  /** Which hosts the last go left behind. */
  let summary: string | undefined
  /** The started changes that were looked after already: what can't be known is told once. */
  const settled = new Set<string>()
  /** The started changes whose output can't be seen before all secrets of the incident are known again. */
  const unseen = new Set<string>()
  const earlier = () => earlierStates(incident.read(), runbook.name)

  const contextOf = (signal: AbortSignal): RunContext =>
    runContext({
      run: id,
      record: incident,
      inventory,
      prepared,
      fleet,
      locks,
      approve: (request, aborted) => deps.approve(request, AbortSignal.any([aborted, closing.signal])),
      asksPerson: true,
      signal,
      leaving: closing.signal,
      progress: (now) => {
        const news = now === undefined ? undefined : { ...now, since: new Date().toISOString() }
        show((view) => ({ ...view, atWork: afterProgress(view.atWork, news) }))
      },
    })

  /**
   * One piece of work at a time: throws where something is at work already. Its failure is told, not thrown, for nobody
   * waits for it; whatever became of it, the room does not say afterwards that it is still at work.
   */
  const work = (piece: (context: RunContext) => Promise<void>): Promise<void> => {
    if (working !== undefined)
      throw new SitrepError('usage', 'the last thing is still at work', {
        next: 'wait for it, or cancel it with x',
      })
    abort = new AbortController()
    working = piece(contextOf(abort.signal))
      .catch((error: unknown) => tell(messageOf(error), true))
      .finally(() => {
        working = undefined
        show((view) => ({
          ...view,
          phase: view.phase === 'finished' ? 'finished' : 'ready',
          atWork: {},
        }))
      })
    return working
  }

  const isDone = (unit: Unit): boolean =>
    isStepDone(stepStateIn(incident.read(), id, unit.step.id, unit.host))

  /**
   * Looks what became of changes whose end was never recorded, because the console that started them died or lost its
   * link. They are waited for and recorded, and never started again.
   */
  const settle = async (context: RunContext): Promise<void> => {
    const hosts = new Set(prepared.hosts.map(({ name }) => name))
    for (const line of await settleReverts(context, incident, [...hosts])) tell(line, true)
    const dangling = danglingOf(incident.read()).filter(
      ({ state, change }) => hosts.has(state.host) && !settled.has(change.started),
    )
    unseen.clear()
    const missing =
      openChanges(incident.read()).length === 0 ? [] : await unknownSecrets(context, incident, prepared.units)
    if (missing.length > 0) {
      for (const { change } of dangling) unseen.add(change.started)
      return tell(unseenSecrets(missing), true)
    }
    for (const left of dangling) {
      const { state, change } = left
      // Opening a runbook only looks: whatever a failure of its step leads to, it does not lead to it here.
      const { end, reason } = await settleDangling(context, left, {
        unit: undefined,
        open: () => danglingOf(incident.read()).some((one) => one.change.started === change.started),
      })
      settled.add(change.started)
      tell(`${state.step} on ${state.host}, started ${change.at.slice(11, 19)}: ${reason}`, end !== 'ok')
    }
    for (const other of await settleOthers(context, incident, [...hosts]))
      tell(saySettled(other), other.is !== 'ok')
  }

  const diagnose = async (context: RunContext): Promise<void> => {
    show((view) => ({
      ...view,
      phase: 'connecting',
      steps: view.steps.map((step) => ({ ...step, plans: {} })),
    }))
    await settle(context).catch((error: unknown) => {
      if (!(error instanceof SitrepError)) throw error
      // A host that is out of reach is told by the look that follows, which is made whatever can be recorded.
      if (error.kind === 'recording') tell(error.message, true)
      else if (error.kind !== 'unreachable') throw error
    })
    context.progress(undefined)
    const plans = planAll(context, prepared.units, ({ shown }) =>
      show((view) => ({
        ...view,
        phase: 'planning',
        steps: view.steps.map((step) =>
          step.id === shown.step ? { ...step, plans: { ...step.plans, [shown.host]: shown } } : step,
        ),
      })),
    )
    const checks = runChecks(context, prepared.checks, began ? 'watch' : 'before', ['observe'])
    // A check that can't be recorded ends the checks; the plans are shown all the same.
    const [looked, checked] = await Promise.allSettled([plans, checks])
    if (looked.status === 'rejected') throw looked.reason
    for (const [host, error] of looked.value.unreached) tell(`${host}: ${error.message}`, true)
    show((view) => ({ ...view, phase: 'ready' }))
    if (checked.status === 'rejected') throw checked.reason
  }

  const go = async (context: RunContext, step: string | undefined): Promise<void> => {
    await incident.requireRecording()
    show((view) => ({ ...view, phase: 'running' }))
    // Nothing is begun again of which it is not known what became of it.
    if (unseen.size > 0) await settle(context)
    if (unseen.size > 0) return
    if (probes === undefined) {
      const decided = await approveProbes(context, prepared.checks)
      // Refused is not left out: the person stopped the run here, and is asked again when it goes on.
      if (decided === 'stop')
        return tell('not approved; skipping the checks with effects goes on without them', true)
      probes = decided === 'run'
      if (probes) {
        const before: Progress = { step: '', host: '', doing: 'checks with effects, before the first step' }
        context.progress(before)
        await runChecks(context, prepared.checks, 'before', ['probe'])
        context.progress({ ...before, doing: '' })
      }
    }
    began = true
    const units = unitsFrom(prepared.units, step, runbook.steps)
      .filter((unit) => step !== undefined || !isDone(unit))
      .map((unit) => withLeft(unit, earlier()))
    restoreOutputs(outputs, prepared.units, earlier())
    const end = await runUnits(context, units, outputs)
    codes.push(...end.codes)
    const first = end.ends.find(({ end }) => end.code !== 0)
    // A run that goes on may have one host left.
    summary = end.summary ?? (first && `${first.unit.step.id} on ${first.unit.host}: ${first.end.reason}`)
    if (!cameThrough(units, end)) {
      show((view) => ({ ...view, phase: 'ready' }))
      return tell(summary ?? 'the run stopped', true)
    }
    const after = await checksOf(context, prepared.checks, 'after', probes)
    const failing = after.filter(({ verdict }) => verdict !== 'ok').length
    const exit = worstExit(failing > 0 ? [...end.codes, exitCodeOf.failed] : end.codes)
    codes.splice(0, codes.length, exit)
    show((view) => ({ ...view, phase: 'finished', exit }))
    await finish(exit)
    tell(sayEnd(summary, failing), exit !== 0)
  }

  const undo = async (context: RunContext, states: readonly StepState[]): Promise<void> => {
    await incident.requireRecording()
    show((view) => ({ ...view, phase: 'running' }))
    const missing = await unknownSecrets(context, incident, prepared.units, states.flatMap(remaining))
    if (missing.length > 0) tell(unseenSecrets(missing), true)
    const names = missing.map(({ name }) => name)
    for (const state of states) {
      const { code, reason } = await undoState(
        withholding({ ...context, run: state.run }, names),
        state,
        incident.read(),
      )
      context.progress({ step: state.step, host: state.host, doing: '' })
      tell(`undo ${state.step} on ${state.host}: ${reason}`, code !== 0)
      if (code !== 0) return
    }
  }

  const finish = async (exit: number): Promise<void> => {
    finished = true
    const said = summary === undefined ? {} : { summary }
    const ended = await finishRun(incident, { run: id, exit, ...said })
    if (ended.exit === exit) return
    show((view) => ({ ...view, exit: ended.exit }))
    tell('the run is recorded, but its postmortem could not be written', true)
  }

  return {
    id,
    ready,
    fleet,
    diagnose: () => work(diagnose),
    go: (step) => work((context) => go(context, step)),
    check: () =>
      work(
        async (context) =>
          void (await runChecks(context, prepared.checks, began ? 'watch' : 'before', ['observe'])),
      ),
    undo: (states) => work((context) => undo(context, states)),
    cancel: () => abort.abort(),
    busy: () => working !== undefined,
    close: async () => {
      // A waiting approval is answered with "stop". A verification ends at once, as unknown. A step at work is
      // not cancelled: its session goes, its job stays on the host, and the next console that opens the incident looks what became of it.
      closing.abort()
      await fleet[Symbol.asyncDispose]()
      await working
      await locks[Symbol.asyncDispose]()
      if (began && !finished)
        await finish(worstExit(codes.length > 0 ? codes : [4])).catch((error: unknown) => {
          // That recording stopped stands on the screen, and is the console's exit code.
          if (!(error instanceof SitrepError) || error.kind !== 'recording') throw error
        })
    },
  }
}
