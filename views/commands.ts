import type { Intent } from '../src/console.types.ts'
import { approvalAsk, chosenLines, clamp, type Context, filteredRunbooks, lengthOf, nextStep, selectedHost, selectedLog, selectedPlan, selectedStep, shownAsk, stepIndex, stepState } from './context.ts'
import type { Extents } from './extents.ts'
import type { CommandId } from './keys.ts'
import { checksOf, checkText } from './parts/checks.ts'
import { finds, indexOf, matcher } from './parts/logs.ts'
import { timelineText } from './parts/timeline.ts'
import { copyText } from './say.ts'
import { clean } from './text.ts'
import { nothing, typed } from './typed.ts'
import { type Action, type InputFor, type List, lists, type Pane, panes } from './view.ts'

/** What a command may use. */
export interface Deps {
  context(): Context
  act(action: Action): void
  send(intent: Intent): void
  /** Sends intents one after the other; one that is rejected ends it. */
  sendAll(intents: Intent[]): void
  /** Sends an answer: the question takes no other key, unless the console rejects the answer. */
  answer(intent: Intent): void
  say(text: string, bad?: boolean): void
  copy(text: string): void
  /** How far the newest frame can be scrolled. */
  extents: Extents
  /** Rows that a page has in the focused pane. */
  page(): number
}

const input = (deps: Deps, target: InputFor, text = '') =>
  deps.act({ do: 'open', overlay: { is: 'input', for: target, typed: text ? typed(text) : nothing } })

/** What each command does; keys and the palette start them by name. */
export const commands: Record<CommandId, (deps: Deps) => void> = {
  // Questions.
  approve: (deps) => approve(deps),
  skip: (deps) => withRequest(deps, (request) => input(deps, { is: 'skip', request })),
  refuse: (deps) => withRequest(deps, (request) => deps.answer({ do: 'refuse', request })),
  answerDone: (deps) => withRequest(deps, (request) => deps.answer({ do: 'answer', request, text: 'done', ok: true })),
  answerNot: (deps) => withRequest(deps, (request) => deps.answer({ do: 'answer', request, text: 'not so', ok: false })),
  answerText: (deps) => withRequest(deps, (request) => input(deps, { is: 'answer', request })),
  askDown: (deps) => scrollAsk(deps, 1),
  askUp: (deps) => scrollAsk(deps, -1),
  askPageDown: (deps) => scrollAsk(deps, 8),
  askPageUp: (deps) => scrollAsk(deps, -8),
  peek: (deps) => {
    const ask = shownAsk(deps.context())
    if (ask) deps.act({ do: 'peek', question: ask.key })
  },
  unpeek: (deps) => deps.act({ do: 'peek', question: undefined }),
  copyAsked: (deps) => {
    const plan = deps.context().state.room?.approval?.plan
    if (plan) deps.copy(copyText(plan.plan.changes, plan.host))
  },

  // Home.
  openSelected: (deps) => openSelected(deps),
  declare: (deps) => input(deps, { is: 'declare' }),
  filter: (deps) => {
    deps.act({ do: 'list', list: 'runbooks' })
    input(deps, { is: 'filter' }, deps.context().view.home.filter)
  },
  clearFilter: (deps) => deps.act({ do: 'filter', text: '' }),
  nextList: (deps) => deps.act({ do: 'list', list: turn(lists, deps.context().view.home.list, 1) }),
  previousList: (deps) => deps.act({ do: 'list', list: turn(lists, deps.context().view.home.list, -1) }),
  list1: (deps) => deps.act({ do: 'list', list: 'incidents' }),
  list2: (deps) => deps.act({ do: 'list', list: 'runbooks' }),
  list3: (deps) => deps.act({ do: 'list', list: 'hosts' }),
  leave: (deps) => deps.act({ do: 'quitting', on: true }),

  // Steps.
  goOn: (deps) => goOn(deps),
  runFrom: (deps) => {
    const step = selectedStep(deps.context())
    if (step) deps.send({ do: 'run', step: step.id })
  },
  undo: (deps) => undo(deps),
  diff: (deps) => deps.act({ do: 'diff' }),
  planDown: (deps) => scrollPlan(deps, 6),
  planUp: (deps) => scrollPlan(deps, -6),
  nextHost: (deps) => turnHost(deps, 1),
  previousHost: (deps) => turnHost(deps, -1),
  copyPlan: (deps) => {
    const plan = selectedPlan(deps.context())
    if (plan) deps.copy(copyText(plan.plan.changes, plan.host))
  },

  // Checks.
  checkDetail: (deps) => {
    const rows = checksOf(deps.context())
    const row = rows[clamp(deps.context().view.check, rows.length)]
    if (row) detail(deps, `${row.title} on ${row.host}`, checkText(row))
  },

  // Logs.
  followEnd: (deps) => {
    const { cursor: _, pausedAt: __, mark: ___, ...rest } = deps.context().view.log
    deps.act({ do: 'log', place: rest })
  },
  pin: (deps) => {
    const shown = selectedLog(deps.context())
    const seqs = chosenLines(deps.context()).map((line) => line.seq)
    if (!shown || seqs.length === 0) return
    deps.send({ do: 'pin', source: shown.key, seqs })
    const { mark: _, ...rest } = deps.context().view.log
    deps.act({ do: 'log', place: rest })
  },
  search: (deps) => input(deps, { is: 'search' }, deps.context().view.log.search ?? ''),
  searchNext: (deps) => searchOn(deps, -1),
  searchPrevious: (deps) => searchOn(deps, 1),
  mark: (deps) => {
    const { log } = deps.context().view
    if (log.mark !== undefined) {
      const { mark: _, ...rest } = log
      return deps.act({ do: 'log', place: rest })
    }
    if (log.cursor === undefined) moveLog(deps, 0)
    const { cursor } = deps.context().view.log
    if (cursor !== undefined) deps.act({ do: 'log', place: { ...deps.context().view.log, mark: cursor } })
  },
  copyLines: (deps) => {
    const lines = chosenLines(deps.context())
    if (lines.length > 0) deps.copy(lines.map((line) => clean(line.text)).join('\n'))
  },
  nextLog: (deps) => turnLog(deps, 1),
  previousLog: (deps) => turnLog(deps, -1),

  // Timeline.
  rowDetail: (deps) => {
    const { state, view } = deps.context()
    const rows = state.room?.incident.timeline ?? []
    const row = rows[rows.length - 1 - Math.min(view.timeline, rows.length - 1)]
    if (row) detail(deps, 'Timeline', timelineText(row))
  },

  // The room.
  nextPane: (deps) => deps.act({ do: 'pane', pane: turn(panes, deps.context().view.pane, 1) }),
  previousPane: (deps) => deps.act({ do: 'pane', pane: turn(panes, deps.context().view.pane, -1) }),
  pane1: (deps) => deps.act({ do: 'pane', pane: 'steps' }),
  pane2: (deps) => deps.act({ do: 'pane', pane: 'checks' }),
  pane3: (deps) => deps.act({ do: 'pane', pane: 'logs' }),
  pane4: (deps) => deps.act({ do: 'pane', pane: 'timeline' }),
  zoom: (deps) => deps.act({ do: 'zoom' }),
  cancel: (deps) => {
    const current = deps.context().state.room?.run?.current
    const says = current ? [`${current.step} on ${current.host}: ${current.doing}`] : ['What runs now.']
    deps.act({ do: 'open', overlay: { is: 'confirm', for: { is: 'cancel', says } } })
  },
  note: (deps) => input(deps, { is: 'note' }),
  check: (deps) => {
    deps.say('the checks run')
    deps.send({ do: 'check' })
  },
  status: (deps) => deps.act({ do: 'open', overlay: { is: 'menu', of: 'status', index: 0 } }),
  severity: (deps) => deps.act({ do: 'open', overlay: { is: 'menu', of: 'severity', index: 0 } }),
  openRunbook: (deps) => deps.act({ do: 'open', overlay: { is: 'menu', of: 'runbook', index: 0 } }),
  replan: (deps) => deps.send({ do: 'replan' }),
  command: (deps) => {
    const hosts = deps.context().state.room?.run?.hosts ?? []
    input(deps, { is: 'commandHosts' }, hosts.length === 1 ? hosts[0] : '')
  },
  follow: (deps) => {
    const host = selectedHost(deps.context()) ?? deps.context().state.room?.run?.hosts[0]
    input(deps, { is: 'follow' }, host === undefined ? '' : `${host} `)
  },
  export: (deps) => deps.send({ do: 'export' }),
  home: (deps) => deps.send({ do: 'home' }),

  // Everywhere.
  down: (deps) => move(deps, 1),
  up: (deps) => move(deps, -1),
  pageDown: (deps) => move(deps, deps.page()),
  pageUp: (deps) => move(deps, -deps.page()),
  first: (deps) => move(deps, Number.NEGATIVE_INFINITY),
  last: (deps) => move(deps, Number.POSITIVE_INFINITY),
  palette: (deps) => deps.act({ do: 'open', overlay: { is: 'palette', typed: nothing, index: 0 } }),
  help: (deps) => deps.act({ do: 'open', overlay: { is: 'help', scroll: 0 } }),
  quit: (deps) => deps.act({ do: 'quitting', on: true }),
}

function withRequest(deps: Deps, use: (request: string) => void): void {
  const ask = approvalAsk(deps.context())
  if (ask) use(ask.request)
}

function approve(deps: Deps): void {
  const { state, view } = deps.context()
  const request = state.room?.approval
  if (!request) return
  if (request.confirm !== 'typed') return deps.answer({ do: 'approve', request: request.id })
  const text = view.reply.typed.text.trim()
  const ask = approvalAsk(deps.context())
  if (text === request.target) return deps.answer({ do: 'approve', request: request.id, typed: text })
  const wrong = text ? `'${text}' is not ${request.target ?? 'the target'}` : `type ${request.target ?? 'the target'} first`
  if (ask) deps.act({ do: 'reply', question: ask.key, typed: view.reply.question === ask.key ? view.reply.typed : nothing, wrong })
}

function scrollAsk(deps: Deps, by: number): void {
  deps.act({ do: 'askScroll', to: scrollTo(deps.context().view.askScroll, by, deps.extents.ask) })
}

function scrollPlan(deps: Deps, by: number): void {
  deps.act({ do: 'planScroll', to: scrollTo(deps.context().view.planScroll, by, deps.extents.plan) })
}

/** A scroll position `by` rows on, within what there is; one that was left beyond the end counts from the end. */
export function scrollTo(from: number, by: number, extent: number): number {
  return Math.max(0, Math.min(Math.min(from, extent) + by, extent))
}

function detail(deps: Deps, title: string, text: string[]): void {
  deps.act({ do: 'open', overlay: { is: 'detail', title, text, scroll: 0 } })
}

function openSelected(deps: Deps): void {
  const context = deps.context()
  const { list, index } = context.view.home
  const at = clamp(index[list], lengthOf(context, list))
  if (list === 'incidents') {
    const incident = context.state.home.incidents[at]
    if (incident) deps.send({ do: 'open', incident: incident.id })
  } else if (list === 'runbooks') {
    const runbook = filteredRunbooks(context)[at]
    if (!runbook) return
    if (!runbook.trusted) return deps.say(`${runbook.name} stands in a folder that is not trusted: sitrep trust --runbooks DIR`, true)
    if (runbook.broken) return deps.say(runbook.broken, true)
    input(deps, { is: 'declareFor', runbook: runbook.name, title: runbook.title })
  }
}

function goOn(deps: Deps): void {
  const { room } = deps.context().state
  if (!room) return
  if (!room.run) {
    if (room.suggested) return deps.send({ do: 'openRunbook', runbook: room.suggested })
    return deps.act({ do: 'open', overlay: { is: 'menu', of: 'runbook', index: 0 } })
  }
  if (room.run.phase === 'finished') return deps.send(room.run.exit === 0 ? { do: 'export' } : { do: 'replan' })
  deps.act({ do: 'step', index: undefined })
  deps.send(nextStep(room) ? { do: 'run' } : { do: 'export' })
}

function undo(deps: Deps): void {
  const context = deps.context()
  const step = selectedStep(context)
  const host = selectedHost(context)
  if (!context.state.room || !step || host === undefined) return
  const changes = stepState(context.state.room, step.id, host)?.changes.filter((change) => !change.undone) ?? []
  const says = changes.toReversed().flatMap(({ say, undo: back }) =>
    'impossible' in back ? [`can't be undone: ${say}: ${back.impossible}`] : back.map((one) => one.say),
  )
  deps.act({ do: 'open', overlay: { is: 'confirm', for: { is: 'undo', step: step.id, host, title: `${step.title} on ${host}`, says } } })
}

function turn<T>(all: readonly T[], from: T, by: number): T {
  return all[(all.indexOf(from) + by + all.length) % all.length] as T
}

function turnHost(deps: Deps, by: number): void {
  const hosts = selectedStep(deps.context())?.hosts ?? []
  if (hosts.length > 0) deps.act({ do: 'host', index: (clamp(deps.context().view.host, hosts.length) + by + hosts.length) % hosts.length })
}

function turnLog(deps: Deps, by: number): void {
  const shown = selectedLog(deps.context())
  if (!shown) return
  const search = deps.context().view.log.search
  deps.act({ do: 'log', place: { source: turn(shown.keys, shown.key, by), ...(search ? { search } : {}) } })
}

/** Moves the log's cursor; from the following end it starts at the last line and so pauses. */
function moveLog(deps: Deps, by: number): void {
  const lines = selectedLog(deps.context())?.log.lines ?? []
  const { log } = deps.context().view
  const last = lines.at(-1)
  if (!last) return
  if (log.cursor === undefined && by > 0) return
  const from = log.cursor === undefined ? lines.length - 1 : indexOf(lines, log.cursor)
  const to = lines[clamp(from + by, lines.length)] ?? last
  deps.act({ do: 'log', place: { ...log, cursor: to.seq, pausedAt: Math.max(log.pausedAt ?? last.seq, to.seq) } })
}

/** Goes to the next match; towards the older lines for -1. From the following end the newest match is the first. */
export function searchOn(deps: Deps, by: 1 | -1): void {
  const { log } = deps.context().view
  const lines = selectedLog(deps.context())?.log.lines ?? []
  const last = lines.at(-1)
  if (!log.search || !last) return
  const expression = matcher(log.search)
  const start = log.cursor === undefined ? lines.length : indexOf(lines, log.cursor)
  for (let at = start + by; at >= 0 && at < lines.length; at += by) {
    const line = lines[at]
    if (line && finds(line, expression)) {
      return deps.act({ do: 'log', place: { ...log, cursor: line.seq, pausedAt: Math.max(log.pausedAt ?? last.seq, line.seq) } })
    }
  }
  deps.say(`no ${by < 0 ? 'older' : 'newer'} line has ${log.search}`)
}

function move(deps: Deps, by: number): void {
  const context = deps.context()
  const { state, view } = context
  if (!state.room) return moveList(deps, view.home.list, by)
  const moved: Record<Pane, () => void> = {
    steps: () => deps.act({ do: 'step', index: clamp(stepIndex(context) + by, state.room?.run?.steps.length ?? 0) }),
    checks: () => deps.act({ do: 'check', index: clamp(clamp(view.check, checksOf(context).length) + by, checksOf(context).length) }),
    logs: () => moveLog(deps, by),
    timeline: () => deps.act({ do: 'timeline', index: clamp(view.timeline - by, state.room?.incident.timeline.length ?? 0) }),
  }
  moved[view.pane]()
}

function moveList(deps: Deps, list: List, by: number): void {
  const context = deps.context()
  const length = lengthOf(context, list)
  deps.act({ do: 'pick', index: clamp(clamp(context.view.home.index[list], length) + by, length) })
}
