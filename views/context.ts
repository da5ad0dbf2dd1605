import type { AtWork, ConsoleState, HostRow, Room, RunbookSummary, StepView } from '../src/console.types.ts'
import type { StartedChange, StepState } from '../src/model/incident.ts'
import type { LogLine } from '../src/model/log.ts'
import { isStepDone, stepStateIn } from '../src/model/stepDone.ts'
import type { StepPlan } from '../src/run/types.ts'
import type { List, View } from './view.ts'

/** What keys and screens decide from: both states at one moment. */
export interface Context {
  state: ConsoleState
  view: View
}

/** A question that the console puts to the person and that waits for an answer. */
export type Ask =
  | { is: 'prompt'; key: string }
  | { is: 'approval' | 'typed' | 'manual'; key: string; request: string }

/**
 * The question that is due, whether or not it is shown. Its key changes when it is put anew after a failed answer, so
 * that the guard and what was typed start again.
 */
export function dueAsk(context: Context): Ask | undefined {
  return promptAsk(context) ?? approvalAsk(context)
}

export function promptAsk({ state, view }: Context): Ask | undefined {
  return state.prompt && { is: 'prompt', key: `prompt ${state.prompt.id} ${view.tries}` }
}

export function approvalAsk({ state, view }: Context): (Ask & { request: string }) | undefined {
  const approval = state.room?.approval
  if (!approval) return undefined
  const is = approval.question !== undefined ? 'manual' : approval.confirm === 'typed' ? 'typed' : 'approval'
  return { is, request: approval.id, key: `${is} ${approval.id} ${view.tries}` }
}

/** The question that is shown and takes the keys: none while the person is in something that they opened, or looks around. */
export function shownAsk(context: Context): Ask | undefined {
  const { view } = context
  if (view.quitting || view.overlay) return undefined
  const ask = dueAsk(context)
  return ask && view.peeking === ask.key ? undefined : ask
}

/** What takes the keys through the guard: a question, or a confirmation. */
export function guarded(context: Context): string | undefined {
  const { view } = context
  if (view.quitting) return undefined
  if (view.overlay?.is === 'confirm') return `confirm ${JSON.stringify(view.overlay.for)}`
  return shownAsk(context)?.key
}

/** `index` within a list of `length`; 0 where the list is empty. */
export function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(index, length - 1))
}

/** The runbooks that the filter leaves: every word of it stands in the name, title, symptoms or steps. */
export function filteredRunbooks({ state, view }: Context): RunbookSummary[] {
  const words = view.home.filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return state.home.runbooks
  return state.home.runbooks.filter((runbook) => {
    const text = [runbook.name, runbook.title, ...runbook.symptoms, ...runbook.steps].join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** How long each list of the home screen is. */
export function lengthOf(context: Context, list: List): number {
  const { home } = context.state
  return {
    incidents: home.incidents.length,
    runbooks: filteredRunbooks(context).length,
    hosts: home.hosts.length,
  }[list]
}

/** The selected step: the chosen one; else the one at work, one that failed, the first that would change something. */
export function stepIndex({ state, view }: Context): number {
  const { room } = state
  const steps = room?.run?.steps ?? []
  if (!room || steps.length === 0) return 0
  if (view.step !== undefined) return clamp(view.step, steps.length)
  const on = (holds: (step: StepView, host: string) => boolean) =>
    steps.findIndex((step) => step.hosts.some((host) => holds(step, host)))
  const stateOf = (step: StepView, host: string) => stepState(room, step.id, host)?.state
  const bad = ['failed', 'unknown', 'cancelled']
  const found = [
    steps.findIndex((step) => step.id === (room.approval?.plan.step ?? atWork(state)[0]?.step)),
    on((step, host) => bad.includes(stateOf(step, host) ?? '')),
    on(
      (step, host) =>
        !isStepDone(stepState(room, step.id, host)) && notInSync.includes(step.plans[host]?.outcome ?? ''),
    ),
    (nextStep(room)?.number ?? 0) - 1,
  ].find((index) => index >= 0)
  return found ?? steps.length - 1
}

const notInSync = ['would_change', 'cannot_tell']

export function selectedStep(context: Context): StepView | undefined {
  return context.state.room?.run?.steps[stepIndex(context)]
}

/** The host whose plan the steps pane shows. */
export function selectedHost(context: Context): string | undefined {
  const hosts = selectedStep(context)?.hosts ?? []
  return hosts[clamp(context.view.host, hosts.length)]
}

/** What is at work, in the order of the hosts; a host that waits for an answer is not. */
export function atWork({ room }: ConsoleState): AtWork[] {
  const hosts = room?.run?.hosts ?? []
  return Object.values(room?.run?.atWork ?? {})
    .filter(({ waits }) => waits !== true)
    .toSorted((a, b) => hosts.indexOf(a.host) - hosts.indexOf(b.host))
}

/** What was recorded of a step of the opened run on a host. */
export function stepState(room: Room, step: string, host: string): StepState | undefined {
  return room.run ? stepStateIn(room.incident, room.run.id, step, host) : undefined
}

/** What former runs of the opened runbook recorded of a step on a host, where they did something; oldest first. */
export function formerStates(room: Room, step: string, host: string): StepState[] {
  const { run, incident } = room
  const now = stepState(room, step, host)
  return Object.values(incident.steps).filter(
    (state) =>
      state.step === step &&
      state.host === host &&
      state.run !== run?.id &&
      state !== now &&
      incident.runs[state.run]?.runbook === run?.runbook &&
      (state.changes.length > 0 || state.answer !== undefined),
  )
}

/** What a step changed on a host, in this run or a former one, and was not taken back; newest first. */
export function undoableChanges(room: Room, step: string, host: string): StartedChange[] {
  const own = stepState(room, step, host)
  return [...formerStates(room, step, host), ...(own ? [own] : [])]
    .flatMap(({ changes }) => changes)
    .filter(({ undone }) => undone?.verdict !== 'ok')
    .toReversed()
}

export function selectedPlan(context: Context): StepPlan | undefined {
  const host = selectedHost(context)
  return host === undefined ? undefined : selectedStep(context)?.plans[host]
}

/** The first step of the opened run that is not done on all of its hosts. */
export function nextStep(room: Room): { step: StepView; number: number } | undefined {
  const steps = room.run?.steps ?? []
  const index = steps.findIndex((step) => {
    return step.hosts.some((host) => !isStepDone(stepState(room, step.id, host)))
  })
  const step = steps[index]
  return step && { step, number: index + 1 }
}

/** The followed log that the logs pane shows: the chosen one, else the first. */
export function selectedLog({ state, view }: Context) {
  const logs = state.room?.logs ?? {}
  const keys = Object.keys(logs)
  const key = view.log.source !== undefined && logs[view.log.source] ? view.log.source : keys[0]
  return key === undefined ? undefined : { key, keys, log: logs[key]! }
}

/** The lines from the log's mark to its cursor, or the line at the cursor; none while it follows. */
export function chosenLines(context: Context): LogLine[] {
  const { cursor, mark = cursor } = context.view.log
  if (cursor === undefined || mark === undefined) return []
  const [from, to] = mark < cursor ? [mark, cursor] : [cursor, mark]
  return (selectedLog(context)?.log.lines ?? []).filter((line) => line.seq >= from && line.seq <= to)
}

/** The inventory's entry of a host. */
export function hostRow(state: ConsoleState, name: string): HostRow | undefined {
  return state.home.hosts.find((host) => host.name === name)
}
