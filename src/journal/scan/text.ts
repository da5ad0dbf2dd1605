// Looks for secrets in a text of any length, in blocks of whole lines that overlap, so that what spans lines is found
// too. The rules only say what a text becomes; where in it something was is found by halving.
import { newMarks } from './marks.ts'

/** Where something was found: lines counted from 1. */
export interface Place {
  line: number
  kind: string
}

const block = 128 * 1024
const overlap = 16 * 1024

/** Looks through a text as it comes; each place is given once, of what spans lines the first one. */
export async function scanText(
  chunks: AsyncIterable<Uint8Array>,
  clean: (text: string) => string,
  onPlace: (place: Place) => void,
): Promise<void> {
  const decoder = new TextDecoder()
  let held = ''
  let line = 1
  let seen = new Set<string>()

  function look(text: string): void {
    const places = placesIn(text, clean).map((place) => ({ ...place, line: place.line + line - 1 }))
    const keys = new Set<string>()
    for (const place of places) {
      const key = `${place.line} ${place.kind}`
      if (!seen.has(key) && !keys.has(key)) onPlace(place)
      keys.add(key)
    }
    // Only what lies in the overlap can be seen again.
    seen = keys
  }

  function forget(text: string): void {
    const wanted = Math.max(0, text.length - overlap)
    const start = text.lastIndexOf('\n', wanted) + 1
    // A very long line is cut.
    const end = wanted - start < overlap ? start : wanted
    line += text.slice(0, end).split('\n').length - 1
    held = held.slice(end)
  }

  for await (const chunk of chunks) {
    held += decoder.decode(chunk, { stream: true })
    if (held.length < block + overlap) continue
    const end = held.lastIndexOf('\n') + 1
    const text = end > overlap ? held.slice(0, end) : held
    look(text)
    forget(text)
  }
  look(held + decoder.decode())
}

/** The places of one block. */
function placesIn(text: string, clean: (text: string) => string): Place[] {
  const lines = text.split('\n')
  const kindsOf = (from: number, to: number) => {
    const part = lines.slice(from, to).join('\n')
    return newMarks(part, clean(part))
  }

  function narrow(from: number, to: number): Place[] {
    const kinds = kindsOf(from, to)
    if (kinds.length === 0) return []
    if (to - from === 1) return kinds.map((kind) => ({ line: from + 1, kind }))
    const middle = (from + to) >> 1
    const places = [...narrow(from, middle), ...narrow(middle, to)]
    // What neither half shows alone spans them.
    const spanning = kinds.filter((kind) => !places.some((place) => place.kind === kind))
    return [...places, ...spanning.map((kind) => ({ line: startOf(kind, from, to) + 1, kind }))]
  }

  /** The last line from which on it is still found. */
  function startOf(kind: string, from: number, to: number): number {
    let [low, high] = [from, to - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (kindsOf(middle, to).includes(kind)) low = middle
      else high = middle - 1
    }
    return low
  }

  return narrow(0, lines.length).sort((a, b) => a.line - b.line)
}
