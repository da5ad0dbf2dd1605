import { useContext } from 'react'
import type { Room } from '../../src/console.types.ts'
import { atWork, type Context, dueAsk, shownAsk } from '../context.ts'
import { clockOf, elapsed } from '../format.ts'
import { nameOf, recordsHere, showKey } from '../keys.ts'
import type { Row, Span } from '../row.ts'
import { useWatch } from '../store.ts'
import { clean, cut, cutPath, widthOf } from '../text.ts'
import { type Marks, ThemeContext } from '../theme.ts'
import { Line } from './Line.tsx'
import { workSince, workText } from './work.ts'

/** The keys that count now, the next sensible one first; as many as fit. */
function footerKeys(context: Context): [key: string, name: string][] {
  return recordsHere(context)
    .filter((record) => record.footer !== undefined && record.off?.(context) === undefined)
    .sort((a, b) => (a.footer ?? 0) - (b.footer ?? 0))
    .map((record) => [showKey(record.keys[0] ?? ''), nameOf(record, context)])
}

/** Keys in a row; the last (help) keeps its place when not all fit. */
function keysRow(keys: readonly [key: string, name: string][], width: number): Row {
  const wide = ([key, name]: readonly [string, string]) => widthOf(key) + 1 + widthOf(name) + 2
  const last = keys.at(-1)
  if (!last) return []
  let left = width - wide(last) + 2
  const fitting: [string, string][] = []
  for (const one of keys.slice(0, -1)) {
    if (wide(one) > left && fitting.length > 0) continue
    left -= wide(one)
    fitting.push(one)
  }
  return [...fitting, last].flatMap(([key, name], index): Span[] => [
    ...(index > 0 ? ['  '] : []),
    [key, 'key'],
    ` ${name}`,
  ])
}

/** The footer; `keys` where something over the screen takes them. */
export function Footer({ keys, width }: { keys?: [string, string][] | undefined; width: number }) {
  const context = useWatch(({ state, view }) => [state.room, state.home, state.prompt, view])
  return <Line row={keysRow(keys ?? footerKeys(context), width)} width={width} />
}

/** How long a good message stays; a bad one stays until the next. */
const fresh = 12_000

/** What the core is at while no step is. */
const phases: Partial<Record<NonNullable<Room['run']>['phase'], string>> = {
  connecting: 'connects to the hosts',
  planning: 'looks at the hosts; nothing is changed',
  checking: 'runs the checks',
  running: 'at work between two steps',
}

/** What is said in one line: the newest message, else what is at work. */
function messageRow(context: Context, width: number, marks: Marks): Row {
  const { state, view } = context
  const due = dueAsk(context)
  if (due && !shownAsk(context) && !view.quitting) {
    const who = due.is === 'prompt' ? state.prompt?.who : state.room?.approval?.plan.title
    return [
      ['A question waits: ', 'warn'],
      [who ?? '', 'strong'],
      [view.overlay ? '; finish this, or esc' : '; tab shows it', 'plain'],
    ]
  }
  // What was said before the question stood is about something else.
  const hidden = due && view.message?.bad === false && view.message.under !== due.key
  const own = hidden && shownAsk(context) ? undefined : view.message
  const said = [state.message, own]
    .filter((one) => one !== undefined)
    .sort((a, b) => a.at.localeCompare(b.at))
    .at(-1)
  const work = atWork(state)
  const since = workSince(work)
  const young = said && (said.bad || state.now - Date.parse(said.at) < fresh)
  const ago = said ? state.now - Date.parse(said.at) : 0
  if (young && !(since !== undefined && ago > fresh / 2)) {
    return said.bad
      ? [
          [`${marks.bad} `, 'bad'],
          [said.text, 'bad'],
          [`  ${clockOf(said.at)}`, 'dim'],
        ]
      : [[cutPath(said.text, width), 'plain']]
  }
  if (since === undefined) {
    const doing = phases[state.room?.run?.phase ?? 'ready']
    return doing && !state.room?.approval ? [[`${marks.running} `, 'accent'], doing] : []
  }
  return [
    [`${marks.running} `, 'accent'],
    [cut(clean(workText(work)), Math.max(10, width - 18)), 'plain'],
    [`, for ${elapsed(state.now - since)}`, 'dim'],
  ]
}

/** The line above the footer. */
export function Message({ width }: { width: number }) {
  const { marks } = useContext(ThemeContext)
  const context = useWatch(({ state, view }) => [
    state.message,
    view.message,
    state.room?.run?.atWork,
    state.room?.run?.phase,
    state.now,
    state.prompt,
    state.room?.approval,
    view.overlay,
    view.peeking,
  ])
  return <Line row={messageRow(context, width, marks)} width={width} />
}
