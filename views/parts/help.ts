import type { Context } from '../context.ts'
import { type KeyRecord, type Layer, showKey } from '../keys.ts'
import { helpRecords } from '../overlays.ts'
import type { Row } from '../row.ts'
import { pad, wrap } from '../text.ts'

const layerNames: Record<Layer, string> = {
  approval: 'When a step wants approval',
  typed: 'When the target has to be typed',
  manual: 'When a step asks you',
  home: 'Home',
  steps: 'Steps',
  checks: 'Checks',
  logs: 'Logs',
  timeline: 'Timeline',
  room: 'The incident room',
  global: 'Everywhere',
}

/** Every key that counts here, by where it does. */
export function helpRows(context: Context, width: number): Row[] {
  let layer: Layer | undefined
  return helpRecords(context).flatMap((record): Row[] => {
    const head: Row[] =
      record.layer === layer ? [] : [...(layer ? [[]] : []), [[layerNames[record.layer], 'strong']]]
    layer = record.layer
    return [...head, ...helpRow(record, context, width)]
  })
}

const keyColumn = 16

function helpRow(record: KeyRecord, context: Context, width: number): Row[] {
  const off = record.off?.(context)
  const text = off === undefined ? record.does : `${record.does} Off: ${off}.`
  return wrap(text, width - keyColumn).map((line, index): Row => {
    const keys = index === 0 ? `  ${record.keys.map(showKey).join(' ')}` : ''
    return [
      [pad(keys, keyColumn), 'key'],
      [line, off === undefined ? 'plain' : 'dim'],
    ]
  })
}
