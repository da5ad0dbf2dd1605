import { SitrepError } from './errors.ts'

/**
 * Reads and edits `.env` files by line, and keeps all that it does not edit: comments, order, `export `, CRLF, a missing
 * final newline. Parsers of such files disagree; this one reads as the npm package dotenv does (the last of several
 * lines of one key wins, double quotes may span lines and turn `\n` into a newline), except that a `#` starts a comment
 * only after a blank, as in sh and docker compose.
 *
 *   export A="x y" # why     →  prefix `export A=`, value `x y` from between the quotes, rest ` # why`
 *
 * Setting A replaces only what stands between prefix and rest.
 */
export interface DotenvEntry {
  key: string
  value: string
  /** Line of its key, counted from 1. */
  line: number
  /** Offsets of the whole entry with its line end, and of its value with its quotes. */
  start: number
  end: number
  valueStart: number
  valueEnd: number
}

/** One key to set, or to remove where `value` is null; values are in clear here. */
export interface DotenvEdit {
  key: string
  value: string | null
}

const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/
const blankOrComment = /^[ \t]*(?:#.*)?$/

/** The end of the line that holds `from`: before its line end, and after it. */
function lineEnd(text: string, from: number): { at: number; next: number } {
  const newline = text.indexOf('\n', from)
  if (newline === -1) return { at: text.length, next: text.length }
  return { at: newline > from && text[newline - 1] === '\r' ? newline - 1 : newline, next: newline + 1 }
}

/** The offset of the quote that closes the one at `open`, or -1; a quote after a backslash does not close. */
function closing(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === text[open] && text[at - 1] !== '\\') return at
  }
  return -1
}

function readValue(text: string, from: number): { value: string; valueEnd: number; next: number } {
  const quote = text[from]
  if (quote === '"' || quote === "'" || quote === '`') {
    const close = closing(text, from)
    const end = lineEnd(text, close + 1)
    if (close !== -1 && blankOrComment.test(text.slice(close + 1, end.at))) {
      const inner = text.slice(from + 1, close).replace(/\r\n/g, '\n')
      const value = quote === '"' ? inner.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : inner
      return { value, valueEnd: close + 1, next: end.next }
    }
  }
  const end = lineEnd(text, from)
  const raw = text.slice(from, end.at)
  const comment = /(^|[ \t])[ \t]*#/.exec(raw)
  const value = (comment ? raw.slice(0, comment.index) : raw).trimEnd()
  const outer = /^(['"`])([\s\S]*)\1$/.exec(value)
  return { value: outer ? outer[2]! : value, valueEnd: from + value.length, next: end.next }
}

/** Every assignment of the text, in order; a key may come more than once. */
export function parseDotenv(text: string): DotenvEntry[] {
  const entries: DotenvEntry[] = []
  let start = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  while (start < text.length) {
    const end = lineEnd(text, start)
    const match = assignment.exec(text.slice(start, end.at))
    let next = end.next
    if (match) {
      const valueStart = start + match[0].length
      const read = readValue(text, valueStart)
      next = read.next
      entries.push({
        key: match[1]!,
        value: read.value,
        line,
        start,
        end: next,
        valueStart,
        valueEnd: read.valueEnd,
      })
    }
    line += text.slice(start, next).split('\n').length - 1
    start = next
  }
  return entries
}

/** The effective values by key: of several lines the last wins. */
export function dotenvValues(text: string): Map<string, string> {
  return new Map(parseDotenv(text).map((entry) => [entry.key, entry.value]))
}

/** Keys that stand on more than one line, with their lines. */
export function dotenvDuplicates(text: string): { key: string; lines: number[] }[] {
  const lines = new Map<string, number[]>()
  for (const { key, line } of parseDotenv(text)) lines.set(key, [...(lines.get(key) ?? []), line])
  return [...lines].filter(([, at]) => at.length > 1).map(([key, at]) => ({ key, lines: at }))
}

const plain = /^(?!~)[\w./:@%+,=~^-]*$/

/**
 * The value as it stands in a `.env` file. The first forms mean the same to dotenv, docker compose and sh; `disagree` is
 * true for the last ones, which only dotenv reads right. Throws where no form holds the value.
 */
export function quoteDotenv(key: string, value: string): { text: string; disagree: boolean } {
  const forms = [
    { text: value, fits: plain.test(value), disagree: false },
    { text: `'${value}'`, fits: !/['\r]/.test(value) && !value.endsWith('\\'), disagree: false },
    { text: `"${value}"`, fits: !/["$`\\\r!]/.test(value), disagree: false },
    { text: `"${value.replace(/\r/g, '\\r')}"`, fits: !/["\\]/.test(value), disagree: true },
    { text: `\`${value}\``, fits: !/[`\r]/.test(value) && !value.endsWith('\\'), disagree: true },
    { text: value, fits: /^[^\s#'"`][^\r\n#]*$/.test(value) && !/\s$/.test(value), disagree: true },
  ]
  const form = forms.find(({ fits }) => fits)
  if (form === undefined) {
    throw new SitrepError('failed', `the value of ${key} can't stand in a .env file: no quoting holds it`, {
      next: 'keep it in a file of its own and name that file in the .env file',
    })
  }
  return { text: form.text, disagree: form.disagree }
}

/** The text with the edits made, and what a person should know about them (names only, never values). */
export function editDotenv(text: string, edits: readonly DotenvEdit[]): { text: string; notes: string[] } {
  const notes: string[] = []
  let now = text
  const wanted = dotenvValues(text)
  for (const { key, value } of edits) {
    const found = parseDotenv(now).filter((entry) => entry.key === key)
    if (value === null) {
      for (const entry of found.reverse()) now = now.slice(0, entry.start) + now.slice(entry.end)
      continue
    }
    const last = found.at(-1)
    if (found.length > 1) {
      notes.push(
        `${key} stands on lines ${found.map(({ line }) => line).join(', ')}; the last one counts and was edited`,
      )
    }
    if (last?.value === value) continue
    const quoted = quoteDotenv(key, value)
    if (quoted.disagree)
      notes.push(`parsers of .env files disagree on the quotes that ${key} needs; written for dotenv`)
    now = last
      ? now.slice(0, last.valueStart) + quoted.text + now.slice(last.valueEnd)
      : append(now, key, quoted.text)
  }
  for (const { key, value } of edits) value === null ? wanted.delete(key) : wanted.set(key, value)
  if (!sameValues(dotenvValues(now), wanted)) {
    throw new SitrepError(
      'failed',
      'the edits would change how other lines of the file read; is a quote left open?',
      {
        next: 'mend the .env file by hand, then plan again',
      },
    )
  }
  return { text: now, notes }
}

/** True where both hold the same keys with the same values. */
function sameValues(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

function append(text: string, key: string, quoted: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  if (text === '' || text === '\uFEFF') return `${text}${key}=${quoted}\n`
  return text.endsWith('\n') ? `${text}${key}=${quoted}${eol}` : `${text}${eol}${key}=${quoted}`
}
