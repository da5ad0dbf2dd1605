// Aho–Corasick (1975): all patterns are found in one walk over the text. The patterns form a trie; a node that has
// no edge for a character falls back to the longest end of what was read that is the beginning of a pattern. Here
// the fallbacks are worked into one table of next states, over the characters that occur in patterns at all:
//
//   he, she over "ushe":  u → root, s → s, h → sh, e → she (found; and he, which is an end of it)
//
// With `skipNewlines`, a newline inside a pattern's body is passed over (base64 is printed in lines of 76), once four
// characters of the pattern have been read: fewer happen by chance too often to hold a line back for.

/** A found pattern: `id` is the caller's, `from` and `to` are positions in the text. */
export interface Hit {
  id: number
  from: number
  to: number
}

export interface Automaton {
  /** All hits, and where the longest unfinished beginning of a pattern at the text's end starts. */
  find(text: string): { hits: Hit[]; pending: number }
}

const newline = 10
const skipDepth = 4

/** Builds the automaton of some patterns; empty ones are left out. */
export function createAutomaton(
  patterns: readonly { text: string; id: number }[],
  o: { skipNewlines?: boolean } = {},
): Automaton {
  const used = patterns.filter(({ text }) => text !== '')
  if (used.length === 0) return { find: (text) => ({ hits: [], pending: text.length }) }
  const { classes, width } = classesOf(used)
  const { next, depth, found } = build(used, classes, width)
  const skip = o.skipNewlines === true

  function find(text: string): { hits: Hit[]; pending: number } {
    const hits: Hit[] = []
    let state = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (skip && code === newline && depth[state]! >= skipDepth) continue
      state = next[state * width + classes[code]!]!
      const ids = found[state]
      if (ids === undefined) continue
      for (const { id, length } of ids) hits.push({ id, from: startOf(text, at, length, skip), to: at + 1 })
    }
    const pending = depth[state] === 0 ? text.length : startOf(text, text.length - 1, depth[state]!, skip)
    return { hits, pending }
  }
  return { find }
}

/** Where a match of `length` characters that ends at `last` begins, newlines not counted where they are skipped. */
function startOf(text: string, last: number, length: number, skip: boolean): number {
  if (!skip) return last - length + 1
  let at = last
  for (let left = length; ; at--) {
    if (text.charCodeAt(at) !== newline && --left === 0) return at
  }
}

type Pattern = { text: string; id: number }

/** A small number for each character of the patterns; 0 for every other. */
function classesOf(patterns: readonly Pattern[]): { classes: Uint16Array; width: number } {
  const classes = new Uint16Array(65_536)
  let width = 1
  for (const { text } of patterns) {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (classes[code] === 0) classes[code] = width++
    }
  }
  return { classes, width }
}

type Ends = { id: number; length: number }[]

function build(patterns: readonly Pattern[], classes: Uint16Array, width: number) {
  const most = patterns.reduce((sum, { text }) => sum + text.length, 1)
  const next = new Int32Array(most * width)
  const depth = new Int32Array(most)
  const found: (Ends | undefined)[] = []
  let count = 1
  for (const { text, id } of patterns) {
    let state = 0
    for (let at = 0; at < text.length; at++) {
      const edge = state * width + classes[text.charCodeAt(at)]!
      if (next[edge] === 0) {
        depth[count] = at + 1
        next[edge] = count++
      }
      state = next[edge]!
    }
    found[state] = [...(found[state] ?? []), { id, length: text.length }]
  }
  // Breadth first: a node's fallback is shallower, so its edges are complete by then.
  const fallback = new Int32Array(count)
  const queue: number[] = []
  for (let edge = 0; edge < width; edge++) if (next[edge] !== 0) queue.push(next[edge]!)
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!
    const back = fallback[state]!
    const ends = found[back]
    if (ends) found[state] = [...(found[state] ?? []), ...ends]
    for (let edge = 0; edge < width; edge++) {
      const child = next[state * width + edge]!
      if (child === 0) next[state * width + edge] = next[back * width + edge]!
      else {
        fallback[child] = next[back * width + edge]!
        queue.push(child)
      }
    }
  }
  return { next: next.slice(0, count * width), depth: depth.slice(0, count), found }
}
