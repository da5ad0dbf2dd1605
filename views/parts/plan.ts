import type { Diff, PlannedChange } from '../../src/model/action.ts'
import type { StepState } from '../../src/model/incident.ts'
import type { StepPlan } from '../../src/run/types.ts'
import { clockOf } from '../format.ts'
import type { Row } from '../row.ts'
import { changeText } from '../say.ts'
import { wrap } from '../text.ts'
import type { Marks, Tone } from '../theme.ts'

/** A diff in rows: `+` and `-` stand at the start of each line, so that no colour is needed. */
function diffRows(diff: Diff, width: number): Row[] {
  const head: Row = [
    ['diff ', 'dim'],
    [diff.path, 'strong'],
    [`  ${short(diff.from)} to ${short(diff.to)}`, 'dim'],
  ]
  if (!diff.unified) return [head, ...indented(`not shown: ${diff.hidden ?? 'no text'}`, width, 2, 'dim')]
  const lines = diff.unified.split('\n').filter((line) => !/^(---|\+\+\+|Index:|={3,})/.test(line))
  if (lines.at(-1) === '') lines.pop()
  return [head, ...lines.slice(0, 2000).map((line): Row => [[line, diffTone(line)]])]
}

function diffTone(line: string): Tone {
  if (line.startsWith('@@')) return 'hunk'
  if (line.startsWith('+')) return 'add'
  return line.startsWith('-') ? 'del' : 'plain'
}

/** How many lines a diff adds and takes away: `+4 -1`. */
function diffSize(diff: Diff): string {
  let [plus, minus] = [0, 0]
  for (const line of diff.unified.split('\n')) {
    if (line.startsWith('+') && !line.startsWith('+++')) plus++
    if (line.startsWith('-') && !line.startsWith('---')) minus++
  }
  return `+${plus} -${minus}`
}

/** One planned change: what it says, what it runs, its undo, and its diff. */
export function changeRows(
  planned: PlannedChange,
  number: number,
  o: { where: string; width: number; diff: boolean; marks: Marks },
): Row[] {
  const { where, width, marks } = o
  const { do: change, undo } = planned
  const [first = '', ...around] = changeText(change, where)
  const rows: Row[] = [
    ...hanging(`${number}. `, change.say, width, 'strong'),
    ...(first ? wrap(first, width - 4) : []).map(
      (line): Row => ['    ', [line, first.startsWith('$ ') ? 'accent' : 'plain']],
    ),
    ...around.flatMap((line) => indented(line, width, 4, 'dim')),
  ]
  if ('impossible' in undo)
    rows.push(...hanging('    ', `${marks.bad} can't be undone: ${undo.impossible}`, width, 'warn'))
  else if (undo.length === 0) rows.push(['    ', [`${marks.undone} undo: nothing to take back`, 'dim']])
  else
    for (const back of undo) rows.push(...hanging('    ', `${marks.undone} undo: ${back.say}`, width, 'dim'))
  if (!change.diff) return rows
  if (o.diff) return [...rows, ...diffRows(change.diff, width).map((row): Row => ['    ', ...row])]
  return [...rows, ['    ', [`diff ${change.diff.path} ${diffSize(change.diff)}, d shows it`, 'dim']]]
}

/** What a plan says: why, the evidence, and its changes. */
export function planRows(plan: StepPlan, o: { width: number; diff: boolean; marks: Marks }): Row[] {
  const { width } = o
  return [
    ...hanging('why  ', plan.because, width, 'plain', 'dim'),
    ...(plan.plan.evidence ?? []).flatMap((line) => hanging('     ', line, width, 'dim')),
    ...plan.plan.changes.flatMap((change, index) => [
      [],
      ...changeRows(change, index + 1, { ...o, where: plan.host }),
    ]),
  ]
}

/** What became of a step: each change with its exit, what it printed last, and the verdict. */
export function outcomeRows(state: StepState, width: number, marks: Marks): Row[] {
  return [
    ...verdictRows(state, width, marks),
    ...(state.answer === undefined ? [] : hanging('answered ', state.answer, width, 'plain', 'dim')),
    ...(state.approved
      ? [
          [
            ['approved ', 'dim'] as const,
            `${clockOf(state.approved.at)} by ${state.approved.by}, ${state.approved.how}`,
          ],
        ]
      : []),
    ...state.changes.flatMap((change) => startedRows(change, marks)),
  ]
}

/** The verdict comes first: it is what a person looks for. */
function verdictRows({ verified, reason }: StepState, width: number, marks: Marks): Row[] {
  if (!verified) return reason ? hanging('', reason, width, 'warn') : []
  const tone = verified.verdict === 'ok' ? 'ok' : verified.verdict === 'failed' ? 'bad' : 'warn'
  const mark = { ok: marks.ok, failed: marks.bad, unknown: marks.unknown }[verified.verdict]
  const word = verified.verdict === 'ok' ? 'verified' : verified.verdict
  return [
    ...hanging(`${mark} ${word}: `, verified.reason, width, verified.verdict === 'ok' ? 'plain' : tone, tone),
    ...(verified.evidence ?? []).flatMap((line) => indented(line, width, 4, 'dim')),
  ]
}

function startedRows(change: StepState['changes'][number], marks: Marks): Row[] {
  const { applied, undone } = change
  const good = applied?.endedBy === 'exit' && (applied.exitCode ?? 0) === 0 && !applied.problem
  const end = applied ? endOf(applied) : 'started, its end is not known yet'
  const printed = applied ? tail(applied.stdout, 4).concat(tail(applied.stderr, 6)) : []
  return [
    [
      [
        `${applied ? (good ? marks.ok : marks.bad) : marks.running} `,
        applied ? (good ? 'ok' : 'bad') : 'accent',
      ],
      `${clockOf(change.at)} `,
      [end, good ? 'dim' : 'warn'],
      `  ${change.say}`,
    ],
    ...(good ? printed.slice(-2) : printed).map((line): Row => ['    ', [line, 'dim']]),
    ...(undone
      ? [['    ', [`${marks.undone} undone ${clockOf(undone.at)}: ${undone.reason}`, 'warn'] as const]]
      : []),
  ]
}

function endOf(applied: NonNullable<StepState['changes'][number]['applied']>): string {
  const how = applied.endedBy === 'exit' ? `exit ${applied.exitCode ?? 'unknown'}` : applied.endedBy
  return [how, applied.signal, applied.problem, `${(applied.ms / 1000).toFixed(1)} s`]
    .filter(Boolean)
    .join(', ')
}

function tail(text: string, lines: number): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim())
    .slice(-lines)
}

/** Text behind a label, its further lines under its first. */
export function hanging(
  label: string,
  text: string,
  width: number,
  tone: Tone,
  labelTone: Tone = tone,
): Row[] {
  return wrap(text, width - label.length).map((line, index): Row => {
    return [
      [index === 0 ? label : ' '.repeat(label.length), labelTone],
      [line, tone],
    ]
  })
}

function indented(text: string, width: number, by: number, tone: Tone): Row[] {
  return hanging(' '.repeat(by), text, width, tone)
}

function short(sha256: string): string {
  return sha256 === 'absent' ? 'absent' : sha256.slice(0, 8)
}
