import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPipe } from '../../src/logs/pipe.ts'
import { createRedactor } from '../../src/logs/redact.ts'
import { pieces } from './hostile.ts'
import { testSecrets } from './secrets.ts'

const redactorOf = (initial: Record<string, string> = {}) => createRedactor(testSecrets(initial))

/** What comes out of a stream for text in chunks of these lengths. */
function inChunks(initial: Record<string, string>, text: string, cuts: readonly number[]): string {
  const stream = redactorOf(initial).stream()
  const out = pieces(text, cuts).map((piece) => stream.push(piece))
  return out.join('') + stream.end()
}

describe('a registered value', () => {
  const value = `p@ss/w'o"r d+$x\\é`
  const forms: Record<string, string> = {
    plain: value,
    json: JSON.stringify({ v: value }),
    'json in json': JSON.stringify({ v: JSON.stringify({ v: value }) }),
    'json, ascii': JSON.stringify(value).replace(/é/g, '\\u00e9'),
    'json of PHP': JSON.stringify(value).replaceAll('/', '\\/'),
    url: encodeURIComponent(value),
    'url, lower case': encodeURIComponent(value).replace(/%../g, (hex) => hex.toLowerCase()),
    form: new URLSearchParams({ v: value }).toString(),
    "shell '": `'${value.replaceAll("'", `'\\''`)}'`,
    'shell "': `"${value.replace(/[\\"$`]/g, '\\$&')}"`,
    'base64 0': Buffer.from(value).toString('base64'),
    'base64 1': Buffer.from(`u${value}`).toString('base64'),
    'base64 2': Buffer.from(`u:${value}:x`).toString('base64'),
    base64url: Buffer.from(value).toString('base64url'),
  }
  it.each(Object.keys(forms))('fault 25: as %s', (form) => {
    const out = redactorOf({ CORE_TOKEN: value }).redact(`before ${forms[form]} after`)
    expect(out).toContain('‹secret:CORE_TOKEN›')
    expect(out).toMatch(/^before .* after$/)
    for (const piece of ['p@ss', 'p%40ss', Buffer.from(value).toString('base64').slice(0, 12)])
      expect(out).not.toContain(piece)
  })

  it('fault 25: as the shell and base64 print it', async () => {
    const secret = `k3y'with "all" $of it; and ${'long '.repeat(30)}end`
    const { stdout } = await execa('bash', [
      '-c',
      'printf "%q\\n" "$0"; set -- "$0"; declare -p 1 2>/dev/null; printf %s "$0" | base64; printf "user:%s" "$0" | base64',
      secret,
    ])
    const out = redactorOf({ S: secret }).redact(stdout)
    expect(out).not.toMatch(/long/)
    for (const line of Buffer.from(secret).toString('base64').match(/.{24}/g)!)
      expect(out).not.toContain(line)
    expect(out).toContain('‹secret:S›')
  })

  it('fault 25: of several lines, with CRLF, indented, and in one line', () => {
    const secret = `first line of it\nsecond-line-abcdefgh\nthird-line-12345678`
    const redactor = redactorOf({ KEY: secret })
    expect(redactor.redact(`a\n${secret}\nb\n`)).toBe('a\n‹secret:KEY›\nb\n')
    const pipe = createPipe(testSecrets({ KEY: secret.replaceAll('\n', '\r\n') }))
    expect(pipe.text(`a ${secret.replaceAll('\n', '\r\n')} b`)).toBe('a ‹secret:KEY› b')
    const indented = redactor.redact(secret.replace(/^/gm, '    '))
    expect(indented).not.toMatch(/second|third|first/)
    expect(redactor.redact(JSON.stringify(secret))).toBe('"‹secret:KEY›"')
  })

  it('fault 24: in any chunking down to one character, none of it is in what comes out', () => {
    const secretText = fc
      .string({ minLength: 6, maxLength: 30, unit: 'grapheme' })
      .filter((text) => /[a-zA-Z0-9]{3}/.test(text))
    const wrap = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => JSON.stringify(text),
      (text) => encodeURIComponent(text.toWellFormed()),
      (text) => `'${text.replaceAll("'", `'\\''`)}'`,
      (text) => Buffer.from(text).toString('base64'),
    )
    const around = fc.constantFrom('', ' ', '\n', 'x', 'token ', 'é\n\n')
    fc.assert(
      fc.property(
        secretText,
        wrap,
        around,
        around,
        fc.array(fc.nat(9)),
        (secret, form, before, after, cuts) => {
          const pipe = createPipe(testSecrets({ S: secret }))
          const bytes = Buffer.from(`${before}${form(secret)}${after}`)
          const read = (chunks: Uint8Array[]) => {
            let out = ''
            const sink = pipe.stream((text) => (out += text))
            for (const chunk of chunks) sink.push(chunk)
            sink.end()
            return out
          }
          const whole = read([bytes])
          expect(whole).toContain('‹secret:S›')
          expect(read(pieces(bytes, cuts))).toBe(whole)
          expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole)
        },
      ),
      { numRuns: process.env.SITREP_FULL ? 20_000 : 400 },
    )
  })

  it('fault 26: learned in mid-stream, it is hidden from then on, also in what is still held', () => {
    const secrets = testSecrets()
    const stream = createRedactor(secrets).stream()
    expect(stream.push('one hunter22\ntwo hun')).toBe('one hunter22\n')
    secrets.register('P', 'hunter22')
    expect(stream.push('ter22\nthree hunter22\n') + stream.end()).toBe('two ‹secret:P›\nthree ‹secret:P›\n')
  })

  it('fault 26: printed with colours inside', () => {
    const pipe = createPipe(testSecrets({ P: 'hunter22' }))
    expect(pipe.text('a hun\x1b[31mter\x1b[0m22 b')).toBe('a ‹secret:P› b')
    expect(pipe.text('a hunter22\b\b\x1b[K22 b')).toBe('a ‹secret:P› b')
  })

  it('that was replaced by another stays hidden, as does one with a zero-width character', () => {
    const secrets = testSecrets({ P: 'hunter22' })
    const pipe = createPipe(secrets)
    secrets.register('P', 'ab\u200bcdef')
    expect(pipe.text('hunter22 ab\u200bcdef')).toBe('‹secret:P› ‹secret:P›')
  })

  it('has one mark in what was redacted before', () => {
    const redactor = redactorOf({ TOKEN: 'secret', REDACTED: 'redacted' })
    const once = redactor.redact('a secret jwt eyJhbGciOi.eyJzdWIi.c2ln redacted')
    expect(once).toBe('a ‹secret:TOKEN› jwt ‹redacted:jwt› ‹secret:REDACTED›')
    expect(redactor.redact(once)).toBe(once)
    // A mark that nobody set is no shelter.
    expect(redactor.redact('‹secret:secret›')).not.toBe('‹secret:secret›')
  })

  it('one inside of another: the longest tells', () => {
    expect(redactorOf({ A: 'pass', B: 'xpassword1' }).redact('xpassword1 pass')).toBe('‹secret:B› ‹secret:A›')
  })

  it('in a line of a megabyte, across the places where it is let go in parts', () => {
    const secret = 's3cr3t-in-the-middle'
    for (const at of [0, 49_140, 49_150, 65_530, 65_536, 98_300, 114_680]) {
      const text = `${'x '.repeat(at / 2)}${secret}${' y'.repeat(200_000)}`
      const whole = redactorOf({ S: secret }).redact(text)
      expect(whole === text.replace(secret, '‹secret:S›')).toBe(true)
      expect(inChunks({ S: secret }, text, [at, 3, 5, 70_000]) === whole).toBe(true)
    }
  })

  it('a token that is longer than what is held is hidden whole', () => {
    const token = `eyJ${'a'.repeat(100)}.${'b'.repeat(200_000)}.c`
    const out = redactorOf().redact(`start ${token} end\nnext\n`)
    expect(out.slice(0, 200)).toMatch(/^start ‹redacted:jwt›.* end\nnext\n$/)
    const named = redactorOf().redact(`${'x '.repeat(40_000)}password=${'q1'.repeat(30)} end`)
    expect(named.slice(-60)).toContain('password=‹redacted:value› end')
  })
})

describe('well-known shapes', () => {
  it.each([
    ['jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl x', 'jwt ‹redacted:jwt› x'],
    ['Authorization: Bearer abc', 'Authorization: Bearer ‹redacted:authorization›'],
    [
      '-H "Authorization: Basic dTpw" http://x',
      '-H "Authorization: Basic ‹redacted:authorization›" http://x',
    ],
    ['got bearer abcdef123456789', 'got bearer ‹redacted:bearer›'],
    ['basic dXNlcjpwYXNz', 'basic ‹redacted:basic›'],
    ['Cookie: sid=abc123; theme=dark', 'Cookie: sid=‹redacted:cookie›; theme=‹redacted:cookie›'],
    [
      '< set-cookie: sid=abc123; Path=/; Secure; HttpOnly',
      '< set-cookie: sid=‹redacted:cookie›; Path=/; Secure; HttpOnly',
    ],
    ['AKIAIOSFODNN7EXAMPLE', '‹redacted:aws-key›'],
    [`ghp_${'a1'.repeat(18)}`, '‹redacted:github-token›'],
    ['xoxb-1234567890-abcdef', '‹redacted:slack-token›'],
    ['postgres://core:p%40ss@db/core', 'postgres://core:‹redacted:password›@db/core'],
    ['root:hunter2@tcp(db:3306)/core', 'root:‹redacted:password›@tcp(db:3306)/core'],
    ['curl -s -u ana:hunter2 http://x', 'curl -s -u ana:‹redacted:password› http://x'],
    ['DB_PASSWORD=hunter2', 'DB_PASSWORD=‹redacted:value›'],
    ["export DB_PASSWORD='a b'", "export DB_PASSWORD='‹redacted:value›'"],
    ['{"user":"ana","password":"a\\"b","n":1}', '{"user":"ana","password":"‹redacted:value›","n":1}'],
    ['{\\"apiKey\\":\\"abc\\",\\"n\\":1}', '{\\"apiKey\\":\\"‹redacted:value›\\",\\"n\\":1}'],
    ['clientSecret: abc123', 'clientSecret: ‹redacted:value›'],
    ['GET /x?token=abc123&page=2', 'GET /x?token=‹redacted:value›&page=2'],
    ['mysql --password hunter2 -h db', 'mysql --password ‹redacted:value› -h db'],
    ['SECRET_KEY_BASE=abc', 'SECRET_KEY_BASE=‹redacted:value›'],
    ['user=x,password=y,z=1', 'user=x,password=‹redacted:value›,z=1'],
    [
      'JWT_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n"',
      'JWT_PRIVATE_KEY="‹redacted:value›"',
    ],
  ])('%s', (text, expected) => {
    expect(redactorOf().redact(text)).toBe(expected)
  })

  it.each([
    'JWT_PRIVATE_KEY_FILE=keys/jwt.pem',
    'Login error: Error: secretOrPrivateKey must be an asymmetric key when using RS256',
    'SESSION_COOKIE_SECURE=1 CSRF_COOKIE_SECURE=True',
    'JWT_ACTIVE_KID=main-2026',
    'Basic authentication is required',
    'Bearer authentication failed',
    'WWW-Authenticate: Bearer realm="x"',
    'Error: invalid token: unexpected end of input',
    'access-control-allow-headers: authorization, content-type',
    'password: required',
    'PASSWORD_MIN_LENGTH=12 TOKEN_TTL=3600 max_tokens=4096',
    'DB_PASSWORD=${DB_PASSWORD} token={{ params.token }} --token <TOKEN>',
    'tests: pass=12 fail=0',
    'http://127.0.0.1:3002/health 200 http://u@h:80/p',
    'secret=true',
    'token = process.env.CORE_TOKEN',
    'cwd /root → /opt/core/backend; missing NODE_ENV',
    'sha256 3f2a0c11aa9be6c84c7bbf37a3a4e2aa9a34ce2a6b6f0c2b4d1f7a2c1a2b3c4d',
    'the key: value pairs of a map',
    'DB_HOST=db DB_USER=core',
  ])('ordinary text stays: %s', (text) => {
    expect(redactorOf().redact(text)).toBe(text)
  })

  it('private key blocks are one mark, also behind the prefix of a log, and end where the key ends', () => {
    const key = [
      '-----BEGIN RSA PRIVATE KEY-----',
      'MIIEowIBAAKCAQEA1234567890abcdef',
      'abcdEFGH1234+/==',
      '-----END RSA PRIVATE KEY-----',
    ]
    expect(redactorOf().redact(`a\n${key.join('\n')}\nb\n`)).toBe('a\n‹redacted:private-key›\nb\n')
    const logged = key.map((line) => `Nov 20 22:16:00 core-1 app[1]: ${line}`).join('\n')
    expect(redactorOf().redact(`${logged}\nb`)).toBe(
      'Nov 20 22:16:00 core-1 app[1]: ‹redacted:private-key›\nb',
    )
    expect(redactorOf().redact(`${key.slice(0, 3).join('\n')}\nan ordinary line\nb`)).toBe(
      '‹redacted:private-key›\nan ordinary line\nb',
    )
    expect(redactorOf().redact(`x ${key.join('\\n')} y`)).toBe('x ‹redacted:private-key› y')
    expect(inChunks({}, `a\n${key.join('\n')}\nb\n`, [10, 20, 1, 1, 30])).toBe(
      'a\n‹redacted:private-key›\nb\n',
    )
  })
})

describe('ordinary text', () => {
  it('comes out as it went in, line by line at once', () => {
    const stream = redactorOf({ S: 'never-in-it' }).stream()
    expect(stream.push('one\ntwo\nthr')).toBe('one\ntwo\n')
    expect(stream.push('ee\n')).toBe('three\n')
    expect(stream.end()).toBe('')
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z ,.\n]{0,200}$/), fc.array(fc.nat(20)), (text, cuts) => {
        expect(inChunks({ S: 'N3V3R-1N-1T' }, text, cuts)).toBe(text)
      }),
    )
  })
})

describe('marks that stand already', () => {
  it.each([
    'DB_PASSWORD=‹secret:DB_PASSWORD›',
    'DB_PASSWORD: ‹secret:OTHER_TOKEN_123›',
    '{"password":"‹redacted:value›"}',
    'root:‹secret:DB›@tcp(db:3306)',
    'a line with ‹secret:core-1/token_2›',
  ])('stay as they are, also of secrets that this redactor does not know: %s', (line) => {
    expect(redactorOf().redact(line)).toBe(line)
  })

  it('redacting twice is redacting once', () => {
    const value = 'hunter2-Tr0ub4dor'
    // Words apart: what stood inside of a word before may be a word of its own behind a mark.
    const names = [
      'DB_PASSWORD=',
      'password: ',
      '"token":"',
      'Authorization: Bearer ',
      'Cookie: a=',
      'x ',
      '',
    ]
    const values = [
      value,
      'abc123def456ghi789',
      '‹secret:DB›',
      '‹secret:UNKNOWN_1›',
      '‹redacted:value›',
      'yes',
    ]
    const part = fc
      .tuple(fc.constantFrom(...names), fc.constantFrom(...values), fc.constantFrom(' ', '\n', '" ', '; '))
      .map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const redactor = redactorOf({ DB: value })
        const once = redactor.redact(parts.join(''))
        expect(redactor.redact(once)).toBe(once)
      }),
      { numRuns: process.env.SITREP_FULL ? 20_000 : 1000 },
    )
  })
})
