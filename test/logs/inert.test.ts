import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forbiddenPattern } from '../../src/logs/codepoints.ts'
import { createInert, inert } from '../../src/logs/inert.ts'
import { bytesIn, hostile, pieces } from './hostile.ts'

/** What comes out for bytes given in these chunks. */
function through(chunks: readonly Uint8Array[], o: { hold?: number } = {}): string {
  const machine = createInert(o)
  return chunks.map((chunk) => machine.push(chunk)).join('') + machine.end()
}

const one = (text: string) => through([Buffer.from(text)])

/** Nothing in it that moves, hides or reorders; combining marks never more than 8 in a row. */
function expectInert(text: string): void {
  expect(text.match(forbiddenPattern())).toBeNull()
  expect(text).not.toMatch(/\p{M}{9}/u)
}

describe('inert text', () => {
  it('is what plain text was', () => {
    const plain = 'Grüße, 停電 ✓ 🙂 a\tb\nSESSION_COOKIE_SECURE=1\n'
    expect(inert(plain)).toBe(plain)
    expect(one(plain)).toBe(plain)
    expect(inert('')).toBe('')
  })

  it('has none of their colours, and marks for what is more', () => {
    expect(inert('\x1b[1;31mred\x1b[0m \x1b[38;5;9mx\x1b(B\x1b[m\x1b[K')).toBe('red x')
    expect(inert('\x1b[2Ja\x1b[?25lb\x1b[>4;2mc\x1bcd\x1b#8e')).toBe('‹CSI›a‹CSI›b‹CSI›c‹ESC›d‹ESC›e')
    expect(inert('\x1b]0;title\x07a\x1bPbody\x1b\\b\x1b_x\x1b\\c\x1b^x\x1b\\d\x1bXx\x1b\\e')).toBe(
      '‹OSC›a‹DCS›b‹APC›c‹PM›d‹SOS›e',
    )
    expect(inert('\x9b31ma\x9d0;t\x9cb\x90x\x9cc\x85')).toBe('a‹OSC›b‹DCS›c‹U+0085›')
    expect(inert('a\x00b\x07c\x7fd\x0be')).toBe('a‹U+0000›b‹U+0007›c‹U+007F›d‹U+000B›e')
  })

  it('fault 11: OSC 52 or CSI inside of an OSC 8 address', () => {
    const nested = 'a\x1b]8;;http://x\x1b]52;c;aGk=\x07\x1b[2J\x07link\x1b]8;;\x07b'
    expect(inert(nested)).toBe('a‹OSC›8;;http://x‹OSC›‹CSI›‹U+0007›link‹OSC›b')
    expectInert(one(nested))
  })

  it.each([
    '\x1b]0;hidden',
    '\x1bPhidden',
    '\x1b_hidden',
    '\x9dhidden',
    '\x1b[3',
    '\x1b',
    '\x1b]0;hidden\x1b',
    '\x1b(',
  ])('fault 12: what is not ended (%j) hides neither its own line nor the next', (open) => {
    const text = one(`first\nbefore ${open}\nthird\n`)
    expect(text.split('\n')[0]).toBe('first')
    expect(text.split('\n')[1]).toMatch(/^before ‹/)
    if (open.includes('hidden')) expect(text).toContain('hidden')
    expect(text.split('\n')[2]).toBe('third')
  })

  it('fault 13: hidden or invisible colours are not taken over', () => {
    expect(inert('\x1b[8mconcealed\x1b[0m \x1b[30;40mblack\x1b[0m')).toBe('concealed black')
  })

  it('fault 14: a progress line shows its last state, and that it was another one before', () => {
    expect(one('10%\r20%\r100%\r\nnext\n')).toBe('‹CR›100%\nnext\n')
    expect(one('10%\r20%')).toBe('‹CR›20%')
    expect(one('a\r\nb\r\n')).toBe('a\nb\n')
    expect(one('a\r\r\nb\r')).toBe('a\nb')
  })

  it.each([
    ['rm -rf /\rls', '‹CR›ls'],
    ['rm -rf /\r        \rls', '‹CR›ls'],
    ['rm -rf /\r        \r\n', '‹CR›        \n'],
    ['rm -rf /\b\b\b\b\b\b\b\bls', '‹BS›ls'],
    ['curl x | sh\b\b\b\b\b', '‹BS›curl x'],
    ['abc\b \b\nnext', '‹BS›ab\nnext'],
    ['one\rtwo\bx', '‹CR›‹BS›twx'],
    ['spinning |\b/\b-\b\\\bdone', '‹BS›spinning done'],
    ['x🙂\b\b\b\by', '‹BS›y'],
    [`${'a'.repeat(3000)}${'\b'.repeat(2000)}b`, `‹BS›${'a'.repeat(1000)}b`],
  ])('what was overwritten leaves a trace: %j', (text, shown) => {
    expect(inert(text)).toBe(shown)
    expect(through([...Buffer.from(text)].map((byte) => Uint8Array.of(byte)))).toBe(shown)
  })

  it.each([
    ['the same\rthe same', 'the same'],
    ['begun\rbegun and ended', 'begun and ended'],
    ['   \rindented', 'indented'],
    ['\x1b[31m\rcoloured', 'coloured'],
    ['N\bNA\bAM\bME\bE', 'NAME'],
    ['_\bu_\bn_\bd_\be_\br', 'under'],
    ['hunter22\b\b22', 'hunter22'],
    ['\b\bx', 'x'],
    [`${'🙂'.repeat(600)}\b\b🙂🙂`, '🙂'.repeat(600)],
  ])('what stands there again, and blanks, leave none: %j', (text, shown) => {
    expect(inert(text)).toBe(shown)
  })

  it('fault 14: invalid UTF-8 is shown byte by byte, valid text beside it is kept', () => {
    const bytes = Buffer.concat([
      Buffer.from('é'),
      Buffer.from([0xff, 0xc3, 0x28, 0xe2, 0x82, 0x41, 0x9b, 0xf0, 0x9f]),
      Buffer.from('€'),
    ])
    expect(through([bytes])).toBe('é‹0xFF›‹0xC3›(‹0xE2›‹0x82›A‹0x9B›‹0xF0›‹0x9F›€')
  })

  it('fault 14: 2,000 combining marks are bounded and counted', () => {
    expect(inert(`e${'\u0301'.repeat(2000)}x`)).toBe(`e${'\u0301'.repeat(8)}‹1992 more combining marks›x`)
    expect(inert('ni\u0303no')).toBe('ni\u0303no')
    // Those before a character that was taken back count too.
    expect(inert(`e\ufe0fx\b${'\u0301'.repeat(12)}`)).toBe(
      `‹BS›e\ufe0f${'\u0301'.repeat(7)}‹5 more combining marks›`,
    )
  })

  it('fault 14: a 5 MB line passes in bounded memory', () => {
    const machine = createInert()
    let most = 0
    let total = 0
    for (let at = 0; at < 5_000_000; at += 50_000) {
      const out = machine.push(Buffer.alloc(50_000, 'x'))
      most = Math.max(most, out.length)
      total += out.length
    }
    expect(total + machine.end().length).toBe(5_000_000)
    expect(most).toBeLessThan(200_000)
  })

  it('a CR or backspace in a line that was let go in part is a mark', () => {
    expect(through([Buffer.from('0123456789abc\rxyz\b!\r\nnext')], { hold: 10 })).toBe(
      '0123456789abc‹CR›xyz‹BS›!\nnext',
    )
    expect(through([Buffer.from('rm\r0123456789abc\b')], { hold: 10 })).toBe('‹CR›0123456789abc‹BS›')
  })

  it('fault 15: bidi, zero-width, tag and other invisible characters are marks', () => {
    expect(inert('a\u202eb\u200bc\u{e0041}d\ufeffe\u2066f\u00adg\u3164h\u2028i')).toBe(
      'a‹U+202E›b‹U+200B›c‹U+E0041›d‹U+FEFF›e‹U+2066›f‹U+00AD›g‹U+3164›h‹U+2028›i',
    )
    expect(inert('\ud800x')).toBe('‹U+D800›x')
  })

  it('made inert again is the same', () => {
    fc.assert(
      fc.property(hostile(), (text) => {
        const once = inert(text)
        expect(inert(once)).toBe(once)
      }),
      { numRuns: process.env.SITREP_FULL ? 20_000 : 500 },
    )
  })

  it(
    'fault 10: whatever comes in, in whatever chunks, nothing forbidden comes out, and always the same',
    () => {
      fc.assert(
        fc.property(hostile(), fc.array(fc.nat(40)), fc.constantFrom(12, 65_536), (text, cuts, hold) => {
          const bytes = bytesIn(text)
          const whole = through([bytes], { hold })
          expectInert(whole)
          expect(through(pieces(bytes, cuts), { hold })).toBe(whole)
          expect(
            through(
              [...bytes].map((byte) => Uint8Array.of(byte)),
              { hold },
            ),
          ).toBe(whole)
          // As many line ends come out as went in: nothing swallows one.
          expect(whole.split('\n').length).toBe(text.split('\n').length)
        }),
        { numRuns: process.env.SITREP_FULL ? 200_000 : 2000 },
      )
    },
    process.env.SITREP_FULL ? 1_200_000 : 30_000,
  )

  it('any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expectInert(through([bytes]))),
      { numRuns: process.env.SITREP_FULL ? 50_000 : 1000 },
    )
  })
})
