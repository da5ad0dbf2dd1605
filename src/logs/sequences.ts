import { combiningRun, markOf, nextStop } from './codepoints.ts'
import { createHeldLine } from './heldLine.ts'

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

/** Colours and what switches them off, whole: they go without a word, and are by far the most that logs hold. */
const colours = /(?:\x1b\[(?:[\d;:]{0,64}m|\d?K)|\x1b\(B)+/y

type State = 'text' | 'escape' | 'csi' | 'string' | 'stringEscape'

/** Takes decoded text with control sequences in it and gives inert text: what a line is at its end, and marks. */
export function createSequences(hold: number): { push(text: string): string; end(): string } {
  const combining = combiningRun()
  const line = createHeldLine(hold)
  let state: State = 'text'
  /** The kind of control string, and its body or a sequence's parameters so far. */
  let kind = ''
  let body = ''

  /** `spilled`: the text of a broken control string, in which nothing begins another sequence. */
  function control(character: string, spilled: boolean): void {
    if (character === '\r') line.carriageReturn()
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
    plain(text, 0, true)
  }

  /** Takes text in the state `text` up to its end, or to where a sequence begins; returns how far it came. */
  function plain(text: string, from: number, spilled = false): number {
    let at = from
    let newline = -1
    while (at < text.length) {
      const end = nextStop(text, at)
      if (end > at) {
        if (newline < at) newline = indexOrEnd(text, at)
        if (newline < end) at = lines(text, at, newline, end)
        if (end > at) line.show(at === 0 && end === text.length ? text : text.slice(at, end))
        if (end === text.length) return end
      }
      at = stopped(text, end, spilled)
      if (state !== 'text') return at
    }
    return at
  }

  /** Takes the lines that end before `end`, the first of them at `newline`; returns where the unfinished one begins. */
  function lines(text: string, at: number, newline: number, end: number): number {
    if (newline > at) line.show(text.slice(at, newline))
    line.newline()
    const last = text.lastIndexOf('\n', end - 1)
    if (last > newline) line.whole(text.slice(newline + 1, last + 1))
    return last + 1
  }

  /** Takes what the scan stopped at; returns where to go on. */
  function stopped(text: string, at: number, spilled: boolean): number {
    const code = text.charCodeAt(at)
    if (code === 0x1b && !spilled) {
      colours.lastIndex = at
      if (colours.test(text)) return colours.lastIndex
    } else if (code === 0x0d && text.charCodeAt(at + 1) === 0x0a) {
      line.newline()
      return at + 2
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      line.show(markOf(text[at]!))
      return at + 1
    } else if (code > 0x7f) {
      combining.lastIndex = at
      if (combining.test(text)) {
        line.combine(text.slice(at, combining.lastIndex))
        return combining.lastIndex
      }
    }
    const character = String.fromCodePoint(text.codePointAt(at)!)
    control(character, spilled)
    return at + character.length
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
    push(text) {
      let at = 0
      while (at < text.length) {
        if (state === 'text') {
          at = plain(text, at)
          continue
        }
        const character = String.fromCodePoint(text.codePointAt(at)!)
        if (inside(character)) at += character.length
      }
      return line.take()
    },
    end() {
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

function indexOrEnd(text: string, from: number): number {
  const found = text.indexOf('\n', from)
  return found < 0 ? text.length : found
}
