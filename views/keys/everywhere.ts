import type { KeyRecord } from './record.ts'

/** Keys that count on every screen. */
export const globalKeys = [
  { id: 'down', layer: 'global', keys: ['j', 'down'], name: 'down', does: 'Moves down.' },
  { id: 'up', layer: 'global', keys: ['k', 'up'], name: 'up', does: 'Moves up.' },
  { id: 'pageDown', layer: 'global', keys: ['pgdn', ' '], name: 'page down', does: 'Moves a page down.' },
  { id: 'pageUp', layer: 'global', keys: ['pgup'], name: 'page up', does: 'Moves a page up.' },
  { id: 'first', layer: 'global', keys: ['g', 'home'], name: 'first', does: 'Moves to the first.' },
  { id: 'last', layer: 'global', keys: ['G', 'end'], name: 'last', does: 'Moves to the last.' },
  {
    id: 'palette',
    layer: 'global',
    keys: [':', 'ctrl-k'],
    name: 'all commands',
    does: 'Lists all commands; type to find one.',
    footer: 11,
  },
  {
    id: 'help',
    layer: 'global',
    keys: ['?'],
    name: 'help',
    does: 'Shows every key that counts here.',
    footer: 12,
  },
  {
    id: 'quit',
    layer: 'global',
    keys: ['ctrl-c'],
    name: 'quit',
    does: 'Asks to quit; twice quits. What runs on a host goes on there.',
  },
] as const satisfies readonly KeyRecord[]
