import { type Automaton, createAutomaton } from './automaton.ts'
import { formsOf } from './forms.ts'
import { type Shape, shapes } from './shapes.ts'

/** A place in the text that is to be replaced by its mark; a registered value goes before a shape. */
export interface Found {
  from: number
  to: number
  mark: string
  known: boolean
}

/** Finds what is to be hidden in a text; `pending` is where something that is not finished yet may begin. */
export interface Matcher {
  find(text: string): { found: Found[]; pending: number }
}

/** The mark of a registered secret. */
export function secretMark(name: string): string {
  return `‹secret:${name}›`
}

const base64Character = /[A-Za-z0-9+/_-]/

/** A matcher for some registered values and all well-known shapes. */
export function createMatcher(known: readonly { name: string; value: string }[]): Matcher {
  const names = known.map(({ name }) => name)
  const forms = known.map(({ value }) => formsOf(value))
  const triggers = shapes.flatMap((shape, index) =>
    shape.triggers.map((text) => ({ text, id: known.length + index })),
  )
  const plain = createAutomaton([
    ...forms.flatMap((form, id) => form.plain.map((text) => ({ text, id }))),
    ...triggers,
  ])
  const base64 = createAutomaton(
    forms.flatMap((form, id) => form.base64.map((text) => ({ text, id }))),
    { skipNewlines: true },
  )

  function find(text: string): { found: Found[]; pending: number } {
    const found: Found[] = []
    const tried = new Map<number, Set<Shape>>()
    const first = plain.find(text)
    for (const hit of first.hits) {
      const name = names[hit.id]
      if (name !== undefined) found.push({ from: hit.from, to: hit.to, mark: secretMark(name), known: true })
      else found.push(...inLine(text, hit.from, shapes[hit.id - known.length]!, tried))
    }
    const pending = Math.min(first.pending, inBase64(text, base64, names, found))
    return { found: merge(outsideMarks(text, found, names)), pending }
  }
  return { find }
}

function inLine(text: string, at: number, shape: Shape, tried: Map<number, Set<Shape>>): Found[] {
  const start = text.lastIndexOf('\n', at - 1) + 1
  const done = tried.get(start) ?? new Set()
  if (done.has(shape)) return []
  tried.set(start, done.add(shape))
  const newline = text.indexOf('\n', at)
  const line = text.slice(start, newline < 0 ? text.length : newline)
  const mark = `‹redacted:${shape.name}›`
  return shape.find(line).map(({ from, to }) => ({ from: start + from, to: start + to, mark, known: false }))
}

/** Adds the hits in base64, with the characters at their ends that hold some of the value's bits. */
function inBase64(text: string, automaton: Automaton, names: readonly string[], found: Found[]): number {
  const { hits, pending } = automaton.find(text)
  for (const hit of hits) {
    let { from, to } = hit
    if (from > 0 && base64Character.test(text[from - 1]!)) from--
    if (to < text.length && base64Character.test(text[to]!)) to++
    while (text[to] === '=') to++
    found.push({ from, to, mark: secretMark(names[hit.id]!), known: true })
  }
  return pending
}

/** Leaves out what stands inside a mark that was set already: text goes through the pipe more than once. */
function outsideMarks(text: string, found: Found[], names: readonly string[]): Found[] {
  if (found.length === 0 || !text.includes('‹')) return found
  const marks: { from: number; to: number }[] = []
  for (const mark of text.matchAll(/‹(?:secret:([^‹›\n]{1,120})|redacted:[a-z0-9-]{1,30})›/g)) {
    if (mark[1] !== undefined && !names.includes(mark[1])) continue
    marks.push({ from: mark.index, to: mark.index + mark[0].length })
  }
  return found.filter(({ from, to }) => !marks.some((mark) => from >= mark.from && to <= mark.to))
}

/** Overlapping places become one; its mark is that of a registered value where there is one, the longest first. */
function merge(found: Found[]): Found[] {
  const sorted = found.sort((a, b) => a.from - b.from || b.to - a.to)
  const merged: (Found & { length: number })[] = []
  for (const one of sorted) {
    const last = merged.at(-1)
    const length = one.to - one.from
    if (!last || one.from >= last.to) {
      merged.push({ ...one, length })
      continue
    }
    last.to = Math.max(last.to, one.to)
    if (one.known && (!last.known || length > last.length))
      Object.assign(last, { mark: one.mark, known: true, length })
  }
  return merged
}
