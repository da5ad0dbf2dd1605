import type { Room, StepView } from '../../src/console.types.ts'
import { wasRefused } from '../../src/model/stepDone.ts'
import {
  type Context,
  clamp,
  formerStates,
  selectedHost,
  selectedStep,
  stepIndex,
  stepState,
} from '../context.ts'
import { clockOf, elapsed } from '../format.ts'
import type { Row } from '../row.ts'
import { pad, widthOf } from '../text.ts'
import type { Marks, Tone } from '../theme.ts'
import { hanging, outcomeRows, planRows } from './plan.ts'
import { windowOf } from './window.ts'

interface Standing {
  mark: string
  word: string
  tone: Tone
  /** Higher is worse: a step with several hosts shows its worst. */
  weight: number
}

/** Where a step stands on one host, in a mark and a word. */
function standing(room: Room, step: StepView, host: string, marks: Marks): Standing {
  const state = stepState(room, step.id, host)
  const work = room.run?.atWork[host]
  if (work?.step === step.id && room.run?.phase === 'running') {
    if (work.waits === true) return { mark: marks.waiting, word: 'waiting', tone: 'warn', weight: 9 }
    return {
      mark: marks.running,
      word: work.doing === 'verifying' ? 'verifying' : 'running',
      tone: 'accent',
      weight: 10,
    }
  }
  switch (state?.state) {
    case 'ok':
      return { mark: marks.ok, word: 'done', tone: 'ok', weight: 1 }
    case 'answered':
      return { mark: marks.ok, word: 'answered', tone: 'ok', weight: 1 }
    case 'in_sync':
      return { mark: marks.same, word: 'in sync', tone: 'ok', weight: 0 }
    case 'failed':
      return { mark: marks.bad, word: 'failed', tone: 'bad', weight: 8 }
    case 'unknown':
      return { mark: marks.unknown, word: 'unknown', tone: 'warn', weight: 7 }
    case 'skipped':
      if (wasRefused(state)) return { mark: marks.skipped, word: 'stopped here', tone: 'warn', weight: 4 }
      return { mark: marks.skipped, word: 'skipped', tone: 'warn', weight: 2 }
    case 'cancelled':
      return { mark: marks.cancelled, word: 'cancelled', tone: 'warn', weight: 6 }
    case 'undone':
      return { mark: marks.undone, word: 'undone', tone: 'warn', weight: 5 }
    case 'approved':
      return { mark: marks.running, word: 'approved', tone: 'accent', weight: 8 }
    case 'running':
    case 'verifying':
      return { mark: marks.running, word: state.state, tone: 'accent', weight: 9 }
    default:
      return planned(step, host, marks)
  }
}

function planned(step: StepView, host: string, marks: Marks): Standing {
  const outcome = step.plans[host]?.outcome
  if (outcome === undefined) return { mark: '…', word: 'looking', tone: 'dim', weight: 4 }
  if (outcome === 'in_sync') return { mark: marks.same, word: 'in sync', tone: 'ok', weight: 0 }
  if (outcome === 'would_change') return { mark: marks.change, word: 'would change', tone: 'warn', weight: 3 }
  if (outcome === 'cannot_tell') return { mark: marks.unknown, word: "can't tell", tone: 'warn', weight: 3 }
  return { mark: marks.after, word: `after ${outcome.slice('after_step:'.length)}`, tone: 'dim', weight: 2 }
}

/** A step's worst standing over its hosts, and how many hosts share it. */
function worst(room: Room, step: StepView, marks: Marks): Standing {
  const all = step.hosts.map((host) => standing(room, step, host, marks))
  const top = all.reduce<Standing>(
    (a, b) => (b.weight > a.weight ? b : a),
    all[0] ?? planned(step, '', marks),
  )
  const same = all.filter((one) => one.word === top.word).length
  return same === all.length ? top : { ...top, word: `${top.word} ${same}/${all.length}` }
}

/** The list of steps, one row each. */
export function stepRows(
  context: Context,
  width: number,
  height: number,
  focused: boolean,
  marks: Marks,
): Row[] {
  const room = context.state.room
  const run = room?.run
  if (!room || !run) return noRunRows(room, width)
  const index = stepIndex(context)
  const idWidth = Math.min(14, Math.max(4, ...run.steps.map((step) => widthOf(step.id))))
  const wordWidth = width >= 70 ? 16 : 13
  return windowOf(run.steps, index, height).map(({ item: step, index: at }): Row => {
    const { mark, word, tone } = worst(room, step, marks)
    const titleWidth = Math.max(8, width - 2 - 3 - 2 - wordWidth - 2 - idWidth - 1)
    const selected = at === index
    return [
      [selected ? `${marks.cursor} ` : '  ', selected && focused ? 'key' : 'dim'],
      [pad(String(at + 1), 2, 'right') + ' ', 'dim'],
      [`${mark} `, tone],
      [pad(word, wordWidth), tone],
      '  ',
      [pad(step.id, idWidth), 'dim'],
      ' ',
      [pad(step.title, titleWidth), selected ? 'selected' : 'plain'],
    ]
  })
}

function noRunRows(room: Room | undefined, width: number): Row[] {
  if (!room) return []
  const rows: Row[] = [[['No runbook is open.', 'dim']]]
  if (room.suggested) {
    rows.push(
      [],
      [
        ['Suggested: ', 'dim'],
        [room.suggested, 'strong'],
      ],
    )
    rows.push(
      ...hanging(
        '',
        'enter opens it: it looks at the hosts and shows what it would change; nothing is changed.',
        width,
        'plain',
      ),
    )
  } else
    rows.push(
      [],
      ...hanging('', 'enter lists the runbooks. Opening one only looks at the hosts.', width, 'plain'),
    )
  return rows
}

/** How many hosts of a step stand where, the worst first with the names of the few: `2 would change (core-7, core-9), 38 in sync`. */
function tally(room: Room, step: StepView, marks: Marks): string {
  const all = step.hosts.map((host) => ({ host, ...standing(room, step, host, marks) }))
  const groups = [...Map.groupBy(all, ({ word }) => word).values()]
  const few = (hosts: readonly { host: string }[]) =>
    groups.length > 1 && hosts.length <= 3 ? ` (${hosts.map(({ host }) => host).join(', ')})` : ''
  return groups
    .toSorted((a, b) => (b[0]?.weight ?? 0) - (a[0]?.weight ?? 0))
    .map((same) => `${same.length} ${same[0]?.word}${few(same)}`)
    .join(', ')
}

/** What the selected step did or would do on the selected host. */
export function stepDetailRows(context: Context, width: number, marks: Marks): { title: Row; rows: Row[] } {
  const { state, view } = context
  const step = selectedStep(context)
  const host = selectedHost(context)
  if (!state.room || !step || host === undefined) return { title: [], rows: [] }
  const now = standing(state.room, step, host, marks)
  const plan = step.plans[host]
  const recorded = stepState(state.room, step.id, host)
  const work = state.room.run?.atWork[host]
  const hosts =
    step.hosts.length > 1
      ? ` (${clamp(view.host, step.hosts.length) + 1} of ${step.hosts.length}, ] next)`
      : ''
  const title: Row = [
    [`${step.id}`, 'strong'],
    [` on ${host}${hosts} `, 'plain'],
    [`${step.uses} `, 'dim'],
    [`${now.mark} ${now.word}`, now.tone],
  ]
  const rows: Row[] =
    step.hosts.length > 1 ? hanging('hosts ', tally(state.room, step, marks), width, 'plain', 'dim') : []
  const empty = rows.length
  if (work?.step === step.id) {
    rows.push([
      [`${work.waits === true ? marks.waiting : marks.running} ${work.doing}`, 'accent'],
      [`, for ${elapsed(state.now - Date.parse(work.since))}`, 'dim'],
    ])
  }
  if (
    recorded &&
    (recorded.changes.length > 0 ||
      recorded.verified ||
      recorded.reason ||
      recorded.answer ||
      recorded.approved)
  ) {
    rows.push(...outcomeRows(recorded, width, marks))
    if (plan) rows.push([])
  }
  for (const former of formerStates(state.room, step.id, host)) {
    const { at = '', by = '' } = state.room.incident.runs[former.run] ?? {}
    rows.push([[`before, in the run of ${clockOf(at)} by ${by}`, 'strong']])
    rows.push(...outcomeRows(former, width, marks), [])
  }
  if (plan) rows.push(...planRows(plan, { width, diff: view.diff, marks }))
  else if (rows.length === empty) rows.push([['It looks at the host; the plan comes next.', 'dim']])
  return { title, rows }
}
