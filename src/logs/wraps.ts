// Base64 that is printed in lines, with blanks before each perhaps: where the four characters before a newline stand in
// a form too, the form is compared backwards and forwards over the newlines.
import { addTo, fourBefore, grams } from './grams.ts'
import type { Form, Hit } from './values.ts'

/** How many characters a form must have in a line before it goes on in the next. */
const wrapped = 4

/** Looks for forms that go on behind a newline. */
export function createWraps(forms: readonly Form[]) {
  /** Of four characters in hashed form: the forms that have them, and where behind them. */
  const places = new Map<number, { form: Form; past: number }[]>()
  const seen = new Uint8Array(grams)
  for (const form of forms) {
    for (let past = wrapped; past < form.text.length; past++) {
      const key = fourBefore(form.text, past)
      seen[key] = 1
      addTo(places, key, { form, past })
    }
  }

  /** Calls back for each form that goes on over the newline at `newline`: `to` is -1 where the text ends before it does. */
  function over(text: string, newline: number, visit: (form: Form, from: number, to: number) => void): void {
    if (newline < wrapped) return
    const key = fourBefore(text, newline)
    if (seen[key] === 0) return
    for (const { form, past } of places.get(key)!) {
      const from = backwards(text, newline, form.text, past)
      if (from >= 0) {
        const to = forwards(text, newline, form.text, past)
        if (to !== undefined) visit(form, from, to)
      }
    }
  }

  return {
    find(text: string, hits: Hit[]): void {
      if (forms.length === 0) return
      for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', newline + 1)) {
        over(text, newline, (form, from, to) => {
          if (to >= 0) hits.push({ form, from, to })
        })
      }
    },
    pending(text: string): number {
      let pending = text.length
      if (forms.length === 0) return pending
      // A form may have begun many lines ago, but then each line between ends inside of it too; so the last will do.
      over(text, text.length - 1, (_, from, to) => {
        if (to < 0) pending = Math.min(pending, from)
      })
      return pending
    },
  }
}

/** Where a form begins of which `past` characters end before `newline`; -1 where they don't. */
function backwards(text: string, newline: number, form: string, past: number): number {
  let at = newline
  for (let left = past - 1; left >= 0; left--) {
    if (text[--at] === form[left]) continue
    const before = newlineBefore(text, at)
    if (before < 0 || left + 1 < wrapped || text[before - 1] !== form[left]) return -1
    at = before - 1
  }
  return at
}

/** Where a form ends of which `past` characters end before `newline`; -1 where the text ends first, nothing where it is not there. */
function forwards(text: string, newline: number, form: string, past: number): number | undefined {
  let at = behindNewline(text, newline)
  for (let next = past; next < form.length; next++, at++) {
    if (at >= text.length) return -1
    if (text[at] === form[next]) continue
    if (text[at] !== '\n') return undefined
    at = behindNewline(text, at)
    if (at >= text.length) return -1
    if (text[at] !== form[next]) return undefined
  }
  return at
}

const mostBlanks = 64

/** The first character of the next line that is no blank. */
function behindNewline(text: string, newline: number): number {
  let at = newline + 1
  while (at - newline <= mostBlanks && (text[at] === ' ' || text[at] === '\t')) at++
  return at
}

/** The newline before `at`, with blanks between; -1 where something else stands there. `at` is the last place looked at. */
function newlineBefore(text: string, at: number): number {
  let newline = at
  while (at - newline <= mostBlanks && (text[newline] === ' ' || text[newline] === '\t')) newline--
  return text[newline] === '\n' ? newline : -1
}
