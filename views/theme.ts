import { createContext } from 'react'

/** What a piece of text means; the theme alone says how that looks. */
export type Tone =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'accent'
  | 'ok'
  | 'bad'
  | 'warn'
  | 'alarm'
  | 'add'
  | 'del'
  | 'hunk'
  | 'selected'
  | 'key'
  | 'hit'

/** Ink's text properties for one tone. */
interface Style {
  color?: string
  dimColor?: boolean
  bold?: boolean
  inverse?: boolean
  underline?: boolean
}

/** Every mark of the console. A word always stands beside one that carries a meaning. */
export interface Marks {
  ok: string
  bad: string
  unknown: string
  same: string
  change: string
  skipped: string
  running: string
  waiting: string
  undone: string
  cancelled: string
  after: string
  cursor: string
  picked: string
  hit: string
  rule: string
  ruleFocused: string
  column: string
  caret: string
  none: string
}

interface Theme {
  styles: Record<Tone, Style>
  marks: Marks
}

const marks: Marks = {
  ok: '✓',
  bad: '✗',
  unknown: '?',
  same: '=',
  change: '±',
  skipped: '»',
  running: '▸',
  waiting: '·',
  undone: '↶',
  cancelled: '■',
  after: '→',
  cursor: '›',
  picked: '+',
  hit: '◆',
  rule: '─',
  ruleFocused: '━',
  column: '│',
  caret: '▏',
  none: '–',
}

/** For terminals that say they can't do more (TERM=dumb). */
const plainMarks: Marks = {
  ...marks,
  ok: 'v',
  bad: 'x',
  change: '~',
  skipped: '>',
  running: '*',
  waiting: '.',
  undone: '<',
  cancelled: '#',
  after: '>',
  cursor: '>',
  hit: '*',
  rule: '-',
  ruleFocused: '=',
  column: '|',
  caret: '_',
  none: '-',
}

const colours: Record<Tone, Style> = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  accent: { color: 'cyan' },
  ok: { color: 'green' },
  bad: { color: 'red', bold: true },
  warn: { color: 'yellow' },
  alarm: { color: 'red', bold: true, inverse: true },
  add: { color: 'green' },
  del: { color: 'red' },
  hunk: { color: 'cyan' },
  selected: { bold: true },
  key: { bold: true, color: 'cyan' },
  hit: { inverse: true },
}

/** Without colour, weight alone; no meaning is lost, for each has its word or mark. */
const weights: Record<Tone, Style> = {
  ...colours,
  accent: {},
  ok: {},
  bad: { bold: true },
  warn: { bold: true },
  alarm: { bold: true, inverse: true },
  add: {},
  del: {},
  hunk: {},
  key: { bold: true },
}

const bare = Object.fromEntries(Object.keys(colours).map((tone) => [tone, {}])) as Record<Tone, Style>

/** The theme for an environment: `NO_COLOR` leaves weight only, `TERM=dumb` neither weight nor other than plain marks. */
export function themeOf(env: Record<string, string | undefined>): Theme {
  if (env.TERM === 'dumb') return { styles: bare, marks: plainMarks }
  return { styles: env.NO_COLOR ? weights : colours, marks }
}

export const ThemeContext = createContext<Theme>(themeOf({}))
