import { memo, useContext } from 'react'
import { type Context, selectedLog } from '../context.ts'
import { useExtent } from '../extents.ts'
import type { Row, Span } from '../row.ts'
import { useWatch } from '../store.ts'
import { ThemeContext } from '../theme.ts'
import { type Pane as PaneName, panes } from '../view.ts'
import { checkRows, checksSummary, lookRows } from './checks.ts'
import { Line } from './Line.tsx'
import { logRows, logTitle, newLines } from './logs.ts'
import { Pane } from './Pane.tsx'
import { stepDetailRows, stepRows } from './steps.ts'
import { timelineRows } from './timeline.ts'
import { scrolled } from './window.ts'

interface Place {
  /** The tabs above say which pane this is. */
  tabbed?: boolean
  width: number
  height: number
  focused: boolean
}

const numbered = (pane: PaneName, tabbed: boolean): Span[] =>
  tabbed ? [] : [[`${panes.indexOf(pane) + 1} ${pane} `, 'strong']]

/** The steps, and below them the plan of the selected one. */
export const StepsPane = memo(function StepsPane({ width, height, focused, tabbed = false }: Place) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [
    state.room?.run,
    state.room?.incident.steps,
    state.room?.suggested,
    Object.keys(state.room?.run?.atWork ?? {}).length > 0 ? state.now : 0,
    view.step,
    view.host,
    view.diff,
    view.planScroll,
  ])
  const count = context.state.room?.run?.steps.length ?? 0
  const list = count === 0 ? height - 1 : Math.min(count, Math.max(3, Math.floor((height - 2) * 0.4)))
  const detailHeight = height - 1 - list
  const { title, rows } = stepDetailRows(context, width - 1, marks)
  const { shown, before, more } = scrolled(rows, context.view.planScroll, Math.max(0, detailHeight - 1))
  useExtent('plan', rows.length, Math.max(0, detailHeight - 1))
  const below: Row =
    before + more > 0 ? [...title, [more > 0 ? ` ${more} more below` : ' the end', 'dim']] : title
  return (
    <>
      <Pane
        title={[...numbered('steps', tabbed), ...runSpans(context)]}
        rows={stepRows(context, width, list, focused, marks)}
        width={width}
        height={list + 1}
        focused={focused}
      />
      {count > 0 && <Pane title={below} rows={shown} width={width} height={detailHeight} focused={false} />}
    </>
  )
})

/** Which runbook is open, where, and how far it is. */
function runSpans({ state }: Context): Span[] {
  const run = state.room?.run
  if (!run) return [['no runbook open', 'dim']]
  const on = run.hosts.length <= 3 ? run.hosts.join(', ') : `${run.hosts.length} hosts`
  const phase = run.phase === 'finished' && run.exit !== undefined ? `finished, exit ${run.exit}` : run.phase
  const tone = run.phase === 'finished' ? (run.exit === 0 ? 'ok' : 'bad') : 'accent'
  return [
    [`${run.runbook} on ${on} `, 'plain'],
    [phase, tone],
  ]
}

/** The verification matrix, and where there is room the selected check. */
export const ChecksPane = memo(function ChecksPane({ width, height, focused, tabbed = false }: Place) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [
    state.room?.incident.checks,
    state.room?.run?.checks,
    view.check,
  ])
  const matrix = checkRows(context, width, height - 1, focused, marks)
  const rows = [...matrix, ...lookRows(context, width, height - 1 - matrix.length, marks)]
  return (
    <Pane
      title={[...numbered('checks', tabbed), [checksSummary(context), 'plain']]}
      rows={rows}
      width={width}
      height={height}
      focused={focused}
    />
  )
})

/** One followed log. */
export const LogsPane = memo(function LogsPane({ width, height, focused, tabbed = false }: Place) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [
    state.room?.logs,
    state.home.runbooks,
    state.room?.suggested,
    view.log,
  ])
  const rows = logRows(context, height - 1, focused, marks)
  return (
    <Pane
      title={[...numbered('logs', tabbed), ...logTitle(context)]}
      rows={rows}
      width={width}
      height={height}
      focused={focused}
    />
  )
})

/** What has happened, newest last. */
export const TimelinePane = memo(function TimelinePane({ width, height, focused, tabbed = false }: Place) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [state.room?.incident.timeline, view.timeline])
  const length = context.state.room?.incident.timeline.length ?? 0
  const rows = timelineRows(context, width, height - 1, focused, marks)
  return (
    <Pane
      title={[...numbered('timeline', tabbed), [`${length} rows, UTC`, 'plain']]}
      rows={rows}
      width={width}
      height={height}
      focused={focused}
    />
  )
})

export const paneComponents = { steps: StepsPane, checks: ChecksPane, logs: LogsPane, timeline: TimelinePane }

/** The tabs of the narrow room; the open one stands in brackets. */
export function Tabs({ width }: { width: number }) {
  const context = useWatch(({ state, view }) => [state.room, view.pane, view.log, view.zoomed])
  const row = panes.flatMap((pane, index): Span[] => {
    const label = `${index + 1} ${pane}${remark(context, pane)}`
    return context.view.pane === pane ? [[`[${label}]`, 'key'], ' '] : [[` ${label} `, 'plain'], ' ']
  })
  return <Line row={row} width={width} />
}

function remark(context: Context, pane: PaneName): string {
  if (pane === 'checks') return ` ${checksSummary(context)}`
  if (pane !== 'logs') return ''
  const fresh = newLines(context)
  return fresh > 0 ? ` +${fresh}` : selectedLog(context)?.log.state === 'ended' ? ' ended' : ''
}
