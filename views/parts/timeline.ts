import type { TimelineRow } from '../../src/model/incident.ts'
import { sayUncertainty } from '../../src/model/uncertainty.ts'
import type { Context } from '../context.ts'
import { clockOf } from '../format.ts'
import type { Row } from '../row.ts'
import { pad } from '../text.ts'
import type { Marks } from '../theme.ts'

/** `22:32:00`, `22:32:00 ±0.2s` for a time of a host's clock, or `22:32-22:41` for a window. */
function when(row: TimelineRow): string {
  if (row.uncertaintyMs !== undefined) return `${clockOf(row.at)} ${sayUncertainty(row.uncertaintyMs)}`
  return row.until === undefined ? clockOf(row.at) : `${row.at.slice(11, 16)}-${row.until.slice(11, 16)}`
}

/** Time, mark and kind, as wide in every row: a time that says how sure it is takes the room of the mark for bad rows, which it never is. */
function headOf(row: TimelineRow, marks: Marks): Row {
  if (row.uncertaintyMs !== undefined && !row.bad)
    return [
      [pad(when(row), 15), 'dim'],
      [pad(row.kind, 8), 'dim'],
    ]
  return [
    [pad(when(row), 11), 'dim'],
    ' ',
    [row.bad ? `${marks.bad} ` : '  ', 'bad'],
    [pad(row.kind, 9), 'dim'],
  ]
}

/** The text of a row with the step's id for its title: in a narrow pane, what was done to it counts more. */
function shortText({ state }: Context): (row: TimelineRow) => string {
  const steps = Object.values(state.room?.incident.steps ?? {})
  return ({ kind, text }) => {
    const of = kind === 'step' ? steps.find(({ title }) => text.includes(`: ${title}`)) : undefined
    return of === undefined ? text : text.replace(`: ${of.title}`, `: ${of.step}`)
  }
}

/** The newest rows at the bottom; `view.timeline` counts from the newest. */
export function timelineRows(
  context: Context,
  width: number,
  height: number,
  focused: boolean,
  marks: Marks,
): Row[] {
  const said = width < 100 ? shortText(context) : (row: TimelineRow) => row.text
  const all = context.state.room?.incident.timeline ?? []
  if (all.length === 0) return [[['Nothing has happened yet.', 'dim']]]
  const index = all.length - 1 - Math.min(context.view.timeline, all.length - 1)
  const end = Math.min(
    all.length,
    Math.max(height, index + 1 + (context.view.timeline > 0 ? Math.floor(height / 2) : 0)),
  )
  const top = Math.max(0, end - height)
  return all.slice(top, end).map((row, offset): Row => {
    const selected = top + offset === index
    return [
      [selected ? `${marks.cursor} ` : '  ', selected && focused ? 'key' : 'dim'],
      ...headOf(row, marks),
      ' ',
      [
        said(row),
        selected && focused ? 'selected' : row.bad ? 'bad' : row.kind === 'note' ? 'strong' : 'plain',
      ],
      [row.evidence ? `  [${row.evidence}]` : '', 'dim'],
    ]
  })
}

/** The selected row in full, for its detail screen. */
export function timelineText(row: TimelineRow): string[] {
  return [
    row.at +
      (row.uncertaintyMs === undefined ? '' : ` ${sayUncertainty(row.uncertaintyMs)}`) +
      (row.until === undefined ? '' : ` until ${row.until}`),
    `${row.kind}, by ${row.by}${row.host === undefined ? '' : `, on ${row.host}`}`,
    '',
    ...row.text.split('\n'),
    ...(row.evidence === undefined ? [] : ['', `evidence: ${row.evidence}`]),
  ]
}
