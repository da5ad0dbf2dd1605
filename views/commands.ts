import type { Deps } from './commands/deps.ts'
import { moveLog, searchOn, turnLog } from './commands/logs.ts'
import { move, scrollAsk, scrollPlan, turn, turnHost } from './commands/move.ts'
import {
  approvalAsk,
  atWork,
  chosenLines,
  clamp,
  filteredRunbooks,
  lengthOf,
  selectedHost,
  selectedLog,
  selectedPlan,
  selectedStep,
  shownAsk,
  undoableChanges,
} from './context.ts'
import { nextThing } from './keys/next.ts'
import type { CommandId } from './keys.ts'
import { checksOf, checkText } from './parts/checks.ts'
import { timelineText } from './parts/timeline.ts'
import { workOfHosts } from './parts/work.ts'
import { copyText } from './say.ts'
import { clean } from './text.ts'
import { nothing, typed } from './typed.ts'
import { type InputFor, lists, panes } from './view.ts'
import { severities, statuses } from './words.ts'

const input = (deps: Deps, target: InputFor, text = '') =>
  deps.act({ do: 'open', overlay: { is: 'input', for: target, typed: text ? typed(text) : nothing } })

/** What each command does; keys and the palette start them by name. */
export const commands: Record<CommandId, (deps: Deps) => void> = {
  // Questions.
  approve: (deps) => approve(deps),
  skip: (deps) => withRequest(deps, (request) => input(deps, { is: 'skip', request })),
  refuse: (deps) => withRequest(deps, (request) => deps.answer({ do: 'refuse', request })),
  answerDone: (deps) =>
    withRequest(deps, (request) => deps.answer({ do: 'answer', request, text: 'done', ok: true })),
  answerNot: (deps) =>
    withRequest(deps, (request) => deps.answer({ do: 'answer', request, text: 'not so', ok: false })),
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
    const { state } = deps.context()
    const commands = state.room?.commands ?? []
    const at = [
      ...workOfHosts(atWork(state)),
      ...commands.map(({ host, text }) => `the command on ${host}: ${clean(text)}`),
    ]
    const says = at.length > 0 ? at : ['What runs now.']
    deps.act({ do: 'open', overlay: { is: 'confirm', for: { is: 'cancel', says } } })
  },
  note: (deps) => input(deps, { is: 'note' }),
  check: (deps) => {
    deps.say('the checks run')
    deps.send({ do: 'check' })
  },
  status: (deps) =>
    openMenu(deps, 'status', statuses.indexOf(deps.context().state.room?.incident.status ?? 'investigating')),
  severity: (deps) =>
    openMenu(deps, 'severity', severities.indexOf(deps.context().state.room?.incident.severity ?? 'sev3')),
  openRunbook: (deps) => openMenu(deps, 'runbook'),
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

function openMenu(deps: Deps, of: 'status' | 'severity' | 'runbook', index = 0) {
  deps.act({ do: 'open', overlay: { is: 'menu', of, index } })
}

function withRequest(deps: Deps, use: (request: string) => void) {
  const ask = approvalAsk(deps.context())
  if (ask) use(ask.request)
}

function approve(deps: Deps) {
  const { state, view } = deps.context()
  const request = state.room?.approval
  if (!request) return
  if (request.confirm !== 'typed') return deps.answer({ do: 'approve', request: request.id })
  const text = view.reply.typed.text.trim()
  const ask = approvalAsk(deps.context())
  if (text === request.target) return deps.answer({ do: 'approve', request: request.id, typed: text })
  const wrong = text
    ? `'${text}' is not ${request.target ?? 'the target'}`
    : `type ${request.target ?? 'the target'} first`
  if (ask)
    deps.act({
      do: 'reply',
      question: ask.key,
      typed: view.reply.question === ask.key ? view.reply.typed : nothing,
      wrong,
    })
}

function detail(deps: Deps, title: string, text: string[]) {
  deps.act({ do: 'open', overlay: { is: 'detail', title, text, scroll: 0 } })
}

function openSelected(deps: Deps) {
  const context = deps.context()
  const { list, index } = context.view.home
  const at = clamp(index[list], lengthOf(context, list))
  if (list === 'incidents') {
    const incident = context.state.home.incidents[at]
    if (incident) deps.send({ do: 'open', incident: incident.id })
  } else if (list === 'runbooks') {
    const runbook = filteredRunbooks(context)[at]
    if (!runbook) return
    if (!runbook.trusted)
      return deps.say(
        `${runbook.name} stands in a folder that is not trusted: sitrep trust --runbooks DIR`,
        true,
      )
    if (runbook.broken) return deps.say(runbook.broken, true)
    input(deps, { is: 'declareFor', runbook: runbook.name, title: runbook.title })
  }
}

function goOn(deps: Deps) {
  const { send } = nextThing(deps.context())
  if (!send) return openMenu(deps, 'runbook')
  // A run is followed from its first step on, whichever was looked at.
  deps.act({ do: 'step', index: undefined })
  deps.send(send)
}

function undo(deps: Deps) {
  const context = deps.context()
  const step = selectedStep(context)
  const host = selectedHost(context)
  if (!context.state.room || !step || host === undefined) return
  const says = undoableChanges(context.state.room, step.id, host).flatMap(({ say, undo: back }) =>
    'impossible' in back ? [`can't be undone: ${say}: ${back.impossible}`] : back.map((one) => one.say),
  )
  deps.act({
    do: 'open',
    overlay: {
      is: 'confirm',
      for: { is: 'undo', step: step.id, host, title: `${step.title} on ${host}`, says },
    },
  })
}
