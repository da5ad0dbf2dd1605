// A second look at lines that hold encoded characters. URLs, JSON, HTML and the shells each write a value in ways that
// differ in detail from program to program; so text and value are both brought to one form, in which they are compared:
//
//   p%40ss%22\u00e9   p@ss\\\"\\u00e9   'p@ss"\303\251'   →   p@ss + the bytes of é
//
// `%XX` and HTML's entities become what they stand for, also where they were encoded again; backslashes and quotes go,
// `\u00e9`, `\xe9` and `\351` become bytes of UTF-8, newline and its like the letter of their escape. A flag at each
// character says where something went, so that `it's` is found in `it\'s` and not in `its`. Marks of control sequences go too.

/** A text in the common form. */
export interface Decoded {
  /** Bytes of UTF-8, one a character. */
  text: string
  /** Of each byte: 1 where a quote, a backslash or a control character stood before or in its place, 2 for `+` and what was encoded. */
  flags: Uint8Array
  /** Where each byte's spelling begins in the text, and where it ends. */
  starts: Int32Array
  ends: Int32Array
}

const percent = /%(?:25)*([0-9A-Fa-f]{2})/y
const entity = /&(?:amp;)*(?:(amp|lt|gt|quot|apos)|#(\d{1,3})|#x([0-9A-Fa-f]{1,2}));/y
const entities: Record<string, number> = { amp: 0x26, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27 }
const ownMark =
  /‹(?:ESC|CSI|OSC|DCS|APC|PM|SOS|CR|BS|U\+[0-9A-F]{4,6}|0x[0-9A-F]{1,2}|\d+ more combining marks)›/y
/** The letter of a control character's escape. */
const letters: Record<number, number> = {
  7: 0x61,
  8: 0x62,
  9: 0x74,
  10: 0x6e,
  11: 0x76,
  12: 0x66,
  13: 0x72,
  27: 0x45,
}
const [tookAway, maybePlus] = [1, 2]
const longestMark = 40

/** Asks where the next character stands, from a place on, that something encoded may begin with; -1 without one. */
function nextEncoded(text: string): (from: number) => number {
  // Each is sought again only behind where it was found.
  const marks = ['\\', '%', '&', '‹'].map((mark) => ({ mark, at: -1 }))
  return (from) => {
    let first = -1
    for (const entry of marks) {
      if (entry.at < from) {
        const found = text.indexOf(entry.mark, from)
        entry.at = found < 0 ? Number.POSITIVE_INFINITY : found
      }
      if (entry.at !== Number.POSITIVE_INFINITY && (first < 0 || entry.at < first)) first = entry.at
    }
    return first
  }
}

/** All lines of a text that may hold something encoded, in the common form; nothing where none does. */
export function decodedLines(text: string): Decoded | undefined {
  const next = nextEncoded(text)
  let found = next(0)
  if (found < 0) return undefined
  const decoder = createDecoder(text)
  while (found >= 0) {
    const from = text.lastIndexOf('\n', found) + 1
    const newline = text.indexOf('\n', found)
    const to = newline < 0 ? text.length : newline
    decoder.add(from, to)
    decoder.endLine(to)
    found = to < text.length ? next(to + 1) : -1
  }
  return decoder.done()
}

/** A whole value in the common form, its newlines too. */
export function decodedValue(value: string): Decoded {
  const decoder = createDecoder(value)
  decoder.add(0, value.length)
  return decoder.done()
}

/** True where the text has its flags wherever the value, which stands at `at`, has them. */
export function agrees(text: Decoded, at: number, value: Uint8Array): boolean {
  for (let index = 0; index < value.length; index++) {
    const wanted = value[index]!
    if (wanted !== 0 && (text.flags[at + index]! & wanted) !== wanted) return false
  }
  return true
}

/** Space for what is being decoded: of each byte its value, its flag, and where it comes from. */
let room = 0
let bytes = Buffer.alloc(0)
let flags = new Uint8Array(0)
let starts = new Int32Array(0)
let ends = new Int32Array(0)

function makeRoom(wanted: number): void {
  if (wanted <= room) return
  const grown = 2 ** Math.ceil(Math.log2(Math.max(wanted, 65_536)))
  const copy = <T extends { set(from: T): void }>(from: T, to: T): T => {
    to.set(from)
    return to
  }
  const former = bytes
  bytes = Buffer.alloc(grown)
  former.copy(bytes)
  flags = copy(flags, new Uint8Array(grown))
  starts = copy(starts, new Int32Array(grown))
  ends = copy(ends, new Int32Array(grown))
  room = grown
}

function createDecoder(text: string) {
  let length = 0
  /** Flag of the next byte, and where a run of backslashes before it began; -1 without one. */
  let flag = 0
  let slash = -1
  /** The first half of a character that was written as two numbers. */
  let half = 0

  function put(byte: number, more: number, from: number, to: number): void {
    bytes[length] = byte
    flags[length] = flag | more
    starts[length] = slash >= 0 ? slash : from
    ends[length] = to
    length++
    flag = 0
    slash = -1
  }

  function putCode(code: number, more: number, from: number, to: number): void {
    if (code < 0x80) {
      put(code, more, from, to)
      return
    }
    if (code >= 0x800) {
      if (code >= 0x10000) {
        put(0xf0 | (code >> 18), more, from, to)
        put(0x80 | ((code >> 12) & 0x3f), more, from, to)
      } else put(0xe0 | (code >> 12), more, from, to)
      put(0x80 | ((code >> 6) & 0x3f), more, from, to)
    } else put(0xc0 | (code >> 6), more, from, to)
    put(0x80 | (code & 0x3f), more, from, to)
  }

  /** Takes one character, of which it is known now what it stands for; `to` is behind its spelling. */
  function take(code: number, encoded: boolean, from: number, to: number): void {
    if (code === 0x5c) {
      flag |= tookAway
      if (slash < 0) slash = from
    } else if (code === 0x22 || code === 0x27) {
      flag |= tookAway
      slash = -1
    } else if (code === 0x2b || code === 0x20) put(0x20, encoded || code === 0x2b ? maybePlus : 0, from, to)
    else if (encoded && code >= 0x80) put(code, maybePlus, from, to)
    else if (code < 0x20) put(letters[code] ?? code, tookAway, from, to)
    else putCode(code, encoded ? maybePlus : 0, from, to)
  }

  /** Takes what stands behind backslashes, where it is a number; returns where it ends, or -1. */
  function number(at: number, end: number): number {
    const rest = text.slice(at, Math.min(end, at + 10))
    const found = escaped.exec(rest)
    if (!found) return -1
    const to = at + found[0].length
    const [, braced, unit, wide, byte, octal] = found
    if (byte !== undefined || octal !== undefined) {
      const code = byte !== undefined ? Number.parseInt(byte, 16) : Number.parseInt(octal!, 8) & 0xff
      flag |= tookAway
      put(letters[code] ?? code, 0, at, to)
      return to
    }
    let code = Number.parseInt((braced ?? unit ?? wide)!, 16)
    if (code >= 0xd800 && code < 0xdc00) {
      half = code
      return to
    }
    if (half > 0 && code >= 0xdc00 && code < 0xe000) code = 0x10000 + ((half - 0xd800) << 10) + code - 0xdc00
    half = 0
    // What was a quote or a backslash is none any more: it goes like one that was not escaped.
    if (code === 0x22 || code === 0x27 || code === 0x5c) {
      flag |= tookAway
      slash = -1
    } else if (code === 0x20 || code === 0x2b) put(0x20, maybePlus, at, to)
    else if (code < 0x20) put(letters[code] ?? code, tookAway, at, to)
    else putCode(code <= 0x10ffff ? code : 0xfffd, 0, at, to)
    return to
  }

  return {
    add(from: number, end: number): void {
      flag = half = 0
      slash = -1
      for (let at = from; at < end; ) {
        if (length + 8 > room) makeRoom((length + 8) * 2)
        const code = text.charCodeAt(at)
        if (
          slash >= 0 &&
          ((code >= 0x30 && code <= 0x37) || code === 0x75 || code === 0x55 || code === 0x78)
        ) {
          const past = number(at, end)
          if (past >= 0) {
            at = past
            continue
          }
        }
        if (code === 0x25) {
          percent.lastIndex = at
          const found = percent.exec(text)
          if (found && percent.lastIndex <= end) {
            take(Number.parseInt(found[1]!, 16), true, at, percent.lastIndex)
            at = percent.lastIndex
            continue
          }
        } else if (code === 0x26) {
          entity.lastIndex = at
          const found = entity.exec(text)
          if (found && entity.lastIndex <= end) {
            const [, name, decimal, hex] = found
            const named = name === undefined ? undefined : entities[name]
            const meant = named ?? (decimal ? Number(decimal) & 0xff : Number.parseInt(hex ?? '0', 16))
            take(meant, meant < 0x80, at, entity.lastIndex)
            at = entity.lastIndex
            continue
          }
        } else if (code === 0x2039 && text.slice(at, at + longestMark).includes('›')) {
          ownMark.lastIndex = at
          if (ownMark.test(text)) {
            at = ownMark.lastIndex
            continue
          }
        }
        if (code < 0x80) {
          if (code > 0x2b && code !== 0x5c) put(code, 0, at, at + 1)
          else take(code, false, at, at + 1)
          at++
        } else {
          const point = text.codePointAt(at)!
          const past = at + (point > 0xffff ? 2 : 1)
          putCode(point, 0, at, past)
          at = past
        }
      }
    },
    endLine(at: number): void {
      flag = 0
      slash = -1
      put(0x0a, 0, at, at + 1)
    },
    done: (): Decoded => ({
      text: bytes.toString('latin1', 0, length),
      flags: flags.slice(0, length),
      starts: starts.slice(0, length),
      ends: ends.slice(0, length),
    }),
  }
}

const escaped =
  /^(?:u(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-7]{3}))/
