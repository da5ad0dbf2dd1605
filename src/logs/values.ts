// All forms of the registered values are looked for in one walk that skips most of the text (Wu and Manber, 1994): of
// each form the first `window` characters count. Three characters at the window's end tell how far it may move on
// without passing the beginning of a form; where that is nowhere, the forms that end their window so are compared.
//
//   window 8, "hunter22": at "…er22" compare; at "…ter" move on by 2, at "…und" by none of it, so by 6

import type { Codes } from './codes.ts'
import { addTo, fourBefore, gramAt, grams } from './grams.ts'
import { createWraps } from './wraps.ts'

/** A form of a value: `id` is the caller's. */
export interface Form {
  text: string
  id: number
  /** It may be printed in lines. */
  wraps: boolean
}

/** A found form, and where it stands in the text. */
export interface Hit {
  form: Form
  from: number
  to: number
}

export interface Values {
  find(text: string, codes: Codes): Hit[]
  /** Where the longest form begins that the text, which ends at a line's end, may have the beginning of; else its length. */
  pending(text: string): number
}

const longestWindow = 12

/** Builds the search for some forms, of at least four characters each. */
export function createValues(forms: readonly Form[]): Values {
  if (forms.length === 0) return { find: () => [], pending: (text) => text.length }
  const window = Math.min(longestWindow, ...forms.map(({ text }) => text.length))
  const farthest = window - 2
  const shifts = new Uint8Array(grams).fill(farthest)
  const ending = new Map<number, Form[]>()
  for (const form of forms) {
    for (let at = 2; at < window; at++) {
      const key = gramAt(form.text, at)
      const shift = window - 1 - at
      if (shift < shifts[key]!) shifts[key] = shift
      if (shift === 0) addTo(ending, key, form)
    }
  }
  const wraps = createWraps(forms.filter((form) => form.wraps))
  const lined = createLined(forms)

  return {
    find(text, { bytes, length }) {
      const hits: Hit[] = []
      for (let at = window - 1; at < length; ) {
        const key = ((bytes[at - 2]! << 10) ^ (bytes[at - 1]! << 5) ^ bytes[at]!) & (grams - 1)
        const shift = shifts[key]!
        if (shift > 0) {
          at += shift
          continue
        }
        const from = at - window + 1
        for (const form of ending.get(key)!) {
          if (text.startsWith(form.text, from)) hits.push({ form, from, to: from + form.text.length })
        }
        at++
      }
      wraps.find(text, hits)
      return hits
    },
    pending: (text) => Math.min(wraps.pending(text), lined(text)),
  }
}

/** Where a form that has newlines in it begins, of which the text ends with some lines; the text's length without one. */
function createLined(forms: readonly Form[]): (text: string) => number {
  /** Beginnings of forms up to a newline, by the four characters before that. */
  const beginnings = new Map<number, string[]>()
  for (const { text } of forms) {
    for (let at = text.indexOf('\n'); at >= 0 && at < text.length - 1; at = text.indexOf('\n', at + 1))
      addTo(beginnings, at < 4 ? -1 : fourBefore(text, at), text.slice(0, at + 1))
  }
  if (beginnings.size === 0) return (text) => text.length
  return (text) => {
    const last = text.length - 1
    let longest = 0
    for (const key of [-1, last < 4 ? -1 : fourBefore(text, last)]) {
      for (const beginning of beginnings.get(key) ?? [])
        if (beginning.length > longest && text.endsWith(beginning)) longest = beginning.length
    }
    return text.length - longest
  }
}
