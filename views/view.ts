import type { Typed } from './typed.ts'
import { nothing } from './typed.ts'

export const panes = ['steps', 'checks', 'logs', 'timeline'] as const
export type Pane = (typeof panes)[number]

export const lists = ['incidents', 'runbooks', 'hosts'] as const
export type List = (typeof lists)[number]

/** What an opened input line is for; each is described in inputs.ts. */
export type InputFor =
  | { is: 'declare' }
  | { is: 'declareFor'; runbook: string; title: string }
  | { is: 'note' }
  | { is: 'commandHosts' }
  | { is: 'command'; hosts: string[] }
  | { is: 'follow' }
  | { is: 'search' }
  | { is: 'filter' }
  | { is: 'skip'; request: string }
  | { is: 'answer'; request: string }
  | { is: 'answerOk'; request: string; text: string }

/** What a confirmation would do. */
type ConfirmFor =
  | { is: 'undo'; step: string; host?: string; title: string; says: string[] }
  | { is: 'cancel'; says: string[] }

/** What the person opened over the screen. */
export type Overlay =
  | { is: 'help'; scroll: number }
  | { is: 'palette'; typed: Typed; index: number }
  | { is: 'input'; for: InputFor; typed: Typed; wrong?: string }
  | { is: 'confirm'; for: ConfirmFor }
  | { is: 'menu'; of: 'status' | 'severity' | 'runbook'; index: number }
  | { is: 'detail'; title: string; text: string[]; scroll: number }

/** Where a log pane stands; without `cursor` it follows. Sequence numbers, not rows, so that new lines move nothing. */
interface LogPlace {
  source?: string
  cursor?: number
  /** The last line that was there when it was paused: what came later is new. */
  pausedAt?: number
  /** The other end of the chosen lines. */
  mark?: number
  search?: string
}

/** What only this screen knows; everything else is in ConsoleState. */
export interface View {
  home: { list: List; index: Record<List, number>; filter: string }
  pane: Pane
  zoomed: boolean
  /** The selected step; undefined where it follows what matters now. */
  step: number | undefined
  /** The host whose plan is shown, where a step has several. */
  host: number
  diff: boolean
  planScroll: number
  check: number
  /** Counted from the newest row; 0 follows. */
  timeline: number
  log: LogPlace
  overlay?: Overlay
  quitting: boolean
  /** The person looks around while a question waits. */
  peeking?: string
  /** The text typed into the shown question, by its key. */
  reply: { question: string; typed: Typed; wrong?: string }
  askScroll: number
  /** Counts failed answers: the question is put anew. */
  tries: number
  /** What was said last, and under which question. */
  message?: { text: string; bad: boolean; at: string; under?: string }
}

export const firstView: View = {
  home: { list: 'incidents', index: { incidents: 0, runbooks: 0, hosts: 0 }, filter: '' },
  pane: 'steps',
  zoomed: false,
  step: undefined,
  host: 0,
  diff: true,
  planScroll: 0,
  check: 0,
  timeline: 0,
  log: {},
  quitting: false,
  reply: { question: '', typed: nothing },
  askScroll: 0,
  tries: 0,
}

/** What can happen to the view. */
export type Action =
  | { do: 'list'; list: List }
  | { do: 'pick'; index: number }
  | { do: 'filter'; text: string }
  | { do: 'pane'; pane: Pane }
  | { do: 'zoom' }
  | { do: 'step'; index: number | undefined }
  | { do: 'host'; index: number }
  | { do: 'diff' }
  | { do: 'planScroll'; to: number }
  | { do: 'check'; index: number }
  | { do: 'timeline'; index: number }
  | { do: 'log'; place: LogPlace }
  | { do: 'open'; overlay: Overlay }
  | { do: 'close' }
  | { do: 'quitting'; on: boolean }
  | { do: 'peek'; question: string | undefined }
  | { do: 'reply'; question: string; typed: Typed; wrong?: string }
  | { do: 'askScroll'; to: number }
  | { do: 'tryAgain' }
  | { do: 'say'; text: string; bad: boolean; at: string; under?: string }
  | { do: 'enteredRoom' }

/** The view after one action. */
export function reduce(view: View, action: Action): View {
  switch (action.do) {
    case 'list':
      return { ...view, home: { ...view.home, list: action.list } }
    case 'pick':
      return {
        ...view,
        home: { ...view.home, index: { ...view.home.index, [view.home.list]: action.index } },
      }
    case 'filter':
      return {
        ...view,
        home: { list: 'runbooks', filter: action.text, index: { ...view.home.index, runbooks: 0 } },
      }
    case 'pane':
      return { ...view, pane: action.pane }
    case 'zoom':
      return { ...view, zoomed: !view.zoomed }
    case 'step':
      return action.index === view.step ? view : { ...view, step: action.index, host: 0, planScroll: 0 }
    case 'host':
      return { ...view, host: action.index, planScroll: 0 }
    case 'diff':
      return { ...view, diff: !view.diff }
    case 'planScroll':
      return { ...view, planScroll: action.to }
    case 'check':
      return { ...view, check: action.index }
    case 'timeline':
      return { ...view, timeline: action.index }
    case 'log':
      return { ...view, log: action.place }
    case 'open':
      return { ...view, overlay: action.overlay }
    case 'close':
      return without(view, 'overlay')
    case 'quitting':
      return { ...view, quitting: action.on }
    case 'peek':
      return action.question === undefined
        ? without(view, 'peeking')
        : { ...view, peeking: action.question, askScroll: 0 }
    case 'reply':
      return {
        ...view,
        reply: {
          question: action.question,
          typed: action.typed,
          ...(action.wrong === undefined ? {} : { wrong: action.wrong }),
        },
      }
    case 'askScroll':
      return { ...view, askScroll: action.to }
    case 'tryAgain':
      return { ...view, tries: view.tries + 1, reply: { question: '', typed: nothing } }
    case 'say':
      return { ...view, message: saidIn(action) }
    case 'enteredRoom':
      return { ...firstView, home: view.home, ...(view.message ? { message: view.message } : {}) }
  }
}

function saidIn({ do: _, ...message }: Action & { do: 'say' }): NonNullable<View['message']> {
  return message
}

function without<K extends 'overlay' | 'peeking'>(view: View, key: K): View {
  const { [key]: _, ...rest } = view
  return rest as View
}
