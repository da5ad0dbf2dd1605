// Text from outside, made inert: nothing in it moves a cursor, sets a title, writes a clipboard, hides or reorders
// what stands beside it. The story, for `\e[31mred\e[0m 10%\r20%\r\n\e]0;title\x07ok‮`:
//
//   red 20%        colours go without a word; a progress line shows its last state
//   ‹OSC›ok‹U+202E›        a control string becomes a short mark, a bidi control its number
//
// A line is held until its end, since a CR may take it back. One that grows past `hold` characters is let go in
// parts, and a CR or backspace in it is a mark from then on: memory is bounded, nothing is lost. (Lines are cut
// after redaction, in lines.ts: cutting here could leave half of a secret standing.)
//
// A control sequence that does not end as it should, or not on its own line, hides nothing: its mark is followed
// by its body as text.
import { asciiStopPattern, markOf, stopPattern } from './codepoints.ts'
import { createDecoder } from './decode.ts'
import { createHeldLine } from './heldLine.ts'

/** Bytes in, inert text out; what comes out after any chunking is the same. */
export interface Inert {
  push(chunk: Uint8Array): string
  /** The rest; the object can be used again afterwards. */
  end(): string
}

/** A sanitiser for one stream. `hold` is how many characters of an unfinished line are kept. */
export function createInert(o: { hold?: number } = {}): Inert {
  const decoder = createDecoder()
  const machine = createMachine(o.hold ?? 65_536)
  return {
    push(chunk) {
      return machine.push(decoder.push(chunk))
    },
    end() {
      return machine.push(decoder.end()) + machine.end()
    },
  }
}

const needsWork = /[^\n\t\x20-\x7e]/

/** One text made inert at once: a field, a name, an error's message. */
export function inert(text: string): string {
  if (!needsWork.test(text)) return text
  const machine = createMachine(Number.POSITIVE_INFINITY)
  return machine.push(text) + machine.end()
}

/** The longest body of a control string that is waited for, and of a CSI's parameters. */
const longestString = 4096
const longestCsi = 64

const stringKinds: Record<string, string> = { ']': 'OSC', P: 'DCS', _: 'APC', '^': 'PM', X: 'SOS' }
const c1Strings: Record<string, string> = {
  '\x9d': 'OSC',
  '\x90': 'DCS',
  '\x9f': 'APC',
  '\x9e': 'PM',
  '\x98': 'SOS',
}

type State = 'text' | 'escape' | 'csi' | 'string' | 'stringEscape'

function createMachine(hold: number) {
  const stops = stopPattern()
  const asciiStops = asciiStopPattern()
  const line = createHeldLine(hold)
  let state: State = 'text'
  /** The kind of control string, and its body or a sequence's parameters so far. */
  let kind = ''
  let body = ''

  /** `spilled`: the text of a broken control string, in which nothing begins another sequence. */
  function control(character: string, spilled: boolean): void {
    if (character === '\n') line.newline()
    else if (character === '\r') line.carriageReturn()
    else if (character === '\b') line.backspace()
    else if (spilled) line.show(markOf(character))
    else if (character === '\x1b') enter('escape')
    else if (character === '\x9b') enter('csi')
    else if (c1Strings[character]) {
      enter('string')
      kind = c1Strings[character]
    } else line.show(markOf(character))
  }

  function enter(next: State): void {
    state = next
    body = ''
  }

  /** Ends a sequence with its mark, or without one. */
  function leave(mark: string): void {
    state = 'text'
    if (mark !== '') line.show(mark)
  }

  /** A sequence that did not end as it should: its mark, and its body as text. */
  function spill(mark: string): void {
    const text = body
    leave(mark)
    plain(text, 0, stops, true)
  }

  /** Takes text in the state `text` up to its end, or to where a sequence begins; returns how far it came. */
  function plain(text: string, from: number, pattern: RegExp, spilled = false): number {
    let at = from
    while (at < text.length) {
      pattern.lastIndex = at
      const found = pattern.exec(text)
      const end = found?.index ?? text.length
      if (end > at) line.show(at === 0 && end === text.length ? text : text.slice(at, end))
      if (!found) return text.length
      at = end + found[0].length
      if (found[1] === undefined) line.combine(found[0])
      else control(found[1], spilled)
      if (state !== 'text') return at
    }
    return at
  }

  /** Takes one character inside a sequence; false where it does not belong to it and is to be taken as text. */
  function inside(character: string): boolean {
    if (state === 'escape') return escaped(character)
    if (state === 'csi') return csi(character)
    return controlString(character)
  }

  function escaped(character: string): boolean {
    if (body === '' && character === '[') enter('csi')
    else if (body === '' && stringKinds[character]) {
      enter('string')
      kind = stringKinds[character]
    } else if (/[ -/]/.test(character) && body.length < 4) body += character
    else if (/[0-~]/.test(character)) {
      // Choosing the ASCII character set is part of switching colours off (tput sgr0).
      leave(body === '(' && character === 'B' ? '' : '‹ESC›')
    } else {
      spill('‹ESC›')
      return false
    }
    return true
  }

  function csi(character: string): boolean {
    if (/[ -?]/.test(character) && body.length < longestCsi) {
      body += character
      return true
    }
    if (!/[@-~]/.test(character)) {
      spill('‹CSI›')
      return false
    }
    // Colours (SGR) and "clear to the end of the line" take nothing from what is shown here.
    const silent = (character === 'm' && /^[\d;:]*$/.test(body)) || (character === 'K' && /^\d?$/.test(body))
    leave(silent ? '' : '‹CSI›')
    return true
  }

  function controlString(character: string): boolean {
    if (state === 'stringEscape') {
      if (character === '\\') {
        leave(`‹${kind}›`)
        return true
      }
      spill(`‹${kind}›`)
      // What came after the ESC begins a sequence of its own.
      enter('escape')
      return false
    }
    if (character === '\x9c' || (character === '\x07' && kind === 'OSC')) leave(`‹${kind}›`)
    else if (character === '\x1b') state = 'stringEscape'
    else if (
      character === '\n' ||
      character === '\x18' ||
      character === '\x1a' ||
      body.length >= longestString
    ) {
      spill(`‹${kind}›`)
      return false
    } else body += character
    return true
  }

  return {
    push(text: string): string {
      const pattern = ascii.test(text) ? asciiStops : stops
      let at = 0
      while (at < text.length) {
        if (state === 'text') {
          at = plain(text, at, pattern)
          continue
        }
        const character = String.fromCodePoint(text.codePointAt(at)!)
        if (inside(character)) at += character.length
      }
      return line.take()
    },
    end(): string {
      if (state === 'stringEscape') {
        spill(`‹${kind}›`)
        line.show('‹ESC›')
      } else if (state === 'string') spill(`‹${kind}›`)
      else if (state === 'csi') spill('‹CSI›')
      else if (state === 'escape') spill('‹ESC›')
      state = 'text'
      return line.end()
    },
  }
}

const ascii = /^[\x00-\x7f]*$/
