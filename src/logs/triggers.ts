// Finds a fixed set of short words in text at less than one table look-up a character. A word stands either at an even
// or at an odd place; so where the pairs of characters at every even place are looked up, each word shows itself by one
// of its pairs at an even distance from its start, or by one at an odd distance. Of each, the pair that is rarest in
// ordinary text is chosen, so that most look-ups say no.
//
//   "authorization":  "za" (7, odd) and "iz" (6, even)

import { type Codes, pairOf } from './codes.ts'

/** Calls back for each place of a word, in any order within a few characters; `id` is the word's. */
export type EachTrigger = (text: string, codes: Codes, visit: (id: number, at: number) => void) => void

interface Candidate {
  word: string
  id: number
  /** Where the pair stands in the word. */
  offset: number
  /** A character that is not part of the pair, and its distance from the pair: tried before the whole word is compared. */
  nearby: number
  distance: number
}

/** Letters of ordinary text, the commonest first. */
const common = ' etaoinsrhldcumfpgwybvkxjqz'
const buckets = 255

/** Builds the search; every word has at least three characters. */
export function createTriggers(words: readonly { text: string; id: number }[]): EachTrigger {
  const table = new Uint8Array(65_536)
  const candidates: Candidate[][] = [[]]
  for (const { text, id } of words) {
    for (const start of [0, 1]) {
      const offset = rarestPair(text, start)
      const key = pairOf(text, offset)
      let bucket = table[key]!
      if (bucket === 0) {
        // With more pairs than buckets, some share one: a candidate is compared in any case.
        bucket = candidates.length <= buckets ? candidates.length : 1 + (key % buckets)
        table[key] = bucket
        candidates[bucket] ??= []
      }
      const distance = offset + 2 < text.length ? 2 : -1
      candidates[bucket]!.push({
        word: text,
        id,
        offset,
        nearby: text.charCodeAt(offset + distance),
        distance,
      })
    }
  }

  return (text, { bytes, pairs, length }, visit) => {
    const count = length >> 1
    for (let place = 0; place < count; place++) {
      const bucket = table[pairs[place]!]!
      if (bucket === 0) continue
      const at = place * 2
      for (const { word, id, offset, nearby, distance } of candidates[bucket]!) {
        if (bytes[at + distance] !== nearby) continue
        if (at >= offset && text.startsWith(word, at - offset)) visit(id, at - offset)
      }
    }
  }
}

/** The pair at an even distance from `start` that is met least. */
function rarestPair(text: string, start: number): number {
  let [best, most] = [start, -1]
  for (let at = start; at + 1 < text.length; at += 2) {
    const score = rarity(text[at]!) + rarity(text[at + 1]!)
    if (score > most) [best, most] = [at, score]
  }
  return best
}

function rarity(character: string): number {
  const place = common.indexOf(character.toLowerCase())
  if (place < 0) return /[\d.:/-]/.test(character) ? 8 : 20
  return character === character.toLowerCase() ? place : place + 6
}
