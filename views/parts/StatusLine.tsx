import { clockOf } from '../format.ts'
import { ends } from '../row.ts'
import { useWatch } from '../store.ts'
import { troubleRow } from './hosts.ts'
import { Line } from './Line.tsx'
import { statusRow } from './status.ts'

/** The top line: of the incident in its room, of sitrep at home. It alone is drawn anew each second. */
export function StatusLine({ width }: { width: number }) {
  const { state } = useWatch(({ state }) => [
    state.room?.incident,
    state.room?.hosts,
    state.now,
    state.operator,
  ])
  const { room, now, operator } = state
  if (room) return <Line row={statusRow(room, now, width)} width={width} />
  const row = ends(
    [
      [' SITREP ', 'strong'],
      [operator, 'dim'],
    ],
    [[`${clockOf(new Date(now).toISOString())} UTC`, 'plain']],
    width,
  )
  return <Line row={row} width={width} />
}

/** What is wrong with the ways to hosts, and why; shown only while something is. */
export function HostTrouble({ width }: { width: number }) {
  const { state } = useWatch(({ state }) => [state.room?.hosts])
  const row = troubleRow(state.room?.hosts ?? {})
  return row === undefined ? null : <Line row={row} width={width} />
}

/** Shown while the record can't be written; no change is made in that time. */
export function RecordingStopped({ width }: { width: number }) {
  const { state } = useWatch(({ state }) => [state.recording])
  const { stopped = '', reserve = false } = state.recording
  const what = reserve ? 'Results are still recorded; nothing more is changed.' : 'Nothing more is changed.'
  return <Line row={[[` RECORDING STOPPED: ${stopped}. ${what} `.padEnd(width), 'alarm']]} width={width} />
}
