import type { Context } from './context.ts'
import { chosenLines, dueAsk, lengthOf, nextStep, selectedHost, selectedLog, selectedPlan, selectedStep, shownAsk, stepState } from './context.ts'
import type { ConsoleState } from '../src/console.types.ts'

/** Where a key counts. The first layer that knows a key takes it. */
export type Layer = 'global' | 'home' | 'room' | 'steps' | 'checks' | 'logs' | 'timeline' | 'approval' | 'typed' | 'manual'

/** One key of the console: the help screen, the footer, the palette and docs/keys.md are made of these. */
export interface KeyRecord {
  /** The name of its command. */
  id: string
  layer: Layer
  keys: readonly string[]
  /** Short, for the footer; may say what it would do now. */
  name: string | ((context: Context) => string)
  /** One sentence, for the help screen and the reference. */
  does: string
  /** Why it does nothing now; undefined where it does. */
  off?: (context: Context) => string | undefined
  /** Its place in the footer, lowest first; not shown there where absent. */
  footer?: number
}

const noSteps = ({ state }: Context) => (state.room?.run ? undefined : 'no runbook is open')
const noLogs = ({ state }: Context) =>
  Object.keys(state.room?.logs ?? {}).length > 0 ? undefined : 'no log is followed; f follows one'
const runs = (state: ConsoleState) => state.room?.run?.phase === 'running'

const records = [
  // Approval: what runs where; these keys count only once the frame has stood for 250 ms.
  { id: 'approve', layer: 'approval', keys: ['enter'], name: 'approve', does: 'Approves this step on this host, once.', footer: 1 },
  { id: 'skip', layer: 'approval', keys: ['s', 'ctrl-s'], name: 'skip', does: 'Skips this step; asks for the reason, which is recorded.', footer: 2 },
  { id: 'refuse', layer: 'approval', keys: ['esc', 'n'], name: 'refuse', does: 'Refuses: nothing runs, and the run stops here.', footer: 3 },
  { id: 'askDown', layer: 'approval', keys: ['j', 'down'], name: 'scroll', does: 'Scrolls down.', footer: 4 },
  { id: 'askUp', layer: 'approval', keys: ['k', 'up'], name: 'up', does: 'Scrolls up.' },
  { id: 'askPageDown', layer: 'approval', keys: ['pgdn', ' '], name: 'page down', does: 'Scrolls a page down.' },
  { id: 'askPageUp', layer: 'approval', keys: ['pgup'], name: 'page up', does: 'Scrolls a page up.' },
  { id: 'peek', layer: 'approval', keys: ['tab'], name: 'look around', does: 'Leaves the question for a look at the logs and checks; tab comes back.', footer: 5 },
  { id: 'diff', layer: 'approval', keys: ['d', 'ctrl-d'], name: 'diff', does: 'Shows or hides the diffs.', footer: 6 },
  { id: 'copyAsked', layer: 'approval', keys: ['y', 'ctrl-y'], name: 'copy', does: 'Copies the commands.', footer: 7 },

  { id: 'approve', layer: 'typed', keys: ['enter'], name: 'approve', does: 'Approves, where the target was typed exactly.', footer: 1 },
  { id: 'skip', layer: 'typed', keys: ['ctrl-s'], name: 'skip', does: 'Skips this step; asks for the reason, which is recorded.', footer: 2 },
  { id: 'refuse', layer: 'typed', keys: ['esc'], name: 'refuse', does: 'Refuses: nothing runs, and the run stops here.', footer: 3 },
  { id: 'askDown', layer: 'typed', keys: ['down'], name: 'scroll', does: 'Scrolls down.', footer: 4 },
  { id: 'askUp', layer: 'typed', keys: ['up'], name: 'up', does: 'Scrolls up.' },
  { id: 'askPageDown', layer: 'typed', keys: ['pgdn'], name: 'page down', does: 'Scrolls a page down.' },
  { id: 'askPageUp', layer: 'typed', keys: ['pgup'], name: 'page up', does: 'Scrolls a page up.' },
  { id: 'peek', layer: 'typed', keys: ['tab'], name: 'look around', does: 'Leaves the question for a look at the logs and checks; tab comes back.', footer: 5 },
  { id: 'diff', layer: 'typed', keys: ['ctrl-d'], name: 'diff', does: 'Shows or hides the diffs.', footer: 6 },

  { id: 'answerDone', layer: 'manual', keys: ['y'], name: 'done', does: 'Answers: it is done, and it was right.', footer: 1 },
  { id: 'answerNot', layer: 'manual', keys: ['n'], name: 'not so', does: 'Answers: it is not done, or it was not right.', footer: 2 },
  { id: 'answerText', layer: 'manual', keys: ['t', 'enter'], name: 'answer in words', does: 'Answers in your own words, as done.', footer: 3 },
  { id: 'skip', layer: 'manual', keys: ['s'], name: 'skip', does: 'Skips this step; asks for the reason, which is recorded.', footer: 4 },
  { id: 'refuse', layer: 'manual', keys: ['esc'], name: 'stop here', does: 'Stops the run here.', footer: 5 },
  { id: 'peek', layer: 'manual', keys: ['tab'], name: 'look around', does: 'Leaves the question for a look at the logs and checks; tab comes back.', footer: 6 },
  { id: 'askDown', layer: 'manual', keys: ['j', 'down'], name: 'scroll', does: 'Scrolls down.' },
  { id: 'askUp', layer: 'manual', keys: ['k', 'up'], name: 'up', does: 'Scrolls up.' },

  { id: 'help', layer: 'approval', keys: ['?'], name: 'help', does: 'Shows every key that counts here.', footer: 12 },
  { id: 'help', layer: 'manual', keys: ['?'], name: 'help', does: 'Shows every key that counts here.', footer: 12 },

  // Home.
  {
    id: 'openSelected',
    layer: 'home',
    keys: ['enter'],
    name: ({ view }) =>
      ({ incidents: 'open', runbooks: 'declare an incident with it', hosts: 'open' })[view.home.list],
    does: 'Opens the selected incident, or declares one for the selected runbook.',
    off: (context) => {
      const { list } = context.view.home
      if (lengthOf(context, list) === 0) return 'this list is empty'
      return list === 'hosts' ? 'a host has nothing to open; choose a runbook or an incident' : undefined
    },
    footer: 1,
  },
  { id: 'declare', layer: 'home', keys: ['n'], name: 'new incident', does: 'Declares a new incident: asks for its title.', footer: 2 },
  { id: 'filter', layer: 'home', keys: ['/'], name: 'find a runbook', does: 'Filters the runbooks by words of their name, title, symptoms and steps.', footer: 3 },
  { id: 'nextList', layer: 'home', keys: ['tab', 'right', 'l'], name: 'next list', does: 'Goes to the next list.', footer: 4 },
  { id: 'previousList', layer: 'home', keys: ['shift-tab', 'left', 'h'], name: 'previous list', does: 'Goes to the previous list.' },
  { id: 'list1', layer: 'home', keys: ['1'], name: 'incidents', does: 'Goes to the incidents.' },
  { id: 'list2', layer: 'home', keys: ['2'], name: 'runbooks', does: 'Goes to the runbooks.' },
  { id: 'list3', layer: 'home', keys: ['3'], name: 'hosts', does: 'Goes to the hosts.' },
  { id: 'leave', layer: 'home', keys: ['q'], name: 'quit', does: 'Asks to quit.', footer: 9 },
  { id: 'clearFilter', layer: 'home', keys: ['esc'], name: 'clear the filter', does: 'Shows all runbooks again.', off: ({ view }) => (view.home.filter ? undefined : 'q quits') },

  // Steps.
  {
    id: 'goOn',
    layer: 'steps',
    keys: ['enter'],
    name: (context) => nextName(context),
    does: 'Does the next sensible thing: opens the suggested runbook, starts or goes on with the run, plans again, exports. The footer says which.',
    off: (context) => nextOff(context),
    footer: 1,
  },
  {
    id: 'runFrom',
    layer: 'steps',
    keys: ['>'],
    name: 'run from here',
    does: 'Runs from the selected step on; asks for each approval.',
    off: (context) => noSteps(context) ?? (runs(context.state) ? 'it runs already' : undefined),
  },
  {
    id: 'undo',
    layer: 'steps',
    keys: ['u'],
    name: 'undo',
    does: 'Undoes the selected step, after a confirmation that shows how.',
    off: (context) => undoOff(context),
    footer: 6,
  },
  { id: 'diff', layer: 'steps', keys: ['d'], name: 'diff', does: 'Shows or hides the diffs of the plan.', off: noSteps, footer: 5 },
  { id: 'planDown', layer: 'steps', keys: ['pgdn', ' '], name: 'more', does: 'Scrolls the plan of the selected step down.', off: noSteps, footer: 7 },
  { id: 'planUp', layer: 'steps', keys: ['pgup'], name: 'scroll up', does: 'Scrolls the plan up.', off: noSteps },
  {
    id: 'nextHost',
    layer: 'steps',
    keys: [']', 'right', 'l'],
    name: 'next host',
    does: 'Shows the plan for the next host of the selected step.',
    off: (context) => ((selectedStep(context)?.hosts.length ?? 0) > 1 ? undefined : 'this step has one host'),
  },
  {
    id: 'previousHost',
    layer: 'steps',
    keys: ['[', 'left', 'h'],
    name: 'previous host',
    does: 'Shows the plan for the previous host.',
    off: (context) => ((selectedStep(context)?.hosts.length ?? 0) > 1 ? undefined : 'this step has one host'),
  },
  {
    id: 'copyPlan',
    layer: 'steps',
    keys: ['y'],
    name: 'copy',
    does: 'Copies the commands of the selected step.',
    off: (context) => ((selectedPlan(context)?.plan.changes.length ?? 0) > 0 ? undefined : 'this step would run nothing'),
  },

  // Checks.
  {
    id: 'checkDetail',
    layer: 'checks',
    keys: ['enter'],
    name: 'evidence',
    does: 'Shows what the selected check wanted and what it saw.',
    off: ({ state }) => (Object.keys(state.room?.incident.checks ?? {}).length > 0 ? undefined : 'no check was seen yet; c runs them'),
    footer: 1,
  },

  // Logs.
  { id: 'followEnd', layer: 'logs', keys: ['enter', 'G', 'end'], name: 'follow the end', does: 'Goes to the newest line and follows.', off: (context) => noLogs(context) ?? (context.view.log.cursor === undefined ? 'it follows already' : undefined), footer: 1 },
  { id: 'pin', layer: 'logs', keys: ['p'], name: 'pin', does: 'Puts the chosen lines on the timeline.', off: (context) => noLogs(context) ?? (chosenLines(context).length > 0 ? undefined : 'choose a line with k first'), footer: 2 },
  { id: 'search', layer: 'logs', keys: ['/'], name: 'search', does: 'Searches the log: words or a regular expression; capitals count where you type one.', off: noLogs, footer: 3 },
  { id: 'searchNext', layer: 'logs', keys: ['n'], name: 'next', does: 'Goes to the next match, towards the older lines.', off: (context) => noSearch(context), footer: 4 },
  { id: 'searchPrevious', layer: 'logs', keys: ['N'], name: 'previous', does: 'Goes to the previous match, towards the newer lines.', off: (context) => noSearch(context) },
  { id: 'mark', layer: 'logs', keys: ['v', ' '], name: 'choose lines', does: 'Starts choosing lines from here; again lets go.', off: noLogs, footer: 5 },
  { id: 'copyLines', layer: 'logs', keys: ['y'], name: 'copy', does: 'Copies the chosen lines.', off: (context) => noLogs(context) ?? (chosenLines(context).length > 0 ? undefined : 'choose a line with k first'), footer: 6 },
  { id: 'nextLog', layer: 'logs', keys: [']', 'right', 'l'], name: 'next log', does: 'Shows the next followed log.', off: (context) => noMoreLogs(context), footer: 7 },
  { id: 'previousLog', layer: 'logs', keys: ['[', 'left', 'h'], name: 'previous log', does: 'Shows the previous followed log.', off: (context) => noMoreLogs(context) },

  // Timeline.
  { id: 'rowDetail', layer: 'timeline', keys: ['enter'], name: 'all of it', does: 'Shows the whole selected row.', off: ({ state }) => ((state.room?.incident.timeline.length ?? 0) > 0 ? undefined : 'the timeline is empty'), footer: 1 },

  // The incident room, in every pane.
  { id: 'unpeek', layer: 'room', keys: ['tab'], name: 'back to the question', does: 'Returns to the question that waits.', off: (context) => (dueAsk(context) ? undefined : 'no question waits'), footer: 0 },
  { id: 'nextPane', layer: 'room', keys: ['tab'], name: 'pane', does: 'Goes to the next pane.', footer: 4 },
  { id: 'previousPane', layer: 'room', keys: ['shift-tab'], name: 'previous pane', does: 'Goes to the previous pane.' },
  { id: 'pane1', layer: 'room', keys: ['1'], name: 'steps', does: 'Goes to the steps.' },
  { id: 'pane2', layer: 'room', keys: ['2'], name: 'checks', does: 'Goes to the checks.' },
  { id: 'pane3', layer: 'room', keys: ['3'], name: 'logs', does: 'Goes to the logs.' },
  { id: 'pane4', layer: 'room', keys: ['4'], name: 'timeline', does: 'Goes to the timeline.' },
  { id: 'zoom', layer: 'room', keys: ['z'], name: 'zoom', does: 'Gives the pane the whole screen, and back.' },
  {
    id: 'cancel',
    layer: 'room',
    keys: ['x'],
    name: 'cancel',
    does: 'Cancels what runs, after a confirmation.',
    off: ({ state }) => (runs(state) || state.room?.run?.current ? undefined : 'nothing runs'),
    footer: 2,
  },
  { id: 'note', layer: 'room', keys: ['a'], name: 'note', does: 'Adds a note: `text`, `-10m text`, `22:32 text` or `22:32-22:41 text` (UTC).', footer: 3 },
  { id: 'check', layer: 'room', keys: ['c'], name: 'check', does: 'Runs the observing checks now.', off: noSteps, footer: 8 },
  { id: 'status', layer: 'room', keys: ['S'], name: 'status', does: "Sets the incident's status.", footer: 8 },
  { id: 'severity', layer: 'room', keys: ['E'], name: 'severity', does: "Sets the incident's severity." },
  { id: 'openRunbook', layer: 'room', keys: ['o'], name: 'runbook', does: 'Opens a runbook and plans it; nothing is changed by that.', off: ({ state }) => (runs(state) ? 'a run is at work; x cancels it' : undefined) },
  { id: 'replan', layer: 'room', keys: ['r'], name: 'plan again', does: 'Looks at the hosts again and plans anew.', off: (context) => noSteps(context) ?? (runs(context.state) ? 'a run is at work' : undefined) },
  { id: 'command', layer: 'room', keys: ['!'], name: 'command', does: 'Runs an ad hoc command on hosts that you name, recorded like any step.' },
  { id: 'follow', layer: 'room', keys: ['f'], name: 'follow', does: 'Follows another log: HOST kind:name.' },
  { id: 'export', layer: 'room', keys: ['e'], name: 'export', does: 'Writes the postmortem now and says where.' , footer: 9 },
  { id: 'home', layer: 'room', keys: ['q', 'esc'], name: 'home', does: 'Goes back to the home screen; what runs goes on.', footer: 10 },

  // Everywhere.
  { id: 'down', layer: 'global', keys: ['j', 'down'], name: 'down', does: 'Moves down.' },
  { id: 'up', layer: 'global', keys: ['k', 'up'], name: 'up', does: 'Moves up.' },
  { id: 'pageDown', layer: 'global', keys: ['pgdn', ' '], name: 'page down', does: 'Moves a page down.' },
  { id: 'pageUp', layer: 'global', keys: ['pgup'], name: 'page up', does: 'Moves a page up.' },
  { id: 'first', layer: 'global', keys: ['g', 'home'], name: 'first', does: 'Moves to the first.' },
  { id: 'last', layer: 'global', keys: ['G', 'end'], name: 'last', does: 'Moves to the last.' },
  { id: 'palette', layer: 'global', keys: [':', 'ctrl-k'], name: 'all commands', does: 'Lists all commands; type to find one.', footer: 11 },
  { id: 'help', layer: 'global', keys: ['?'], name: 'help', does: 'Shows every key that counts here.', footer: 12 },
  { id: 'quit', layer: 'global', keys: ['ctrl-c'], name: 'quit', does: 'Asks to quit; twice quits. What runs on a host goes on there.' },
] as const satisfies readonly KeyRecord[]

/** The name of every command that a key or the palette can start. */
export type CommandId = (typeof records)[number]['id']

/** Every key of the console. */
export const keyRecords: readonly (KeyRecord & { id: CommandId })[] = records

/** The layers that count now, nearest first. */
export function layersOf(context: Context): Layer[] {
  const ask = shownAsk(context)
  if (ask) return ask.is === 'prompt' ? [] : [ask.is]
  return context.state.room ? [context.view.pane, 'room', 'global'] : ['home', 'global']
}

/** The record of a key in the layers that count now; a record that is off gives way to a later one that is not. */
export function recordFor(name: string, context: Context): (KeyRecord & { id: CommandId }) | undefined {
  const layers = layersOf(context)
  const known = layers.flatMap((layer) => keyRecords.filter((record) => record.layer === layer && record.keys.includes(name)))
  return known.find((record) => !record.off?.(context)) ?? known[0]
}

/** The records of the layers that count now. */
export function recordsHere(context: Context): (KeyRecord & { id: CommandId })[] {
  return layersOf(context).flatMap((layer) => keyRecords.filter((record) => record.layer === layer))
}

export function nameOf(record: KeyRecord, context: Context): string {
  return typeof record.name === 'string' ? record.name : record.name(context)
}

/** A key as a person reads it: `space`, `↑`. */
export function showKey(name: string): string {
  return name === ' ' ? 'space' : name
}

/** Rows for the generated reference: where a key counts, the key, its command, and what it does. */
export function keyTable(): { layer: Layer; keys: string; command: string; does: string }[] {
  return keyRecords.map(({ layer, keys, id, does }) => ({ layer, keys: keys.map(showKey).join(', '), command: id, does }))
}

function nextName(context: Context): string {
  const { room } = context.state
  if (!room) return 'go on'
  if (!room.run) return room.suggested ? `open ${room.suggested} (only looks)` : 'choose a runbook'
  if (room.run.phase === 'finished') return room.run.exit === 0 ? 'export the postmortem' : 'plan again'
  const next = nextStep(room)
  if (!next) return 'export the postmortem'
  const started = next.number > 1 || room.run.steps.some((step) => step.hosts.some((host) => (stepState(room, step.id, host)?.changes.length ?? 0) > 0))
  return `${started ? 'go on with' : 'run from'} ${next.number} ${next.step.id}, asks first`
}

function nextOff({ state }: Context): string | undefined {
  const run = state.room?.run
  if (!run) return undefined
  if (run.phase === 'connecting') return 'it connects to the hosts'
  if (run.phase === 'planning' || run.phase === 'checking') return 'it still looks at the hosts'
  if (run.phase === 'running') return `${run.current?.step ?? 'it'} is at work`
  return undefined
}

function undoOff(context: Context): string | undefined {
  const { room } = context.state
  const step = selectedStep(context)
  const host = selectedHost(context)
  if (!room || !step || host === undefined) return 'no runbook is open'
  if (runs(context.state)) return 'a run is at work; x cancels it'
  const done = stepState(room, step.id, host)?.changes.filter((change) => !change.undone) ?? []
  if (done.length === 0) return `${step.id} has changed nothing on ${host}`
  return undefined
}

function noSearch(context: Context): string | undefined {
  return noLogs(context) ?? (context.view.log.search ? undefined : '/ searches first')
}

function noMoreLogs(context: Context): string | undefined {
  return noLogs(context) ?? ((selectedLog(context)?.keys.length ?? 0) > 1 ? undefined : 'one log is followed')
}
