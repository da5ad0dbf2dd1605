import { atWork, dueAsk } from '../context.ts'
import { noSteps, runs } from './off.ts'
import type { KeyRecord } from './record.ts'

/** Keys of the incident room, in every pane. */
export const roomKeys = [
  {
    id: 'unpeek',
    layer: 'room',
    keys: ['tab'],
    name: 'back to the question',
    does: 'Returns to the question that waits.',
    off: (context) => (dueAsk(context) ? undefined : 'no question waits'),
    footer: 0,
  },
  { id: 'nextPane', layer: 'room', keys: ['tab'], name: 'pane', does: 'Goes to the next pane.', footer: 4 },
  {
    id: 'previousPane',
    layer: 'room',
    keys: ['shift-tab'],
    name: 'previous pane',
    does: 'Goes to the previous pane.',
  },
  { id: 'pane1', layer: 'room', keys: ['1'], name: 'steps', does: 'Goes to the steps.' },
  { id: 'pane2', layer: 'room', keys: ['2'], name: 'checks', does: 'Goes to the checks.' },
  { id: 'pane3', layer: 'room', keys: ['3'], name: 'logs', does: 'Goes to the logs.' },
  { id: 'pane4', layer: 'room', keys: ['4'], name: 'timeline', does: 'Goes to the timeline.' },
  {
    id: 'zoom',
    layer: 'room',
    keys: ['z'],
    name: 'zoom',
    does: 'Gives the pane the whole screen, and back.',
  },
  {
    id: 'cancel',
    layer: 'room',
    keys: ['x'],
    name: 'cancel',
    does: 'Cancels what runs, after a confirmation.',
    off: ({ state }) =>
      runs(state) || atWork(state).length > 0 || state.room?.commands ? undefined : 'nothing runs',
    footer: 2,
  },
  {
    id: 'note',
    layer: 'room',
    keys: ['a'],
    name: 'note',
    does: 'Adds a note: `text`, `-10m text`, `22:32 text` or `22:32-22:41 text` (UTC).',
    footer: 3,
  },
  {
    id: 'check',
    layer: 'room',
    keys: ['c'],
    name: 'check',
    does: 'Runs the observing checks now.',
    off: (context) => noSteps(context) ?? (runs(context.state) ? 'a run is at work' : undefined),
    footer: 8,
  },
  {
    id: 'status',
    layer: 'room',
    keys: ['S'],
    name: 'status',
    does: "Sets the incident's status.",
    footer: 8,
  },
  { id: 'severity', layer: 'room', keys: ['E'], name: 'severity', does: "Sets the incident's severity." },
  {
    id: 'openRunbook',
    layer: 'room',
    keys: ['o'],
    name: 'runbook',
    does: 'Opens a runbook and plans it; nothing is changed by that.',
    off: ({ state }) => (runs(state) ? 'a run is at work; x cancels it' : undefined),
  },
  {
    id: 'replan',
    layer: 'room',
    keys: ['r'],
    name: 'plan again',
    does: 'Looks at the hosts again and plans anew.',
    off: (context) => noSteps(context) ?? (runs(context.state) ? 'a run is at work' : undefined),
  },
  {
    id: 'command',
    layer: 'room',
    keys: ['!'],
    name: 'command',
    does: 'Runs an ad hoc command on hosts that you name, recorded like any step.',
  },
  { id: 'follow', layer: 'room', keys: ['f'], name: 'follow', does: 'Follows another log: HOST kind:name.' },
  {
    id: 'export',
    layer: 'room',
    keys: ['e'],
    name: 'export',
    does: 'Writes the postmortem now and says where.',
    footer: 9,
  },
  {
    id: 'home',
    layer: 'room',
    keys: ['q', 'esc'],
    name: 'home',
    does: 'Goes back to the home screen.',
    off: ({ state }) =>
      runs(state)
        ? 'a run is at work; x cancels it, ctrl-c leaves while it goes on'
        : state.room?.commands
          ? 'a command runs; x cancels it, ctrl-c leaves while it goes on'
          : undefined,
    footer: 10,
  },
] as const satisfies readonly KeyRecord[]
