import { lengthOf } from '../context.ts'
import type { KeyRecord } from './record.ts'

/** Keys of the home screen. */
export const homeKeys = [
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
  {
    id: 'declare',
    layer: 'home',
    keys: ['n'],
    name: 'new incident',
    does: 'Declares a new incident: asks for its title.',
    footer: 2,
  },
  {
    id: 'filter',
    layer: 'home',
    keys: ['/'],
    name: 'find a runbook',
    does: 'Filters the runbooks by words of their name, title, symptoms and steps.',
    footer: 3,
  },
  {
    id: 'nextList',
    layer: 'home',
    keys: ['tab', 'right', 'l'],
    name: 'next list',
    does: 'Goes to the next list.',
    footer: 4,
  },
  {
    id: 'previousList',
    layer: 'home',
    keys: ['shift-tab', 'left', 'h'],
    name: 'previous list',
    does: 'Goes to the previous list.',
  },
  { id: 'list1', layer: 'home', keys: ['1'], name: 'incidents', does: 'Goes to the incidents.' },
  { id: 'list2', layer: 'home', keys: ['2'], name: 'runbooks', does: 'Goes to the runbooks.' },
  { id: 'list3', layer: 'home', keys: ['3'], name: 'hosts', does: 'Goes to the hosts.' },
  { id: 'leave', layer: 'home', keys: ['q'], name: 'quit', does: 'Asks to quit.', footer: 9 },
  {
    id: 'clearFilter',
    layer: 'home',
    keys: ['esc'],
    name: 'clear the filter',
    does: 'Shows all runbooks again.',
    off: ({ view }) => (view.home.filter ? undefined : 'q quits'),
  },
] as const satisfies readonly KeyRecord[]
