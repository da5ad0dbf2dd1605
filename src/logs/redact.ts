// Redaction, over any chunking: text is let go line by line, and a line is kept back as long as something that
// began in it (a value of several lines, base64 printed in lines) may still turn out to be a secret. So no part of a
// secret is let go because the rest of it had not arrived. A line longer than `longest` is let go in parts, of
// which the last `overlap` characters are always kept back.

import type { SecretStore } from '../model/secret.ts'
import { createKeyBlocks } from './keyBlocks.ts'
import { createMatcher, type Found, type Matcher } from './matcher.ts'
import { createRestEater, type Rest } from './rest.ts'

/** Hides secrets in text that was made inert. */
export interface Redactor {
  /** A whole text at once. */
  redact(text: string): string
  /** A stream of text; what comes out is the same after any chunking. */
  stream(): { push(text: string): string; end(): string }
}

const longest = 65_536
const overlap = 16_384

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
  /** Where the unfinished line begins in `held`. */
  let line = 0
  const eater = createRestEater()
  let keyBlocks = createKeyBlocks()

  /** Gives what is held up to `end`, and holds the rest. */
  function letGo(found: readonly Found[], end: number): string {
    const ready = render(held, found, end)
    held = end === held.length ? '' : held.slice(end)
    line = lineStart(held, held.length)
    return keyBlocks(ready)
  }

  /** What is held ends at a line's end. */
  function letLinesGo(): string {
    const matcher = current()
    const found = matcher.find(held)
    return letGo(found, safeEnd(held, found, matcher.pending(held)))
  }

  /** What is held ends in a line that is too long. */
  function letPartGo(): string {
    const found = current().find(held)
    const wanted = held.length - overlap
    const { end, rest } = safePart(held, found, wanted)
    eater.start(rest)
    return letGo(found, end)
  }

  return {
    push(text) {
      let out = ''
      let rest = eater.eat(text)
      while (rest !== '') {
        // What is taken is decided by places in the text alone, never by where a chunk ended.
        const part = nextPart(rest, held.length - line)
        held = held === '' ? part : held + part
        rest = part.length === rest.length ? '' : rest.slice(part.length)
        if (part.endsWith('\n')) {
          line = held.length
          out += letLinesGo()
        } else if (held.length - line >= longest) {
          out += letPartGo()
          rest = eater.eat(rest)
        }
      }
      return out
    },
    end() {
      const out = letGo(current().find(held), held.length)
      eater.start('none')
      keyBlocks = createKeyBlocks()
      return out
    },
  }
}

/** Where whole lines may be let go: before the line in which something unfinished, or something that ends later, begins. */
function safeEnd(text: string, found: readonly Found[], pending: number): number {
  if (pending >= text.length) return text.length
  let end = lineStart(text, pending)
  for (let index = found.length - 1; index >= 0; index--) {
    const { from, to } = found[index]!
    if (from < end && to > end) end = lineStart(text, from)
  }
  return end
}

/** A name and its separator stand this near before their value. */
const context = 256
const keyHeader = '-----BEGIN '

/**
 * Where a part of a long line may be let go: neither inside of what was found nor between its name and its value. What
 * was found and fills the rest of the part goes as its mark, which stands for all that it goes on with too.
 */
function safePart(text: string, found: readonly Found[], wanted: number): { end: number; rest: Rest } {
  let end = wanted
  for (let index = found.length - 1; index >= 0; index--) {
    const { from, to, rest } = found[index]!
    if (from - context >= end || to <= end) continue
    if (from < wanted && to === text.length) return { end: to, rest }
    // What tells of it stands behind the one before.
    const before = found[index - 1]?.to ?? 0
    end = Math.min(end, Math.max(from - context, before))
    if (end === 0) end = to
  }
  const header = text.lastIndexOf(keyHeader, end)
  if (header > 0 && end - header < context) end = header
  return { end, rest: 'none' }
}

/** The next part to take: all lines in reach up to one that is too long, or as much as may be held of that one; `before` characters of the first line are held already. */
function nextPart(text: string, before: number): string {
  if (before + text.length <= longest) {
    const past = text.lastIndexOf('\n') + 1
    return past > 0 && past < text.length ? text.slice(0, past) : text
  }
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
