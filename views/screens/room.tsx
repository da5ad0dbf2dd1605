import { Box } from 'ink'
import { shownAsk } from '../context.ts'
import { AskPane } from '../parts/Ask.tsx'
import { checksOf } from '../parts/checks.ts'
import { Divider } from '../parts/Pane.tsx'
import { ChecksPane, LogsPane, paneComponents, StepsPane, Tabs, TimelinePane } from '../parts/panes.tsx'
import { useWatch } from '../store.ts'

/** From this many columns on the room has two columns. */
export const wide = 120

/** The incident room between its status line and its footer: tabs on a narrow terminal, all panes on a wide one. */
export function RoomScreen({ width, height }: { width: number; height: number }) {
  const context = useWatch(({ state, view }) => [state.room, state.prompt, view])
  const { view } = context
  const ask = shownAsk(context)
  const asked = ask && ask.is !== 'prompt' ? ask : undefined
  if (width < wide || (view.zoomed && !asked)) {
    if (asked) return <AskPane ask={asked} width={width} height={height} />
    const Shown = paneComponents[view.pane]
    return (
      <Box flexDirection="column" width={width} height={height} flexShrink={0}>
        <Tabs width={width} />
        <Shown width={width} height={height - 1} focused tabbed />
      </Box>
    )
  }
  const left = Math.floor((width - 1) * (width >= 160 ? 0.5 : 0.54))
  const right = width - 1 - left
  const checks = Math.min(Math.max(5, checksOf(context).length + 2), Math.floor(height * 0.3))
  const timeline = Math.max(6, Math.floor((height - checks) * 0.42))
  const is = (pane: string) => !asked && view.pane === pane
  return (
    <Box width={width} height={height} flexShrink={0}>
      <Box flexDirection="column" width={left} height={height} flexShrink={0}>
        {asked ? (
          <AskPane ask={asked} width={left} height={height} />
        ) : (
          <StepsPane width={left} height={height} focused={is('steps')} />
        )}
      </Box>
      <Divider height={height} />
      <Box flexDirection="column" width={right} height={height} flexShrink={0}>
        <ChecksPane width={right} height={checks} focused={is('checks')} />
        <LogsPane width={right} height={height - checks - timeline} focused={is('logs')} />
        <TimelinePane width={right} height={timeline} focused={is('timeline')} />
      </Box>
    </Box>
  )
}
