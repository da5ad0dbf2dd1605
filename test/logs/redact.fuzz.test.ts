import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPipe } from '../../src/logs/pipe.ts'
import { bytesIn, hostile, pieces } from './hostile.ts'
import { testSecrets } from './secrets.ts'

// A grammar of lines that leak: random text hardly ever has a name, a separator and a value in a row.
const value = fc.stringMatching(/^[A-Za-z0-9]{4}7Kq[A-Za-z0-9]{6,40}$/)
const name = fc.constantFrom(
  'password',
  'DB_PASSWORD',
  'apiKey',
  'client-secret',
  'GITHUB_TOKEN_2',
  'x.api.secret',
  'dbpasswd',
)
const leak = fc.oneof(
  fc.tuple(name, value).map(([n, v]) => ({ text: `${n}=${v}`, v })),
  fc.tuple(name, value).map(([n, v]) => ({ text: `"${n}":"${v}"`, v })),
  fc.tuple(name, value).map(([n, v]) => ({ text: `{\\"${n}\\": \\"a b ${v}\\"}`, v })),
  fc.tuple(name, value).map(([n, v]) => ({ text: `${n} => '${v}'`, v })),
  value.map((v) => ({ text: `--password ${v}`, v })),
  value.map((v) => ({ text: `Authorization: Bearer ${v}`, v })),
  value.map((v) => ({ text: `"cookie":"sid=${v}; b=${v}"`, v })),
  value.map((v) => ({ text: `curl -s -u ana:${v} http://x`, v })),
  value.map((v) => ({ text: `amqp://core:${v}@mq:5672/`, v })),
  value.map((v) => ({ text: `core:${v}@tcp(db:3306)/core`, v })),
  value.map((v) => ({ text: `eyJ${v}.${v}.${v}`, v })),
  value.map((v) => ({ text: `xoxb-${v}`, v })),
  value.map((v) => ({ text: `ghp_${v}${v}`, v })),
)
const secrets = {
  A: 's3cr3t-value',
  B: 'p@ss/w\'o"r d+$x\\é',
  C: 'first-line-of-it\nsecond-line-abcdefgh\nthird-line-12345678',
}
const forms = [
  (text: string) => text,
  (text: string) => JSON.stringify(text),
  (text: string) => encodeURIComponent(text),
  (text: string) => `'${text.replaceAll("'", `'\\''`)}'`,
  (text: string) => Buffer.from(text).toString('base64'),
  (text: string) => Buffer.from(`u:${text}`).toString('base64').replace(/.{20}/g, '$&\n'),
]
const known = fc
  .tuple(fc.constantFrom(...Object.values(secrets)), fc.constantFrom(...forms))
  .map(([text, form]) => form(text))
const parts = [
  's3cr3t-value',
  'p@ss/w',
  'p%40ss',
  'second-line-abc',
  'third-line-123',
  ...Object.values(secrets).flatMap((text) => Buffer.from(text).toString('base64').match(/.{12}/g)!),
]
const harmless = fc.constantFrom(
  'key token pass',
  'https://x/y?a=b',
  'GET /keys/7 200',
  'Basic auth',
  '\x1b[31mred\x1b[0m',
  '10%\r20%',
  'é停🙂',
  'token:',
  'password=',
  '"',
  '‹secret:A›',
  '',
)
const blank = fc.constantFrom(' ', '\n', '\t', '\r\n')

const line = fc
  .array(
    fc.tuple(
      fc.oneof(
        leak,
        known.map((text) => ({ text, v: '' })),
        harmless.map((text) => ({ text, v: '' })),
      ),
      blank,
    ),
    { maxLength: 6 },
  )
  .map((found) => ({
    text: found.map(([{ text }, end]) => text + end).join(''),
    values: found.map(([{ v }]) => v).filter((v) => v !== ''),
  }))

describe('redaction of lines that leak', () => {
  const pipe = createPipe(testSecrets(secrets))
  const read = (chunks: Uint8Array[]) => {
    let out = ''
    const sink = pipe.stream((text) => (out += text))
    for (const chunk of chunks) sink.push(chunk)
    sink.end()
    return out
  }

  it(
    'faults 24 and 25: no value and no form of a secret comes out, in whatever is around it and in any chunks',
    () => {
      fc.assert(
        fc.property(
          line,
          hostile(),
          fc.array(fc.nat(30), { maxLength: 10 }),
          ({ text, values }, around, cuts) => {
            // What is hostile ends before the lines, so that it leaves them as they are.
            const bytes = Buffer.concat([bytesIn(around), Buffer.from(`\n${text}`)])
            const whole = read([bytes])
            for (const part of [...parts, ...values]) expect(whole).not.toContain(part)
            expect(read(pieces(bytes, cuts))).toBe(whole)
          },
        ),
        { numRuns: process.env.SITREP_FULL ? 200_000 : 2000 },
      )
    },
    process.env.SITREP_FULL ? 1_800_000 : 60_000,
  )
})
