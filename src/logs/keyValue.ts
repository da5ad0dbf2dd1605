import type { Quote, Rest } from './rest.ts'
import { isNoSecret, isTelling } from './telling.ts'

/** A place in a text that is to be hidden. */
export interface Span {
  from: number
  to: number
  /** What it may go on with, where the text ended before it did (rest.ts). */
  rest: Rest
}

/** Where a line stands in a text, without its newline. */
export interface Line {
  from: number
  to: number
  /** The last value without quotes that was looked over: one that begins inside of it ends where it does. */
  word?: { pattern: RegExp; from: number; to: number }
}

const separator = /(\\?["']?)([ \t]*(?:=>|:=|=(?!=)|:(?![:/]))[ \t]*)/y
const blanks = /[ \t]+(?![-\s])/y
/** Names are told by their last words; a longer run of word characters is no name. */
const longestName = 256

/**
 * The value of a telling name that has a character at `at`: `KEY=value`, `key: value`, `"key": "value"`, `--key value`.
 * `past` is where the run of name characters ends, so that one with several words in it is looked at once.
 */
export function secretValue(text: string, at: number, line: Line): { span: Span | undefined; past: number } {
  let start = at
  while (start > line.from && isNameCode(text.charCodeAt(start - 1))) start--
  let past = at
  while (past < line.to && isNameCode(text.charCodeAt(past))) past++
  return { span: namedValue(text, start, past, line), past }
}

function namedValue(text: string, start: number, past: number, line: Line): Span | undefined {
  if (!mayFollowName(text.charCodeAt(past))) return undefined
  let name = start
  while (name < past && !isNameStart(text.charCodeAt(name))) name++
  if (name === past || !isTelling(text.slice(Math.max(name, past - longestName), past))) return undefined
  separator.lastIndex = past
  const found = separator.exec(text)
  if (found === null || separator.lastIndex > line.to) return optionValue(text, start, past, line)
  if (isMark(text, name, past, line)) return undefined
  return valueAt(text, separator.lastIndex, line, {
    name,
    past,
    colon: found[2]!.includes(':') && !found[2]!.includes('='),
  })
}

/** = : blank tab " ' \ */
function mayFollowName(code: number): boolean {
  return (
    code === 0x3d ||
    code === 0x3a ||
    code === 0x20 ||
    code === 0x09 ||
    code === 0x22 ||
    code === 0x27 ||
    code === 0x5c
  )
}

/** `--key value`; the name tells. */
function optionValue(text: string, start: number, past: number, line: Line): Span | undefined {
  if (!text.startsWith('--', start) || (start > line.from && !/[\s›]/.test(text[start - 1]!)))
    return undefined
  blanks.lastIndex = past
  if (!blanks.test(text) || blanks.lastIndex > line.to) return undefined
  if (!/^[A-Za-z][\w-]*$/.test(text.slice(start + 2, past))) return undefined
  return valueAt(text, blanks.lastIndex, line, undefined)
}

/** Letters, digits, `_`, `.`, `-`. */
function isNameCode(code: number): boolean {
  return isNameStart(code) || (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2d
}

function isNameStart(code: number): boolean {
  const letter = code | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || code === 0x5f
}

/** True for the beginning of a mark of ours (`‹secret:NAME›`), which names a secret and holds none. */
function isMark(text: string, name: number, past: number, line: Line): boolean {
  if (text[name - 1] !== '‹' || text.slice(name, past + 1) !== 'secret:') return false
  return /^[^‹›\s]{1,120}›/.test(text.slice(past + 1, Math.min(line.to, past + 130)))
}

/** The name before a value, and whether a colon parts them; none for an option. */
interface Named {
  name: number
  past: number
  colon: boolean
}

function valueAt(text: string, at: number, line: Line, named: Named | undefined): Span | undefined {
  const quoted = /^\\?["'`]/.exec(text.slice(at, Math.min(at + 2, line.to)))
  if (quoted) {
    const from = at + quoted[0].length
    const to = closing(text, from, line.to, quoted[0])
    return isNoSecret(text.slice(from, to)) ? undefined : { from, to, rest: quoted[0] as Quote }
  }
  const own = named !== undefined && !named.colon && isEnvironment(text, named, line)
  const to = wordEnd(text, at, own ? word : bareWord, line)
  const value = text.slice(at, to)
  if (isNoSecret(value)) return undefined
  if (named && /^\d+$/.test(value) && text.slice(named.name, named.past).toLowerCase() === 'pass')
    return undefined
  if (named?.colon && !looksAssigned(text, to, value, named, line)) return undefined
  return { from: at, to, rest: 'word' }
}

/** Where the quote that was opened is closed; the line's end where it is not. */
function closing(text: string, from: number, end: number, open: string): number {
  for (let at = from; at < end; at++) {
    if (text.startsWith(open, at)) return at
    if (text.charCodeAt(at) === 0x5c && open.length === 1) at++
  }
  return end
}

/** A value without quotes: a word in an environment line, up to a separator elsewhere. */
const word = /[^\s"']*/y
const bareWord = /[^\s&;,"'`)\]}<>|]*/y

function wordEnd(text: string, at: number, pattern: RegExp, line: Line): number {
  const { word } = line
  if (word?.pattern === pattern && word.from <= at && at <= word.to) return word.to
  pattern.lastIndex = at
  pattern.test(text)
  const to = Math.min(pattern.lastIndex, line.to)
  line.word = { pattern, from: at, to }
  return to
}

/** True for a name in capitals where a line of an environment has its names; a mark of ours may stand before. */
function isEnvironment(text: string, { name, past }: Named, line: Line): boolean {
  if (!/^[A-Z][A-Z0-9_]*$/.test(text.slice(name, past))) return false
  return name === line.from || /[\s"'›]$|-e$/.test(text.slice(Math.max(line.from, name - 2), name))
}

/** `name: value` is an assignment when the value is one word and all that follows; in a sentence it must look random too. */
function looksAssigned(text: string, end: number, value: string, { name }: Named, line: Line): boolean {
  const after = text.slice(end, Math.min(line.to, end + 64))
  // A comment may follow, as in YAML.
  if (!/^[,;]?\s*(?:$|\s#)/.test(after) && !/^["'},\]]/.test(after)) return false
  const sentence = /[A-Za-z]\s+$/.test(text.slice(Math.max(line.from, name - 16), name))
  return !sentence || value.length >= 16 || /\d/.test(value)
}
