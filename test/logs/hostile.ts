// A grammar of hostile text: random characters hardly ever make a whole control sequence, and never one in another.
import fc from 'fast-check'

const oneOf = (text: string) => fc.constantFrom(...text)
const plain = fc.stringMatching(/^[a-z0-9 =;:/]{0,8}$/)
const wide = fc.constantFrom('é', '停', '🙂', 'e\u0301', '\u0301'.repeat(12), '\ufe0f', '‹OSC›')
const invisible = fc.constantFrom(
  '\u202e',
  '\u2066',
  '\u200b',
  '\ufeff',
  '\u{e0041}',
  '\u00ad',
  '\u2028',
  '\u3164',
  '\u{e0100}',
)
const control = fc.integer({ min: 0, max: 31 }).map((code) => String.fromCharCode(code))
const c1 = fc.integer({ min: 0x7f, max: 0x9f }).map((code) => String.fromCharCode(code))
const invalid = fc.constantFrom('\udcff', '\udcc3', '\udce2\udc82', '\udc9b')
const csi = fc
  .tuple(fc.constantFrom('\x1b[', '\x9b'), fc.stringMatching(/^[0-9;:<=>?]{0,6}$/), oneOf('mKJHABhlnqxyz@~'))
  .map((parts) => parts.join(''))
const escapes = fc.constantFrom(
  '\x1bc',
  '\x1b7',
  '\x1b(B',
  '\x1b#8',
  '\x1b',
  '\x1b[',
  '\x1b]',
  '\x1bP',
  '\x1b ',
)
const ends = fc.constantFrom('\x07', '\x1b\\', '\x9c', '\x18', '\x1a', '', '\n', '\x1b')

const { text } = fc.letrec<{ text: string; part: string; string: string }>((tie) => ({
  string: fc
    .tuple(
      fc.constantFrom('\x1b]', '\x1bP', '\x1b_', '\x1b^', '\x1bX', '\x9d', '\x90', '\x9f', '\x9e', '\x98'),
      fc.constantFrom('', '0;', '8;;http://x', '52;c;'),
      tie('text'),
      ends,
    )
    .map((parts) => parts.join('')),
  part: fc.oneof(
    { depthSize: 'small' },
    { weight: 6, arbitrary: plain },
    { weight: 2, arbitrary: wide },
    { weight: 2, arbitrary: invisible },
    { weight: 2, arbitrary: control },
    { weight: 1, arbitrary: c1 },
    { weight: 2, arbitrary: invalid },
    { weight: 3, arbitrary: csi },
    { weight: 2, arbitrary: escapes },
    { weight: 2, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\b', '\t') },
    { weight: 3, arbitrary: tie('string') },
  ),
  text: fc.array(tie('part'), { maxLength: 8 }).map((parts) => parts.join('')),
}))

/** Text with control sequences of every form, nested, unterminated and broken; a lone surrogate U+DCxx stands for the byte xx. */
export function hostile(): fc.Arbitrary<string> {
  return text
}

/** The bytes of such a text. */
export function bytesIn(value: string): Buffer {
  return Buffer.concat(
    [...value].map((character) => {
      const code = character.codePointAt(0)!
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character)
    }),
  )
}

/** Text or bytes in pieces of these lengths, and the rest. */
export function pieces<T extends string | Uint8Array>(whole: T, lengths: readonly number[]): T[] {
  const found: T[] = []
  let at = 0
  for (const length of lengths) {
    found.push(whole.slice(at, at + length) as T)
    at += length
  }
  return [...found, whole.slice(at) as T]
}
