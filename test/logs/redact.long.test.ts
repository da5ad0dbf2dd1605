import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/logs/redact.ts'
import { pieces } from './hostile.ts'
import { testSecrets } from './secrets.ts'

/** What comes out for text in these chunks, with these values registered. */
function redacted(text: string, initial: Record<string, string> = {}, cuts: readonly number[] = []): string {
  const stream = createRedactor(testSecrets(initial)).stream()
  const out = pieces(text, cuts).map((piece) => stream.push(piece))
  return out.join('') + stream.end()
}

const long = (length: number) => 'Q7x'.repeat(Math.ceil(length / 3)).slice(0, length)

/** How secrets of any length are printed: what stands before, the secret, and what is shown behind it. */
const prints: [string, (secret: string) => string, RegExp][] = [
  ['a JWT', (secret) => `a eyJ${secret}.${secret}.c end`, /‹redacted:jwt›.* end$/],
  ['KEY=value', (secret) => `a DB_PASSWORD=${secret} end`, /DB_PASSWORD=‹redacted:value› end$/],
  ['a quoted value', (secret) => `{"password":"${secret}\\" ${secret}","n":1} end`, /,"n":1} end$/],
  ['an escaped quoted value', (secret) => `{\\"password\\":\\"${secret}\\",\\"n\\":1} end`, /n\\":1} end$/],
  ['an option', (secret) => `mysql --password ${secret} end`, /‹redacted:value› end$/],
  ['a header', (secret) => `"Authorization: Basic ${secret}" end`, /" end$/],
  ['bearer', (secret) => `with bearer ${secret} end`, /‹redacted:bearer› end$/],
  ['cookies', (secret) => `Cookie: a=${secret}; b=${secret}`, /Cookie: (?:a=)?‹redacted:cookie›/],
  ['a token', (secret) => `a ghp_${secret} end`, /‹redacted:github-token› end$/],
  ['a URL', (secret) => `postgres://core:${secret}@db/core`, /postgres:\/\/core:‹/],
  [
    'a key in one line',
    (secret) => `a -----BEGIN PRIVATE KEY-----\\n${secret}\\n-----END PRIVATE KEY-----\\n end`,
    /‹redacted:private-key›.* end$/,
  ],
]

describe('a secret that is longer than what is held', () => {
  for (const [name, print, behind] of prints) {
    it.each([100, 20_000, 60_000, 65_536, 70_000, 200_000])(
      `fault 24: ${name}, of %i characters`,
      (length) => {
        const line = print(long(length))
        // Behind other text in the same line too, so that it begins and ends anywhere in a part.
        for (const before of ['', 'x '.repeat(20_000), 'x '.repeat(24_500), 'y '.repeat(32_700)]) {
          const text = `first\n${before}${line}\nlast\n`
          const whole = redacted(text)
          expect(whole.includes('Q7xQ7x')).toBe(false)
          expect(whole.startsWith('first\n')).toBe(true)
          expect(whole.endsWith('\nlast\n')).toBe(true)
          expect(whole.split('\n')[1]!.slice(-200)).toMatch(behind)
          expect(redacted(text, {}, [7, 65_530, 3, 1, 40_000]) === whole).toBe(true)
        }
      },
    )
  }

  it.each([3000, 5000, 70_000])('a registered value of %i characters, in one line and in many', (length) => {
    const next = (n: number) => `${(n * 2_654_435_761) % 4_294_967_296}`
    const one = Array.from({ length: length / 8 }, (_, n) => next(n))
      .join('x')
      .slice(0, length)
    const many = one.replace(/.{64}/g, '$&\n')
    for (const value of [one, many]) {
      for (const printed of [value, JSON.stringify(value), Buffer.from(value).toString('base64')]) {
        const text = `a ${printed}\nb\n`
        const whole = redacted(text, { KEY: value })
        expect(whole.length).toBeLessThan(200 + length / 20)
        expect(whole).toMatch(/^a "?‹secret:KEY›/)
        expect(whole).toMatch(/\nb\n$/)
        expect(redacted(text, { KEY: value }, [70_000, 1, 2000]) === whole).toBe(true)
      }
    }
  })
})

describe('base64 that is printed in lines', () => {
  const value = 'correct horse battery staple, and some more of it'
  const text = Buffer.from(`user:${value}:x`).toString('base64')
  const forms: Record<string, string> = {
    'of 76': text.replace(/.{76}/g, '$&\n'),
    'of 64': text.replace(/.{64}/g, '$&\n'),
    'of 20': text.replace(/.{20}/g, '$&\n'),
    'of 20, indented': text.replace(/.{20}/g, '$&\n    '),
    'of 20, by tabs': text.replace(/.{20}/g, '$&\n\t\t'),
    'of 5': text.replace(/.{5}/g, '$&\n'),
  }
  it.each(Object.keys(forms))('fault 25: %s characters', (form) => {
    const printed = `a ${forms[form]}\nb\n`
    const whole = redacted(printed, { S: value })
    expect(whole).toContain('‹secret:S›')
    for (const part of Buffer.from(value).toString('base64').match(/.{6}/g)!)
      expect(whole).not.toContain(part)
    for (const cut of [3, 10, 22, 23, 24, 30, 60])
      expect(redacted(printed, { S: value }, [cut, 1, 1])).toBe(whole)
  })

  it('ends of lines that look like it are let go at once', () => {
    const stream = createRedactor(testSecrets({ S: value })).stream()
    expect(stream.push('completed\nnext line\n')).toBe('completed\nnext line\n')
  })
})
