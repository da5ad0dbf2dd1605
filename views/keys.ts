import { type Context, shownAsk } from './context.ts'
import { askKeys } from './keys/asks.ts'
import { globalKeys } from './keys/everywhere.ts'
import { homeKeys } from './keys/home.ts'
import { paneKeys } from './keys/panes.ts'
import type { KeyRecord, Layer } from './keys/record.ts'
import { roomKeys } from './keys/room.ts'

const records = [...askKeys, ...homeKeys, ...paneKeys, ...roomKeys, ...globalKeys]

/** The name of every command that a key or the palette can start. */
export type CommandId = (typeof records)[number]['id']

/** Every key of the console. */
export const keyRecords: readonly (KeyRecord & { id: CommandId })[] = records

/** The layers that count now, nearest first. */
function layersOf(context: Context): Layer[] {
  const ask = shownAsk(context)
  if (ask) return ask.is === 'prompt' ? [] : [ask.is]
  return context.state.room ? [context.view.pane, 'room', 'global'] : ['home', 'global']
}

/** The record of a key in the layers that count now; a record that is off gives way to a later one that is not. */
export function recordFor(name: string, context: Context): (KeyRecord & { id: CommandId }) | undefined {
  const layers = layersOf(context)
  const known = layers.flatMap((layer) =>
    keyRecords.filter((record) => record.layer === layer && record.keys.includes(name)),
  )
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
  return keyRecords.map(({ layer, keys, id, does }) => ({
    layer,
    keys: keys.map(showKey).join(', '),
    command: id,
    does,
  }))
}

export type { KeyRecord, Layer } from './keys/record.ts'
