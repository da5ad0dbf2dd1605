import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forbiddenPattern } from '../../src/logs/codepoints.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { createRing } from '../../src/logs/ring.ts'
import { bytesIn, hostile } from './hostile.ts'
import { testSecrets } from './secrets.ts'

function linesOf(chunks: readonly (string | Uint8Array)[], o?: { longest?: number }): string[] {
  const lines: string[] = []
  const sink = createPipe(testSecrets({ T: 's3cr3t-value' })).lines((line) => lines.push(line), o)
  for (const chunk of chunks) sink.push(Buffer.from(chunk))
  sink.end()
  return lines
}

describe('the pipe', () => {
  it('gives clean lines over any chunking', () => {
    expect(linesOf(['a\n\nb s3cr', '3t-value\x1b[3', '1m c\r\nlast'])).toEqual([
      'a',
      '',
      'b ‹secret:T› c',
      'last',
    ])
    expect(linesOf([])).toEqual([])
  })

  it('cuts long lines after redaction, with their length told', () => {
    const [line] = linesOf([`${'x'.repeat(95)}s3cr3t-value${'y'.repeat(100)}\n`], { longest: 100 })
    expect(line).toBe(`${'x'.repeat(95)}‹secr‹cut: 205 characters in all›`)
    expect(linesOf([`${'🙂'.repeat(10)}\n`], { longest: 5 })).toEqual(['🙂🙂‹cut: 20 characters in all›'])
    expect(linesOf(['12345\n', '123456'], { longest: 5 })).toEqual([
      '12345',
      '12345‹cut: 6 characters in all›',
    ])
  })

  it('cleans a JSON value to its depths: keys, values, and values of telling keys', () => {
    const pipe = createPipe(testSecrets({ T: 's3cr3t-value' }))
    const value = {
      'a\x1b[31m': ['s3cr3t-value', 1, null, true],
      env: { DB_PASSWORD: 'hunter2', DB_HOST: 'db', JWT_PRIVATE_KEY_FILE: 'k.pem' },
      headers: { Authorization: 'Bearer x', Accept: '*/*' },
      secrets: { CORE_TOKEN: { secret: 'CORE_TOKEN' } },
      edits: [
        { key: 'DB_PASSWORD', value: 'hunter2' },
        { key: 'PORT', value: '1' },
      ],
      __proto__x: 'a\u202e',
    }
    expect(pipe.deep(value)).toEqual({
      a: ['‹secret:T›', 1, null, true],
      env: { DB_PASSWORD: '‹redacted:value›', DB_HOST: 'db', JWT_PRIVATE_KEY_FILE: 'k.pem' },
      headers: { Authorization: '‹redacted:value›', Accept: '*/*' },
      secrets: { CORE_TOKEN: { secret: 'CORE_TOKEN' } },
      edits: [
        { key: 'DB_PASSWORD', value: '‹redacted:value›' },
        { key: 'PORT', value: '1' },
      ],
      __proto__x: 'a‹U+202E›',
    })
    expect(pipe.deep(pipe.deep(value))).toEqual(pipe.deep(value))
  })

  it('hides values that begin with a mark which is not one of a secret', () => {
    const pipe = createPipe(testSecrets())
    expect(pipe.deep({ password: 'old\rhunter2', token: '\u200bhunter2', secret: '‹secret:A›' })).toEqual({
      password: '‹redacted:value›',
      token: '‹redacted:value›',
      secret: '‹secret:A›',
    })
    expect(pipe.text('{"password":"\u200bhunter2"}')).toBe('{"password":"‹redacted:value›"}')
  })

  it('gives a whole output as text', () => {
    expect(createPipe(testSecrets()).bytes(Buffer.from('a\x1b[1mb\n\xffc'))).toBe('ab\nÿc')
  })

  it('the property of both: neither control characters nor the secret come out, in whatever is around it', () => {
    fc.assert(
      fc.property(hostile(), hostile(), (before, after) => {
        const lines = linesOf([bytesIn(`${before}\n`), 's3cr3t-value', bytesIn(`\n${after}`)])
        const text = lines.join('\n')
        expect(text).not.toContain('s3cr3t-value')
        expect(text.match(forbiddenPattern())).toBeNull()
        expect(text).toContain('‹secret:T›')
      }),
      { numRuns: process.env.SITREP_FULL ? 20_000 : 500 },
    )
  })
})

describe('the ring', () => {
  it('keeps the last lines, counts all, and stays the same array until something changes', () => {
    const ring = createRing(3)
    expect(ring.lines()).toEqual([])
    for (let n = 0; n < 5; n++) ring.push({ at: 'now', text: `${n}`, stream: 'stdout' })
    expect(ring.lines().map(({ seq, text }) => [seq, text])).toEqual([
      [2, '2'],
      [3, '3'],
      [4, '4'],
    ])
    expect(ring.lines()).toBe(ring.lines())
    expect(ring.total()).toBe(5)
    expect(ring.pick([1, 3, 4, 9]).map(({ text }) => text)).toEqual(['3', '4'])
    const version = ring.version()
    ring.push({ at: 'now', text: '5', stream: 'stderr' })
    expect(ring.version()).not.toBe(version)
  })
})
