import { describe, expect, it } from 'vitest'
import { parseSource, sourceLimits } from '../../src/model/source.ts'

const told = (text: string | Uint8Array) =>
  parseSource(text, 'f.yaml').findings.map(
    ({ at, level, message }) => `${at.line}:${at.column} ${level}: ${message}`,
  )

describe('fault 48: hostile and careless YAML gets a clear message within a second', () => {
  const keys = Array.from({ length: 40_000 }, (_, i) => `k${i}: 1`).join('\n')
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...[...'bcdefgh'].map((c, i) => `${c}: &${c} [${Array(7).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
  ].join('\n')
  const cases: [string, string, RegExp][] = [
    ['an alias bomb', bomb, /too many values/],
    ['many aliases', `a: &a x\nb: [${Array(60).fill('*a').join(',')}]`, /more than 50 aliases/],
    ['an alias that holds itself', 'a: &a [*a]', /nested deeper than 32/],
    ['20,000 levels in brackets', '['.repeat(20_000), /nested deeper than 32/],
    ['20,000 levels in dashes', `${'- '.repeat(20_000)}x`, /nested deeper than 32/],
    [
      'deep indentation',
      Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /nested deeper than 32/,
    ],
    ['40,000 keys', keys, /more than 5000 keys/],
    ['a large file', `a: "${'x'.repeat(sourceLimits.bytes)}"`, /at most 524288 are read/],
    ['duplicate keys', 'a: 1\nb: 2\na: 3', /^3:1 error: the key "a" stands here a second time$/],
    ['%YAML 1.1', '%YAML 1.1\n---\na: no\n', /^1:1 error: %YAML 1.1 is not read/],
    ['012', 'a:\n  - 012', /^2:5 warning: 012 is read as the number 12; put quotes/],
    ['1.10', 'v: 1.10', /^1:4 warning: 1.10 is read as the number 1.1; put quotes/],
    ['two documents', 'a: 1\n---\nb: 2', /more than one document/],
    ['a tag', 'a: !!js/function x', /^1:4 error: Unresolved tag/],
    ['a control character', 'a: "\u001b[2J"', /^1:5 error: the control character U\+001B/],
    ['a key that is a list', '? [a]\n: 1', /a key must be text/],
    ['__proto__', '__proto__: { x: 1 }', /this key is not allowed/],
    ['an alias without an anchor', 'a: *b', /^1:4 error/],
    ['a tab', 'a:\n\tb: 1', /a tab can not indent/],
    ['much of everything', '"'.repeat(500_000), /too many values/],
    ['many mistakes', '"'.repeat(39_000), /error/],
  ]
  it.each(cases)('%s', (_, text, message) => {
    const start = performance.now()
    const findings = told(text)
    expect(performance.now() - start).toBeLessThan(1000)
    expect(findings.join('\n')).toMatch(message)
    expect(findings.length).toBeLessThanOrEqual(sourceLimits.findings)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(told(Uint8Array.of(0x61, 0x3a, 0x20, 0xff))).toEqual(['1:1 error: the file is not valid UTF-8'])
  })
})

describe('positions', () => {
  const source = parseSource(
    '# c\na:\n  - b: "x {{ params.y }}"\n    c: &k { d: 1 }\ne: *k\nf: |\n  one\n  {{ params.z }}\ng:\n',
    'f.yaml',
  )
  const at = ({ line, column }: { line: number; column: number }) => `${line}:${column}`

  it('tells where a value, a key and a piece of a text stand', () => {
    expect(source.findings).toEqual([])
    expect(at(source.locate(['a', 0, 'b']))).toBe('3:8')
    expect(at(source.locateKey(['a', 0, 'b']))).toBe('3:5')
    expect(at(source.locateIn(['a', 0, 'b'], '{{ params.y }}'))).toBe('3:11')
    expect(at(source.locateIn(['f'], '{{ params.z }}'))).toBe('8:3')
  })

  it('follows aliases, and takes the nearest enclosing value for what is not there', () => {
    expect(at(source.locate(['e', 'd']))).toBe('4:16')
    expect(at(source.locate(['a', 0, 'c', 'nothing', 'here']))).toBe('4:11')
    expect(at(source.locate(['g']))).toBe('9:1')
    expect(at(source.locate(['none']))).toBe('2:1')
  })

  it('reads a byte order mark and CRLF', () => {
    const windows = parseSource('\uFEFFa: 1\r\nb: 2\r\nb: 3\r\n', 'f.yaml')
    expect(windows.value).toEqual({ a: 1, b: 2 })
    expect(windows.findings[0]?.at).toEqual({ file: 'f.yaml', line: 3, column: 1 })
  })
})
