import { Box } from 'ink'
import { memo, useContext, useInsertionEffect } from 'react'
import type { ApprovalRequest } from '../../src/run/types.ts'
import type { Ask, Context } from '../context.ts'
import { useExtent } from '../extents.ts'
import { GuardContext, useOpenQuestion } from '../guardContext.ts'
import type { Row, Span } from '../row.ts'
import { useWatch } from '../store.ts'
import { type Marks, ThemeContext } from '../theme.ts'
import { approvalRows, manualRows } from './approval.ts'
import { Lines } from './Line.tsx'
import { ruleRow } from './Pane.tsx'
import { typedSpans } from './panel.ts'
import { scrolled } from './window.ts'

/** Tells the guard which question the committed frame shows; insertion effects run before Ink writes that frame. */
export function useDrawn(question: string | undefined): void {
  const guard = useContext(GuardContext)
  useInsertionEffect(() => {
    guard.drawn(question)
  }, [guard, question])
}

/** The frame of an approval or a manual question: what runs where, the risk, the undo, and the place for the answer. */
export const AskPane = memo(
  function AskPane({ ask, width, height }: { ask: Ask; width: number; height: number }) {
    const { marks } = useContext(ThemeContext)
    const context = useWatch(({ state, view }) => [
      state.room?.approval,
      state.home.hosts,
      view.diff,
      view.askScroll,
      view.reply,
    ])
    const open = useOpenQuestion() === ask.key
    const request = context.state.room?.approval
    if (!request) return null
    return (
      <AskFrame
        ask={ask}
        request={request}
        context={context}
        open={open}
        width={width}
        height={height}
        marks={marks}
      />
    )
  },
  (before, after) =>
    before.ask.key === after.ask.key && before.width === after.width && before.height === after.height,
)

interface Frame {
  ask: Ask
  request: ApprovalRequest
  context: Context
  open: boolean
  width: number
  height: number
  marks: Marks
}

function AskFrame({ ask, request, context, open, width, height, marks }: Frame) {
  const inner = width - 2
  const parts =
    ask.is === 'manual' ? manualRows(context, request, inner) : approvalRows(context, request, inner, marks)
  const answer = answerRows(context, ask, open, inner, marks)
  // The answer and one row of the body always keep their place; a long head gives way.
  const headRoom = Math.max(0, height - 2 - answer.length - 2)
  const head = parts.head.slice(0, headRoom)
  const bodyHeight = Math.max(0, height - 2 - head.length - answer.length)
  useExtent('ask', parts.body.length, bodyHeight)
  const { shown, before, more } = scrolled(parts.body, context.view.askScroll, bodyHeight)
  const below =
    ask.is === 'manual' ? 'instructions' : request.holder === undefined ? 'what runs' : 'what it means'
  const place: Row =
    before + more > 0
      ? [
          [`${below} `, 'strong'],
          [`rows ${before + 1} to ${before + shown.length} of ${parts.body.length}`, 'plain'],
          [more > 0 ? `, ${more} MORE BELOW` : ', the end', more > 0 ? 'warn' : 'dim'],
        ]
      : [[below, 'strong']]
  const rows: Row[] = [
    ruleRow(parts.title, width, true, marks),
    ...indent(head),
    ruleRow(place, width, false, marks),
    ...indent([...shown, ...Array.from({ length: bodyHeight - shown.length }, (): Row => [])]),
    ...indent(answer),
  ]
  return (
    <Box width={width} height={height} flexShrink={0}>
      <Lines rows={rows} width={width} height={height} />
    </Box>
  )
}

function indent(rows: readonly Row[]): Row[] {
  return rows.map((row) => (row.length === 0 ? row : [' ', ...row]))
}

/** Where an approval holds: on the one host, or on all that are asked for together. */
function onceOn(request: ApprovalRequest | undefined): Span[] {
  const { length } = request?.hosts ?? []
  if (length > 1) return [[`these ${length} hosts`, 'strong'], ', once each']
  return [[request?.plan.host ?? '', 'strong'], ', once']
}

/** Where the answer is given. It says when keys count, and keeps its rows in either case. */
function answerRows(context: Context, ask: Ask, open: boolean, width: number, marks: Marks): Row[] {
  const { reply } = context.view
  const request = context.state.room?.approval
  const wait: Row = [['keys count in a moment', 'dim']]
  if (ask.is === 'manual')
    return [
      open
        ? [['y', 'key'], ' it is done   ', ['n', 'key'], ' not so   ', ['t', 'key'], ' answer in words']
        : wait,
    ]
  if (ask.is === 'approval') {
    return [open ? [['enter', 'key'], [' approves this, on ', 'plain'], ...onceOn(request)] : wait]
  }
  const line = reply.question === ask.key ? reply.typed : { text: '', cursor: 0 }
  const [does, to] =
    request?.holder === undefined ? ['approves it', 'approve'] : ['takes it over', 'take it over']
  const state: Row = !open
    ? wait
    : reply.question === ask.key && reply.wrong
      ? [[reply.wrong, 'bad']]
      : line.text.trim() === request?.target
        ? [['enter', 'key'], ` ${does}`]
        : [[`type ${request?.target ?? ''} to ${to}`, 'plain']]
  return [[['target ', 'key'], ...typedSpans(line, width - 8, marks)], state]
}
