import type { Room } from '../../src/console.types.ts'
import type { ApprovalRequest } from '../../src/run/types.ts'
import { type Context, hostRow } from '../context.ts'
import { count } from '../format.ts'
import type { Row, Span } from '../row.ts'
import { wrap } from '../text.ts'
import type { Marks } from '../theme.ts'
import { heldRows } from './held.ts'
import { changeRows, hanging } from './plan.ts'

const risks = {
  observe: ['OBSERVE', 'ok', 'it only looks'],
  change: ['CHANGE', 'warn', 'it changes the host; the service stays up'],
  interrupt: ['INTERRUPT', 'bad', 'the service stops for a moment'],
} as const

/** What a check with effects risks: it is no step, and how far its effect goes only the person can tell. */
const probing = ['CHANGE', 'warn', 'it sends what is shown below'] as const

/** The frame of an approval in three parts: what never scrolls away, what may, and where the answer is given. */
interface ApprovalRows {
  title: Row
  head: Row[]
  body: Row[]
}

/** What an approval shows: where, the risk, why, the undo in one line; then each change exactly. */
export function approvalRows(
  context: Context,
  request: ApprovalRequest,
  width: number,
  marks: Marks,
): ApprovalRows {
  const { plan } = request
  const room = context.state.room
  if (request.holder !== undefined) {
    const title: Row = [
      ['TAKE OVER', 'bad'],
      [` ${plan.title}`, 'strong'],
    ]
    return { title, ...heldRows(request.holder, { host: plan.host, because: request.repeats ?? '', width }) }
  }
  const host = hostRow(context.state, plan.host)
  const [risk, tone, means] = plan.uses === 'checks' ? probing : risks[plan.risk]
  const { changes } = plan.plan
  const hosts = request.hosts ?? [plan.host]
  const where: Span[] =
    hosts.length > 1
      ? [
          [count(hosts.length, 'host'), 'strong'],
          [', the same on each', 'plain'],
        ]
      : [
          [plan.host, 'strong'],
          [host && host.address !== plan.host ? ` (${host.address})` : '', 'plain'],
        ]
  if (hosts.some((name) => hostRow(context.state, name)?.production)) where.push([' PRODUCTION', 'bad'])
  const head: Row[] = [
    ...(request.changed ? [[['CHANGED since you approved it: read it again.', 'alarm'] as const]] : []),
    ...(request.repeats ? hanging('AGAIN ', request.repeats, width, 'warn', 'alarm') : []),
    [['where ', 'dim'], ...where],
    ...(hosts.length > 1 ? hanging('      ', hosts.join(', '), width, 'plain') : []),
    [
      ['risk  ', 'dim'],
      [risk, tone],
      [`, ${means}`, 'plain'],
    ],
    ...wrap(plan.because, width - 6, 3).map(
      (line, index): Row => [[index === 0 ? 'why   ' : '      ', 'dim'], line],
    ),
    ...undoRows(request, width, marks),
  ]
  const body = changes.flatMap((change, index): Row[] => [
    ...(index > 0 ? [[]] : []),
    ...changeRows(change, index + 1, { where: plan.host, width, diff: context.view.diff, marks }),
  ])
  return {
    title: titleOf(request, room),
    head,
    body: body.length > 0 ? body : [[['It would run nothing on the host.', 'dim']]],
  }
}

function titleOf(request: ApprovalRequest, room: Room | undefined): Row {
  const steps = room?.run?.steps ?? []
  const number = steps.findIndex((step) => step.id === request.plan.step) + 1
  const word = request.question === undefined ? 'APPROVE' : 'YOUR TURN'
  return [
    [word, 'warn'],
    [number > 0 ? ` ${number}/${steps.length} ` : ' ', 'plain'],
    [request.plan.title, 'strong'],
    [`  ${request.plan.uses} `, 'dim'],
  ]
}

function undoRows(request: ApprovalRequest, width: number, marks: Marks): Row[] {
  const { changes } = request.plan.plan
  if (changes.length === 0) return []
  const not = changes.filter(({ undo }) => 'impossible' in undo)
  if (not.length === 0) {
    return [
      [
        ['undo  ', 'dim'],
        [`${marks.undone} possible`, 'ok'],
        changes.length === 1 ? ', see below' : `, for each of ${count(changes.length, 'change')}`,
      ],
    ]
  }
  const reason = not.map(({ undo }) => ('impossible' in undo ? undo.impossible : '')).find(Boolean) ?? ''
  const which = not.length === changes.length ? '' : ` for ${not.length} of ${changes.length}`
  return hanging('undo  ', `${marks.bad} NOT POSSIBLE${which}: ${reason}`, width, 'bad', 'dim')
}

/** What a manual step asks: the question and its instructions. */
export function manualRows(context: Context, request: ApprovalRequest, width: number): ApprovalRows {
  const instructions = request.plan.plan.changes.flatMap(({ do: change }) => {
    if (!('ask' in change) || !change.ask.instructions) return []
    return request.question?.includes(change.ask.instructions) ? [] : [change.ask.instructions]
  })
  return {
    title: titleOf(request, context.state.room),
    head: [...wrap(request.question ?? request.plan.title, width).map((line): Row => [[line, 'strong']]), []],
    body: instructions.flatMap((text) => wrap(text, width).map((line): Row => [line])),
  }
}
