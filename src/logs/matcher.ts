import { type Codes, codesOf } from './codes.ts'
import { agrees, type Decoded, decodedLines, decodedValue } from './decoded.ts'
import { decodableOf, formsOf } from './forms.ts'
import type { Line } from './keyValue.ts'
import { isMarkName } from './markNames.ts'
import type { Rest } from './rest.ts'
import { shapes } from './shapes.ts'
import { createTriggers } from './triggers.ts'
import { createValues } from './values.ts'

/** A place in the text that is to be replaced by its mark; a registered value goes before a shape. */
export interface Found {
  from: number
  to: number
  mark: string
  known: boolean
  /** What it may go on with, where the text ended before it did. */
  rest: Rest
}

/** Finds what is to be hidden in a text, in order, none in another. */
export interface Matcher {
  find(text: string): Found[]
  /** Where something may begin that the text, which ends at a line's end, has only the beginning of; else its length. */
  pending(text: string): number
}

/** The mark of a registered secret. */
export function secretMark(name: string): string {
  return `‹secret:${name}›`
}

/** A shorter one is found in its plain forms only: what is left of it without quotes would be met by chance. */
const shortestDecoded = 4
const base64Character = /[A-Za-z0-9+/_-]/
const shapeMarks = shapes.map(({ name }) => `‹redacted:${name}›`)

const eachTrigger = createTriggers(
  shapes.flatMap(({ triggers }, id) => triggers.map((text) => ({ text, id }))),
)

/** A matcher for some registered values and all well-known shapes. */
export function createMatcher(known: readonly { name: string; value: string }[]): Matcher {
  const names = new Set(known.map(({ name }) => name))
  const marks = known.map(({ name }) => secretMark(name))
  const forms = known.flatMap(({ value }, id) => {
    const { plain, base64 } = formsOf(value)
    return [
      ...plain.map((text) => ({ text, id, wraps: false })),
      ...base64.map((text) => ({ text, id, wraps: true })),
    ]
  })
  const values = createValues(forms)
  const encoded = createEncoded(known)

  return {
    find(text) {
      const found: Found[] = []
      const codes = codesOf(text)
      for (const { form, from, to } of values.find(text, codes)) {
        const place = form.wraps ? widened(text, from, to) : { from, to }
        found.push({ ...place, mark: marks[form.id]!, known: true, rest: 'none' })
      }
      findShapes(text, codes, found)
      encoded(text, (id, from, to) => {
        found.push({ from, to, mark: marks[id]!, known: true, rest: 'none' })
      })
      return found.length === 0 ? found : merge(outsideMarks(text, found, names))
    },
    pending: values.pending,
  }
}

/** Looks for values in encodings that nobody listed: both are brought to one form (decoded.ts). */
function createEncoded(known: readonly { value: string }[]) {
  const flags: Uint8Array[] = []
  const forms = known.flatMap(({ value }, owner) =>
    decodableOf(value).flatMap((text) => {
      const decoded: Decoded = decodedValue(text)
      if (decoded.text.length < shortestDecoded) return []
      flags.push(decoded.flags)
      return [{ text: decoded.text, id: flags.length - 1, owner, wraps: false }]
    }),
  )
  const owners = forms.map(({ owner }) => owner)
  const values = createValues(forms)
  return (text: string, visit: (id: number, from: number, to: number) => void): void => {
    const lines = forms.length === 0 ? undefined : decodedLines(text)
    if (!lines) return
    for (const { form, from, to } of values.find(lines.text, codesOf(lines.text))) {
      if (agrees(lines, from, flags[form.id]!))
        visit(owners[form.id]!, lines.starts[from]!, lines.ends[to - 1]!)
    }
  }
}

function findShapes(text: string, codes: Codes, found: Found[]): void {
  /** From where on each shape is to be asked again. */
  let pasts: Int32Array | undefined
  let line: Line = { from: 0, to: -1 }
  eachTrigger(text, codes, (id, at) => {
    pasts ??= new Int32Array(shapes.length)
    if (at < pasts[id]!) return
    if (at >= line.to || at < line.from) line = lineAround(text, at)
    const { spans, past } = shapes[id]!.find(text, at, line)
    pasts[id] = past
    for (const { from, to, rest } of spans) {
      if (from < to) found.push({ from, to, mark: shapeMarks[id]!, known: false, rest })
    }
  })
}

function lineAround(text: string, at: number): Line {
  const newline = text.indexOf('\n', at)
  return { from: text.lastIndexOf('\n', at) + 1, to: newline < 0 ? text.length : newline }
}

/** With the characters at the ends of base64 that hold some of the value's bits. */
function widened(text: string, from: number, to: number): { from: number; to: number } {
  const start = from > 0 && base64Character.test(text[from - 1]!) ? from - 1 : from
  let end = to < text.length && base64Character.test(text[to]!) ? to + 1 : to
  while (text[end] === '=') end++
  return { from: start, to: end }
}

/** Leaves out what stands inside a mark that was set already: text goes through the pipe more than once. */
function outsideMarks(text: string, found: Found[], names: ReadonlySet<string>): Found[] {
  if (!text.includes('‹')) return found
  const marks: { from: number; to: number }[] = []
  for (const mark of text.matchAll(/‹(?:secret:([^‹›\n]{1,120})|redacted:([a-z0-9-]{1,30}))›/g)) {
    // A mark that nobody can have set is no shelter: `echo "‹redacted:$PASSWORD›"`.
    if (mark[1] !== undefined ? !names.has(mark[1]) : !isMarkName(mark[2]!)) continue
    marks.push({ from: mark.index, to: mark.index + mark[0].length })
  }
  return found.filter(({ from, to }) => !marks.some((mark) => from >= mark.from && to <= mark.to))
}

const longPiece = 1024

/** Overlapping places become one; its mark is that of a registered value where there is one, the longest first. */
function merge(found: Found[]): Found[] {
  const sorted = found.sort((a, b) => a.from - b.from || b.to - a.to)
  const merged: (Found & { length: number })[] = []
  for (const one of sorted) {
    const last = merged.at(-1)
    const length = one.to - one.from
    // A long value is found in pieces, one behind the other.
    const goesOn = last?.to === one.from && last.mark === one.mark && length >= longPiece
    if (!last || one.from > last.to || (one.from === last.to && !goesOn)) {
      merged.push({ ...one, length })
      continue
    }
    if (one.to > last.to) Object.assign(last, { to: one.to, rest: one.rest })
    if (one.known && (!last.known || length > last.length))
      Object.assign(last, { mark: one.mark, known: true, length })
  }
  return merged
}
