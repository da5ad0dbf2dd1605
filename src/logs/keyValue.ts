import { isNoSecret, isTelling } from './telling.ts'

/** A place in a line that is to be hidden. */
export interface Span {
  from: number
  to: number
}

const assignment = /([A-Za-z_][\w.-]*)(\\?["']?)([ \t]*(?:=>|:=|=(?!=)|:(?![:/]))[ \t]*)/g
const option = /(?:^|\s)--([A-Za-z][\w-]*)[ \t]+(?![-\s])/g

/** The values of telling names in a line: `KEY=value`, `key: value`, `"key": "value"`, `--key value`. */
export function secretValues(line: string): Span[] {
  const spans: Span[] = []
  for (const found of line.matchAll(assignment)) {
    const [whole, name, , separator] = found as unknown as [string, string, string, string]
    if (!isTelling(name) || isMark(line, found.index, whole)) continue
    const span = valueAt(line, found.index + whole.length, {
      name,
      before: line.slice(0, found.index),
      colon: separator.includes(':') && !separator.includes('='),
    })
    if (span) spans.push(span)
  }
  for (const found of line.matchAll(option)) {
    if (!isTelling(found[1]!)) continue
    const span = valueAt(line, found.index + found[0].length, { name: found[1]!, before: '', colon: false })
    if (span) spans.push(span)
  }
  return spans
}

/** True for the beginning of a mark of ours (`‹secret:NAME›`), which names a secret and holds none. */
function isMark(line: string, at: number, whole: string): boolean {
  return line[at - 1] === '‹' && whole === 'secret:' && /^[^‹›\s]{1,120}›/.test(line.slice(at + whole.length))
}

interface Around {
  name: string
  /** The line before the name. */
  before: string
  colon: boolean
}

function valueAt(line: string, at: number, around: Around): Span | undefined {
  const quoted = /^(\\?)(["'`])/.exec(line.slice(at, at + 2))
  if (quoted) {
    const open = quoted[0]
    const to = closing(line, at + open.length, open)
    const from = at + open.length
    return isNoSecret(line.slice(from, to)) ? undefined : { from, to }
  }
  const value = bare(line, at, around)
  if (isNoSecret(value)) return undefined
  if (around.name.toLowerCase() === 'pass' && /^\d+$/.test(value)) return undefined
  if (around.colon && !looksAssigned(line, at + value.length, value, around)) return undefined
  return { from: at, to: at + value.length }
}

/** Where the quote that was opened is closed; the line's end where it is not. */
function closing(line: string, from: number, open: string): number {
  for (let at = from; at < line.length; at++) {
    if (line.startsWith(open, at)) return at
    if (line[at] === '\\' && open.length === 1) at++
  }
  return line.length
}

const environment = /(?:^|\s|^export\s+|-e\s*|["'])$/

/** A value without quotes: a word in an environment line, up to a separator elsewhere. */
function bare(line: string, at: number, { name, before, colon }: Around): string {
  const rest = line.slice(at)
  const own = !colon && /^[A-Z][A-Z0-9_]*$/.test(name) && environment.test(before)
  return (own ? /^[^\s"']*/ : /^[^\s&;,"'`)\]}<>|]*/).exec(rest)?.[0] ?? ''
}

/** `name: value` is an assignment when the value is one word and all that follows; in a sentence it must look random too. */
function looksAssigned(line: string, end: number, value: string, { before }: Around): boolean {
  if (!/^[,;]?\s*$/.test(line.slice(end)) && !/^["'},\]]/.test(line.slice(end))) return false
  const sentence = /[A-Za-z]\s+$/.test(before)
  return !sentence || /\d/.test(value) || value.length >= 16
}
