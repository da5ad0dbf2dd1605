import type { CheckState } from '../../src/model/incident.ts'
import { type Context, clamp } from '../context.ts'
import type { Row, Span } from '../row.ts'
import { pad, widthOf, wrap } from '../text.ts'
import type { Marks } from '../theme.ts'
import { windowOf } from './window.ts'

/** One row of the matrix: recorded, or only declared by the runbook. */
interface CheckRow {
  id: string
  title: string
  host: string
  probe: boolean
  state?: CheckState
}

/** The checks of the incident and of the opened runbook, the runbook's own order first. */
export function checksOf({ state }: Context): CheckRow[] {
  const { room } = state
  if (!room) return []
  const declared = (room.run?.checks ?? []).flatMap((check) => {
    return check.hosts.map((host): CheckRow => {
      const recorded = room.incident.checks[`${check.id} ${host}`]
      return {
        id: check.id,
        title: check.title,
        host,
        probe: check.effect === 'probe',
        ...(recorded ? { state: recorded } : {}),
      }
    })
  })
  const known = new Set(declared.map((row) => `${row.id} ${row.host}`))
  const others = Object.values(room.incident.checks)
    .filter((check) => !known.has(`${check.check} ${check.host}`))
    .map(
      (check): CheckRow => ({
        id: check.check,
        title: check.title,
        host: check.host,
        probe: false,
        state: check,
      }),
    )
  return [...declared, ...others]
}

/** How many checks pass by their last look: `5/6 pass`. */
export function checksSummary(context: Context): string {
  const rows = checksOf(context)
  if (rows.length === 0) return 'none'
  const seen = rows.filter((row) => row.state?.last)
  if (seen.length === 0) return `${rows.length} not run yet`
  return `${seen.filter((row) => row.state?.last?.verdict === 'ok').length}/${rows.length} pass`
}

type Look = CheckState['last']

function cell(look: Look, width: number, marks: Marks): Span {
  if (!look) return [pad(marks.none, width), 'dim']
  const mark = look.verdict === 'ok' ? marks.ok : look.verdict === 'failed' ? marks.bad : marks.unknown
  const tone = look.verdict === 'ok' ? 'ok' : look.verdict === 'failed' ? 'bad' : 'warn'
  return [pad(`${mark} ${look.observed}`, width), tone]
}

/** The matrix: a head, then a row for each check and host. */
export function checkRows(
  context: Context,
  width: number,
  height: number,
  focused: boolean,
  marks: Marks,
): Row[] {
  const rows = checksOf(context)
  if (rows.length === 0) return [[['No checks. A runbook brings them; o opens one.', 'dim']]]
  const index = clamp(context.view.check, rows.length)
  const hostWidth = Math.min(14, Math.max(4, ...rows.map((row) => widthOf(row.host))))
  const cellWidth = width >= 110 ? 16 : width >= 72 ? 11 : 8
  const titleWidth = Math.max(10, width - 2 - hostWidth - 1 - 3 * (cellWidth + 1))
  const head: Row = [
    [
      `  ${pad('check', titleWidth)} ${pad('host', hostWidth)} ${pad('before', cellWidth)} ${pad('after', cellWidth)} ${pad('last', cellWidth)}`,
      'dim',
    ],
  ]
  return [
    head,
    ...windowOf(rows, index, height - 1).map(({ item, index: at }): Row => {
      const selected = at === index
      return [
        [selected ? `${marks.cursor} ` : '  ', selected && focused ? 'key' : 'dim'],
        [
          pad(item.probe ? `${item.title} (probe)` : item.title, titleWidth),
          selected && focused ? 'selected' : 'plain',
        ],
        ' ',
        [pad(item.host, hostWidth), 'dim'],
        ' ',
        cell(item.state?.before, cellWidth, marks),
        ' ',
        cell(item.state?.after, cellWidth, marks),
        ' ',
        cell(item.state?.last, cellWidth, marks),
      ]
    }),
  ]
}

/** Under the matrix, where there is room: what the selected check wanted and saw. */
export function lookRows(context: Context, width: number, height: number, marks: Marks): Row[] {
  const rows = checksOf(context)
  const row = rows[clamp(context.view.check, rows.length)]
  if (!row || height < 4) return []
  const text = checkText(row).flatMap((line) => wrap(line, width - 2, 3))
  return [
    [],
    [[`${row.title} on ${row.host}`, 'strong']],
    ...text.slice(0, height - 2).map((line): Row => [`${marks.column} `, line]),
  ]
}

/** All that is known of one check, for its detail screen. */
export function checkText(row: CheckRow): string[] {
  const look = (name: string, one: Look) =>
    one
      ? [
          `${name}  ${one.at}  ${one.verdict}, ${one.ms} ms`,
          `  wanted  ${one.expected}`,
          `  saw     ${one.observed}`,
          ...(one.evidence ? ['', ...one.evidence.split('\n').map((line) => `  ${line}`)] : []),
          '',
        ]
      : []
  const { state } = row
  if (!state)
    return [
      'It has not run yet.',
      row.probe ? 'A probe runs only before the first step and after the last.' : 'c runs it.',
    ]
  return [
    ...look('before', state.before),
    ...look('after', state.after),
    ...(state.last && state.last.at !== state.after?.at && state.last.at !== state.before?.at
      ? look('last', state.last)
      : []),
  ]
}
