import { Box } from 'ink'
import { useContext } from 'react'
import { type Context, clamp, filteredRunbooks } from '../context.ts'
import { age } from '../format.ts'
import { hostStateSpan } from '../parts/hosts.ts'
import { Divider, Pane } from '../parts/Pane.tsx'
import { hanging } from '../parts/plan.ts'
import { severityTone } from '../parts/status.ts'
import { windowOf } from '../parts/window.ts'
import type { Row, Span } from '../row.ts'
import { useWatch } from '../store.ts'
import { pad, widthOf } from '../text.ts'
import { type Marks, ThemeContext } from '../theme.ts'
import type { List } from '../view.ts'
import { wide } from './room.tsx'

/** Home: the incidents, the runbooks and the hosts; on a wide terminal also what the selected runbook is for. */
export function HomeScreen({ width, height }: { width: number; height: number }) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [state.home, view.home, Math.floor(state.now / 60_000)])
  const { home } = context.state
  const { list, filter } = context.view.home
  const isWide = width >= wide
  const left = isWide ? Math.floor((width - 1) * 0.58) : width
  const runbooks = filteredRunbooks(context)
  const problems = home.problems.slice(0, 2)
  const heights = shares(height - problems.length, [
    Math.max(1, home.incidents.length) + 1,
    Math.max(1, runbooks.length) + 1,
    isWide ? 0 : Math.max(1, home.hosts.length) + 1,
  ])
  const of = (name: List) => ({ width: left, focused: list === name })
  return (
    <Box width={width} height={height} flexShrink={0}>
      <Box flexDirection="column" width={left} height={height} flexShrink={0}>
        {problems.length > 0 && <Problems problems={problems} width={left} marks={marks} />}
        <Pane
          title={[['[1] incidents', 'strong']]}
          rows={incidentRows(context, left, heights[0] - 1, marks)}
          height={heights[0]}
          {...of('incidents')}
        />
        <Pane
          title={[
            ['[2] runbooks', 'strong'],
            filter
              ? [`  /${filter}, ${runbooks.length} of ${home.runbooks.length}, esc clears`, 'accent']
              : '',
          ]}
          rows={runbookRows(context, left, heights[1] - 1, marks)}
          height={heights[1]}
          {...of('runbooks')}
        />
        {!isWide && (
          <Pane
            title={[['[3] hosts', 'strong']]}
            rows={hostRows(context, left, heights[2] - 1, marks)}
            height={heights[2]}
            {...of('hosts')}
          />
        )}
      </Box>
      {isWide && <Divider height={height} />}
      {isWide && <RightSide context={context} width={width - 1 - left} height={height} marks={marks} />}
    </Box>
  )
}

function RightSide({
  context,
  width,
  height,
  marks,
}: {
  context: Context
  width: number
  height: number
  marks: Marks
}) {
  const hosts = Math.min(Math.floor(height / 2), context.state.home.hosts.length + 2)
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Pane
        title={[['[3] hosts', 'strong']]}
        rows={hostRows(context, width, hosts - 1, marks)}
        width={width}
        height={hosts}
        focused={context.view.home.list === 'hosts'}
      />
      <Pane
        title={[['the selected runbook', 'strong']]}
        rows={aboutRows(context, width - 1)}
        width={width}
        height={height - hosts}
        focused={false}
      />
    </Box>
  )
}

function Problems({ problems, width, marks }: { problems: string[]; width: number; marks: Marks }) {
  const rows = problems.map((problem): Row => [[`${marks.bad} ${problem}`, 'bad']])
  return (
    <Box flexDirection="column">
      {rows.map((row) => (
        <Pane key={String(row)} title={row} rows={[]} width={width} height={1} focused={false} />
      ))}
    </Box>
  )
}

/** Heights for three lists: what they need where that fits, the rest to the second; never under three rows. */
function shares(height: number, needs: [number, number, number]): [number, number, number] {
  const third = Math.floor(height / 3)
  const first = Math.min(needs[0], Math.max(third, height - needs[1] - needs[2]))
  const last = needs[2] === 0 ? 0 : Math.min(needs[2], Math.max(third, height - first - needs[1]))
  return [first, height - first - last, last]
}

const cursor = (selected: boolean, focused: boolean, marks: Marks): Span => [
  selected ? `${marks.cursor} ` : '  ',
  selected && focused ? 'key' : 'dim',
]

function incidentRows({ state, view }: Context, width: number, height: number, marks: Marks): Row[] {
  const { incidents } = state.home
  const focused = view.home.list === 'incidents'
  if (incidents.length === 0) return [['  ', ['No incident is recorded. n declares one.', 'dim']]]
  const at = clamp(view.home.index.incidents, incidents.length)
  return windowOf(incidents, at, height).map(({ item, index }): Row => {
    const over = item.status === 'resolved' || item.status === 'closed'
    return [
      cursor(index === at, focused, marks),
      [item.severity.toUpperCase(), over ? 'dim' : severityTone(item.severity)],
      ' ',
      [
        pad(item.title, Math.max(10, width - 34)),
        index === at && focused ? 'selected' : over ? 'dim' : 'plain',
      ],
      '  ',
      [pad(item.status, 13), over ? 'dim' : 'accent'],
      ' ',
      [pad(`${age(state.now - Date.parse(item.started))} ago`, 11, 'right'), 'dim'],
    ]
  })
}

function runbookRows(context: Context, width: number, height: number, marks: Marks): Row[] {
  const { view } = context
  const runbooks = filteredRunbooks(context)
  const focused = view.home.list === 'runbooks'
  if (runbooks.length === 0) {
    return [['  ', [view.home.filter ? 'No runbook has these words.' : 'No runbook was found.', 'dim']]]
  }
  const at = clamp(view.home.index.runbooks, runbooks.length)
  const nameWidth = Math.min(22, Math.max(...runbooks.map((runbook) => widthOf(runbook.name))))
  return windowOf(runbooks, at, height).map(({ item, index }): Row => {
    const remark = item.broken ? 'BROKEN' : item.trusted ? '' : 'NOT TRUSTED'
    return [
      cursor(index === at, focused, marks),
      [pad(item.name, nameWidth), index === at && focused ? 'selected' : 'plain'],
      '  ',
      [pad(item.title, Math.max(8, width - nameWidth - 4 - (remark ? remark.length + 2 : 0))), 'dim'],
      [remark ? `  ${remark}` : '', 'warn'],
    ]
  })
}

function hostRows({ state, view }: Context, width: number, height: number, marks: Marks): Row[] {
  const { hosts } = state.home
  const focused = view.home.list === 'hosts'
  if (hosts.length === 0)
    return [['  ', ['No host: write a sitrep.yaml; sitrep hosts says where it was looked for.', 'dim']]]
  const at = clamp(view.home.index.hosts, hosts.length)
  const nameWidth = Math.min(20, Math.max(...hosts.map((host) => widthOf(host.name))))
  // Why a host is not there is worth more room than its groups.
  const stateWidth = Math.min(
    Math.max(26, width - nameWidth - 36),
    Math.max(...hosts.map((host) => widthOf(hostStateSpan(host.state, marks)[0]))),
  )
  return windowOf(hosts, at, height).map(({ item, index }): Row => {
    const [text, tone] = hostStateSpan(item.state, marks)
    return [
      cursor(index === at, focused, marks),
      [pad(item.name, nameWidth), index === at && focused ? 'selected' : 'plain'],
      '  ',
      [pad(text, stateWidth), tone],
      '  ',
      [pad(item.production ? 'PRODUCTION' : '', 10), 'warn'],
      '  ',
      [[item.address, ...item.groups].join(', '), 'dim'],
    ]
  })
}

function aboutRows(context: Context, width: number): Row[] {
  const runbooks = filteredRunbooks(context)
  const runbook = runbooks[clamp(context.view.home.index.runbooks, runbooks.length)]
  if (!runbook) return []
  return [
    [[runbook.name, 'strong']],
    ...hanging('', runbook.title, width, 'plain'),
    ...hanging('file ', runbook.file, width, 'dim'),
    ...(runbook.broken ? [[], ...hanging('BROKEN ', runbook.broken, width, 'bad')] : []),
    ...(runbook.trusted
      ? []
      : [
          [],
          ...hanging('NOT TRUSTED ', 'it was found, not named: sitrep trust --runbooks DIR', width, 'warn'),
        ]),
    ...(runbook.symptoms.length > 0 ? [[], [['for when you see', 'dim'] as const] as Row] : []),
    ...runbook.symptoms.flatMap((symptom) => hanging('  ', symptom, width, 'plain')),
    [],
    [['steps', 'dim']],
    ...runbook.steps.flatMap((step, index) => hanging(`  ${index + 1} `, step, width, 'plain', 'dim')),
  ]
}
