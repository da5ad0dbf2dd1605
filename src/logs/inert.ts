// Text from outside, made inert: nothing in it moves a cursor, sets a title, writes a clipboard, hides or reorders
// what stands beside it. The story, for `\e[31mred\e[0m 10%\r20%\r\n\e]0;title\x07ok‮`:
//
//   ‹CR›20%        colours go without a word; a line shows its last state, and that it was another one before
//   ‹OSC›ok‹U+202E›        a control string becomes a short mark, a bidi control its number
//
// A line is held until its end, since a CR may take it back. One that grows past `hold` characters is let go in
// parts, and a CR or backspace in it is a mark from then on: memory is bounded, nothing is lost. (Lines are cut
// after redaction, in lines.ts: cutting here could leave half of a secret standing.)
//
// A control sequence that does not end as it should, or not on its own line, hides nothing: its mark is followed
// by its body as text.
import { createDecoder } from './decode.ts'
import { createSequences } from './sequences.ts'

/** Bytes in, inert text out; what comes out after any chunking is the same. */
export interface Inert {
  push(chunk: Uint8Array): string
  /** The rest; the object can be used again afterwards. */
  end(): string
}

/** A sanitiser for one stream. `hold` is how many characters of an unfinished line are kept. */
export function createInert(o: { hold?: number } = {}): Inert {
  const decoder = createDecoder()
  const sequences = createSequences(o.hold ?? 65_536)
  return {
    push(chunk) {
      return sequences.push(decoder.push(chunk))
    },
    end() {
      return sequences.push(decoder.end()) + sequences.end()
    },
  }
}

const needsWork = /[^\n\t\x20-\x7e]/

/** One text made inert at once: a field, a name, an error's message. */
export function inert(text: string): string {
  if (!needsWork.test(text)) return text
  const sequences = createSequences(Number.POSITIVE_INFINITY)
  return sequences.push(text) + sequences.end()
}
