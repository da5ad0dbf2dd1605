import { Box, useInput, usePaste } from 'ink'
import { useContext, useEffect } from 'react'
import { guarded, shownAsk } from './context.ts'
import { useExtent } from './extents.ts'
import { type HandleDeps, handleKey } from './handle.ts'
import { keysOf, keysOfPaste } from './input.ts'
import { useDrawn } from './parts/Ask.tsx'
import { promptPanel, quitPanel } from './parts/askPanels.ts'
import { Footer, Message } from './parts/Footer.tsx'
import { troubleRow } from './parts/hosts.ts'
import { Line, Lines } from './parts/Line.tsx'
import { ruleRow } from './parts/Pane.tsx'
import type { Panel } from './parts/panel.ts'
import { overlayPanel } from './parts/panels.ts'
import { HostTrouble, RecordingStopped, StatusLine } from './parts/StatusLine.tsx'
import { HomeScreen } from './screens/home.tsx'
import { RoomScreen } from './screens/room.tsx'
import { useWatch } from './store.ts'
import { ThemeContext } from './theme.ts'

const least = { columns: 40, rows: 10 }

/** The whole console at one size of the terminal: exactly `rows` rows, each of at most `columns` columns. */
export function App({ deps, columns, rows }: { deps: HandleDeps; columns: number; rows: number }) {
  useInput((input, key) => {
    for (const one of keysOf(input, key, Date.now())) handleKey(deps, one)
  })
  usePaste((text) => {
    for (const one of keysOfPaste(text, Date.now())) handleKey(deps, one)
  })
  const context = useWatch(({ state, view }) => [
    state.room?.incident.id,
    state.room?.approval,
    state.room?.hosts,
    state.prompt,
    state.recording,
    view.overlay,
    view.quitting,
    view.peeking,
    view.tries,
  ])
  const small = columns < least.columns || rows < least.rows
  // A question on a terminal that is too small to show it is not shown: no key answers it.
  useDrawn(small ? undefined : guarded(context))
  const incident = context.state.room?.incident.id
  useEffect(() => {
    if (incident !== undefined) deps.act({ do: 'enteredRoom' })
  }, [incident, deps])
  if (small) {
    return (
      <Line
        row={[`This needs ${least.columns} columns and ${least.rows} rows; ctrl-c leaves.`]}
        width={columns}
      />
    )
  }
  const stopped = context.state.recording.stopped !== undefined
  const trouble = troubleRow(context.state.room?.hosts ?? {}) !== undefined
  const body = rows - 3 - (stopped ? 1 : 0) - (trouble ? 1 : 0)
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <StatusLine width={columns} />
      {trouble && <HostTrouble width={columns} />}
      {stopped && <RecordingStopped width={columns} />}
      <Body width={columns} height={body} />
    </Box>
  )
}

const full = ['help', 'detail']

/** What is between the status line and the end: the screen, and over its lower part what is open or asked. */
function Body({ width, height }: { width: number; height: number }) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [state.room, state.prompt, state.home, view])
  const { state, view } = context
  const whole = view.overlay && full.includes(view.overlay.is)
  const room = whole ? height - 1 : Math.floor(height * 0.6)
  const panel = panelOf(width - 2, room)
  useExtent('overlay', panel?.extent?.rows ?? 0, panel?.extent?.height ?? 0)
  const panelHeight = !panel ? 0 : whole && !view.quitting ? height : Math.min(height, panel.rows.length + 1)
  const rest = height - panelHeight
  const Screen = state.room ? RoomScreen : HomeScreen
  return (
    <>
      {rest > 0 && <Screen width={width} height={rest} />}
      {panel && (
        <Lines
          rows={[ruleRow(panel.title, width, true, marks), ...panel.rows.map((row) => [' ', ...row])]}
          width={width}
          height={panelHeight}
        />
      )}
      <Message width={width} />
      <Footer keys={panel?.keys} width={width} />
    </>
  )

  function panelOf(inner: number, rows: number): Panel | undefined {
    if (view.quitting) return quitPanel(context, inner)
    if (view.overlay) return overlayPanel(context, view.overlay, inner, rows, marks)
    const ask = shownAsk(context)
    return ask?.is === 'prompt' ? promptPanel(context, ask, inner, marks) : undefined
  }
}
