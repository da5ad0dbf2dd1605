// Redaction, over any chunking: text is let go line by line, and a line is kept back as long as something that
// began in it (a value of several lines, base64 printed in lines) may still turn out to be a secret. So no part of a
// secret is let go because the rest of it had not arrived. A line longer than `longest` is let go in parts, of
// which the last `overlap` characters are always kept back.

import type { SecretStore } from '../model/secret.ts'
import { createKeyBlocks } from './keyBlocks.ts'
import { createMatcher, type Found, type Matcher } from './matcher.ts'

/** Hides secrets in text that was made inert. */
export interface Redactor {
  /** A whole text at once. */
  redact(text: string): string
  /** A stream of text; what comes out is the same after any chunking. */
  stream(): { push(text: string): string; end(): string }
}

const longest = 65_536
const overlap = 16_384
/** What a token that is too long to hold may go on with. */
const tokenRest = /^[\w+/=.%~-]+/

/** A redactor for the secrets of a store: those registered now and later, each from then on, also after its value was replaced. */
export function createRedactor(secrets: Pick<SecretStore, 'entries' | 'onRegister'>): Redactor {
  const known: { name: string; value: string }[] = []
  let matcher: Matcher | undefined

  function learn(name: string, value: string): void {
    if (known.some((entry) => entry.value === value)) return
    known.push({ name, value })
    matcher = undefined
  }
  for (const { name, value } of secrets.entries()) learn(name, value)
  secrets.onRegister(learn)

  /** The matcher of what is known now; building one costs more than using it, so it waits until it is used. */
  function current(): Matcher {
    matcher ??= createMatcher(known)
    return matcher
  }

  return {
    redact(text) {
      const stream = createStream(current)
      return stream.push(text) + stream.end()
    },
    stream: () => createStream(current),
  }
}

function createStream(current: () => Matcher): { push(text: string): string; end(): string } {
  let held = ''
  let eating = false
  let keyBlocks = createKeyBlocks()

  /** Lets go of what is safe in `held`, which ends at a line's end or is a part of a line that is too long. */
  function letGo(mode: 'lines' | 'part' | 'all'): string {
    const { found, pending } = current().find(held)
    let end = held.length
    if (mode === 'lines') end = safeEnd(held, found, pending)
    if (mode === 'part') {
      end = safePart(found, Math.min(held.length - overlap, pending))
      if (end <= 0) {
        // One secret fills the whole part: its mark stands for it and for all that it goes on with.
        end = found[0]?.to ?? held.length
        eating = end === held.length && found.length > 0
      }
    }
    const ready = render(held, found, end)
    held = held.slice(end)
    return keyBlocks(ready)
  }

  function eat(text: string): string {
    if (!eating || text === '') return text
    const rest = text.slice(tokenRest.exec(text)?.[0].length ?? 0)
    if (rest !== '') eating = false
    return rest
  }

  return {
    push(text) {
      let out = ''
      let rest = eat(text)
      while (rest !== '') {
        // What is taken is decided by places in the text alone, never by where a chunk ended.
        const part = nextPart(rest, held.length - lineStart(held, held.length))
        held += part
        rest = rest.slice(part.length)
        if (part.endsWith('\n')) out += letGo('lines')
        else if (held.length - lineStart(held, held.length) >= longest) {
          out += letGo('part')
          rest = eat(rest)
        }
      }
      return out
    },
    end() {
      const out = letGo('all')
      held = ''
      eating = false
      keyBlocks = createKeyBlocks()
      return out
    },
  }
}

/** Where whole lines may be let go: before the line in which something unfinished, or something that ends later, begins. */
function safeEnd(text: string, found: readonly Found[], pending: number): number {
  let end = lineStart(text, Math.min(text.length, pending))
  for (let index = found.length - 1; index >= 0; index--) {
    const { from, to } = found[index]!
    if (from < end && to > end) end = lineStart(text, from)
  }
  return end
}

/** A name and its separator stand this near before their value. */
const context = 256

/** Where a part of a long line may be let go: not inside of what was found, nor between its name and its value. */
function safePart(found: readonly Found[], wanted: number): number {
  let end = wanted
  for (let index = found.length - 1; index >= 0; index--) {
    const { from, to } = found[index]!
    if (from - context < end && to > end) end = from - context
  }
  return end
}

/** The next part to take: all lines in reach up to one that is too long, or as much as may be held of that one; `before` characters of the first line are held already. */
function nextPart(text: string, before: number): string {
  let good = 0
  let start = -before
  for (let at = text.indexOf('\n'); at >= 0 && at - start < longest; at = text.indexOf('\n', start)) {
    good = start = at + 1
    if (good >= longest * 4) break
  }
  return good > 0 ? text.slice(0, good) : text.slice(0, Math.max(1, longest - before))
}

function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
}

function render(text: string, found: readonly Found[], end: number): string {
  let out = ''
  let at = 0
  for (const { from, to, mark } of found) {
    if (from >= end) break
    out += text.slice(at, from) + mark
    at = to
  }
  return at >= end ? out : out + text.slice(at, end)
}
