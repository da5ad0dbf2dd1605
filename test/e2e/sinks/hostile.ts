// Text that tries to drive a terminal, and a look at what reached one.
import { readFileSync } from 'node:fs'

const controls = [
  '\u001b]0;PWNED\u0007',
  '\u001b]52;c;UFdORUQ=\u0007',
  '\u001b]8;;http://pwned.example/\u001b\\link\u001b]8;;\u001b\\',
  '\u001bP+q544e\u001b\\',
  '\u001b_Gpwned\u001b\\',
  '\u001b^pwned\u001b\\',
  '\u001bXpwned\u001b\\',
  '\u001bc',
  '\u001b[7777;7777H',
  '\u001b[7777A',
  '\u001b[77J',
  '\u001b[?9001h',
  '\u001b[8m',
  '\u001b[38;5;199m',
  '\u009b7777H',
  '\u009d0;PWNED\u009c',
  '\u0090q\u009c',
  '\u0005\u0007\b\u000b\u000e\u007f',
  '\u202e\u2066\u200b\ufeff\u{e0041}',
]

/** All of it in one line, with words before and after it that are to be seen. */
export const hostile = `before ${controls.join('')} after`

/** The same for the name of a file: without a slash. */
export const hostileName = 'n\u001b]0;PWNED\u0007\u009b7777H\u202em'

/** A shell command that prints it, bytes as they are, to stdout or stderr. */
export function printing(text: string, o: { to?: 'stderr' } = {}): string {
  const octal = [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  return `printf '${octal}\\n'${o.to === undefined ? '' : ' >&2'}`
}

/** JSON, which is YAML too, with everything beyond printable ASCII escaped: YAML itself takes no control characters as they are. */
export function escapedJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** What sitrep itself writes to a terminal: it moves by few rows, clears, colours from its own theme, and a few modes. */
const ours =
  /\u001b\[(?:\?(?:25|1049|2004|2026)[hl]|\d{0,3}(?:;\d{1,3})?[A-H]|[012]?[JK]|(?:\d{1,2}(?:;\d{1,2})*)?m)/g
/** Hidden text is a colour that is never ours. */
const hidden = /\u001b\[(?:\d+;)*8(?:;\d+)*m/g
const foreign =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}][^\n]{0,20}/gu

/** What of the bytes that a terminal got is not ours: control characters, sequences, and what is not seen. */
export function foreignIn(raw: string): string[] {
  const found = [...(raw.match(hidden) ?? []), ...(raw.replace(ours, '').match(foreign) ?? [])]
  return found.slice(0, 20).map((part) => JSON.stringify(part))
}

/** The same of a file with what a terminal got. */
export function foreignInFile(path: string): string[] {
  return foreignIn(readFileSync(path, 'utf8'))
}
