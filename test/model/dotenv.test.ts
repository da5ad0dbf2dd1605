import { execFileSync } from 'node:child_process'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dotenvDuplicates,
  dotenvValues,
  editDotenv,
  parseDotenv,
  quoteDotenv,
} from '../../src/model/dotenv.ts'
import { maskDotenv } from '../../src/model/dotenvMask.ts'

const runs = process.env.SITREP_FULL ? 5000 : 300
const values = (text: string) => Object.fromEntries(dotenvValues(text))

/** What dash makes of a file, read with `set -a; . file`. */
function asShell(text: string, key: string): string {
  return execFileSync('sh', ['-c', 'eval "$(cat)"; printf %s "$' + key + '"'], {
    input: text,
    encoding: 'utf8',
    env: {},
  })
}

describe('reading', () => {
  it.each([
    ['A=1\nB = two words \n', { A: '1', B: 'two words' }],
    ['export A=1 # why', { A: '1' }],
    ['A=a#b\nB=#c\nC= # d\n', { A: 'a#b', B: '', C: '' }],
    ['A="x # y" # z\n', { A: 'x # y' }],
    [`A='it''s'\n`, { A: `it''s` }],
    [`A='single \\n'\nB="double\\nline"\n`, { A: 'single \\n', B: 'double\nline' }],
    ['KEY="-----BEGIN\nabc\n-----END"\nB=2\n', { KEY: '-----BEGIN\nabc\n-----END', B: '2' }],
    ['KEY="a\r\nb"\r\nB=2\r\n', { KEY: 'a\nb', B: '2' }],
    ['A="never closed\nB=2\n', { A: '"never closed', B: '2' }],
    ['A=`back tick`\n', { A: 'back tick' }],
    ['A={"json":"x y"}\n', { A: '{"json":"x y"}' }],
    ['# A=1\n\n  B=2', { B: '2' }],
    ['\uFEFFA=1\n', { A: '1' }],
    ['A=1\nA=2\n', { A: '2' }],
    ['not an assignment\n=x\n1A=x\n', {}],
  ])('%j', (text, wanted) => {
    expect(values(text)).toEqual(wanted)
  })

  it('knows lines and duplicates', () => {
    const text = 'A=1\nK="x\ny"\nA=2\nB=3\n'
    expect(parseDotenv(text).map(({ key, line }) => [key, line])).toEqual([
      ['A', 1],
      ['K', 2],
      ['A', 4],
      ['B', 5],
    ])
    expect(dotenvDuplicates(text)).toEqual([{ key: 'A', lines: [1, 4] }])
  })
})

describe('editing', () => {
  it('keeps comments, order, export, blanks and the comment behind a value', () => {
    const text = '# Core\nexport DB_HOST = old # the replica\n\nPORT=3002\n# end\n'
    expect(
      editDotenv(text, [
        { key: 'DB_HOST', value: 'new host' },
        { key: 'NEW', value: '' },
      ]).text,
    ).toBe("# Core\nexport DB_HOST = 'new host' # the replica\n\nPORT=3002\n# end\nNEW=\n")
  })

  it('keeps CRLF and a missing final newline', () => {
    expect(
      editDotenv('A=1\r\nB=2', [
        { key: 'A', value: '3' },
        { key: 'C', value: '4' },
      ]).text,
    ).toBe('A=3\r\nB=2\r\nC=4')
    expect(editDotenv('', [{ key: 'A', value: '1' }]).text).toBe('A=1\n')
  })

  it('edits the last of several lines and says so; removes them all', () => {
    const text = 'A=1\nB=2\nA=3\n'
    expect(editDotenv(text, [{ key: 'A', value: '9' }])).toEqual({
      text: 'A=1\nB=2\nA=9\n',
      notes: ['A stands on lines 1, 3; the last one counts and was edited'],
    })
    expect(editDotenv(text, [{ key: 'A', value: null }]).text).toBe('B=2\n')
  })

  it('replaces and removes values that span lines', () => {
    const text = 'K="a\nb" # key\nB=2\n'
    expect(editDotenv(text, [{ key: 'K', value: 'c' }]).text).toBe('K=c # key\nB=2\n')
    expect(editDotenv(text, [{ key: 'K', value: null }]).text).toBe('B=2\n')
    expect(editDotenv('B=2\n', [{ key: 'K', value: 'x\ny' }]).text).toBe("B=2\nK='x\ny'\n")
  })

  it('touches nothing where the value is the same, whatever its quotes', () => {
    expect(
      editDotenv(`A = "1"\nB='x' # c\n`, [
        { key: 'A', value: '1' },
        { key: 'B', value: 'x' },
      ]).text,
    ).toBe(`A = "1"\nB='x' # c\n`)
  })

  it('refuses where an open quote would swallow the new line', () => {
    expect(() => editDotenv('A="open\n', [{ key: 'B', value: '"\n' }])).toThrow(/quote left open/)
  })

  it('says where no quoting holds a value, and where parsers disagree', () => {
    expect(() => quoteDotenv('A', '\'"` #')).toThrow(/no quoting holds it/)
    expect(quoteDotenv('A', `it's`)).toEqual({ text: `"it's"`, disagree: false })
    expect(quoteDotenv('A', `it's $5`).disagree).toBe(true)
    expect(editDotenv('', [{ key: 'A', value: `it's "5"` }]).notes).toEqual([
      'parsers of .env files disagree on the quotes that A needs; written for dotenv',
    ])
  })

  const value = fc.string({
    unit: fc.constantFrom(
      'a',
      'B',
      '1',
      ' ',
      '"',
      "'",
      '`',
      '\\',
      '$',
      '#',
      '=',
      '\n',
      '%',
      '~',
      '{',
      'é',
      '!',
    ),
    maxLength: 12,
  })
  const line = fc.oneof(
    fc.constantFrom(
      '# comment',
      '',
      'export X=1',
      'Y="a b" # c',
      "Z='q'",
      'W=',
      'V="m\nn"',
      'not one',
      'K=old',
      'export K="older" # mine',
    ),
  )

  it('property: a value that was set reads back, and every other line stays', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        value,
        (lines, eol, final, wanted) => {
          const text = lines.join('\n').replaceAll('\n', eol) + (final && lines.length > 0 ? eol : '')
          let edited: string
          try {
            edited = editDotenv(text, [{ key: 'K', value: wanted }]).text
          } catch {
            fc.pre(false)
            return
          }
          expect(dotenvValues(edited).get('K')).toBe(wanted)
          const others = (all: Map<string, string>) => [...all].filter(([key]) => key !== 'K')
          expect(others(dotenvValues(edited))).toEqual(others(dotenvValues(text)))
          expect(editDotenv(edited, [{ key: 'K', value: wanted }]).text).toBe(edited)
          if (!text.includes('K=')) expect(edited.startsWith(text)).toBe(true)
        },
      ),
      { numRuns: runs },
    )
  })

  it('property: the forms that all agree on read the same in Node, in sh and here', () => {
    fc.assert(
      fc.property(value, (wanted) => {
        fc.pre(wanted !== '' && !wanted.includes("'") && !wanted.endsWith('\\'))
        const quoted = quoteDotenv('K', wanted)
        expect(quoted.disagree).toBe(false)
        const text = `K=${quoted.text}\n`
        expect(dotenvValues(text).get('K')).toBe(wanted)
        expect(parseEnv(text).K).toBe(wanted)
        expect(asShell(text, 'K')).toBe(wanted)
      }),
      { numRuns: process.env.SITREP_FULL ? 500 : 60 },
    )
    expect(asShell(`K=${quoteDotenv('K', `it's`).text}\n`, 'K')).toBe(`it's`)
  })
})

describe('masking', () => {
  const secret = (key: string) => key === 'DB_PASSWORD'

  it('shows a secret as its name, also where it is commented out, and that it changed', () => {
    const text = '#DB_PASSWORD=older\nexport DB_PASSWORD="p w" # keep\nPORT=1\n'
    expect(maskDotenv(text, secret)).toBe(
      '#DB_PASSWORD=‹secret:DB_PASSWORD›\nexport DB_PASSWORD=‹secret:DB_PASSWORD› # keep\nPORT=1\n',
    )
    expect(maskDotenv(text, secret, new Set(['DB_PASSWORD']))).toContain(
      '\nexport DB_PASSWORD=‹secret:DB_PASSWORD changed› # keep',
    )
  })

  it('property: no value of a secret key is left', () => {
    const word = fc.stringMatching(/^[a-z0-9]{8,12}$/)
    fc.assert(
      fc.property(
        word,
        fc.constantFrom('', '"', "'", '`'),
        fc.constantFrom('', '# ', 'export '),
        (hidden, quote, before) => {
          const text = `A=1\n${before}DB_PASSWORD=${quote}${hidden}${quote}\nDB_PASSWORD=${quote}${hidden}${quote} # x\n`
          expect(maskDotenv(text, secret)).not.toContain(hidden)
        },
      ),
      { numRuns: runs },
    )
  })
})
