import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newMarks } from '../../src/journal/scan/marks.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { pieces } from './hostile.ts'
import { testSecrets } from './secrets.ts'

const full = process.env.SITREP_FULL !== undefined
const count = full ? 3000 : 150

/** Random values with much in them that encoders change; they begin and end in letters, so that what is left can be told. */
const value = fc
  .array(
    fc.constantFrom(
      ...`abXY019/+=!@#$%^&*()-_.,~:;'"\\<>?[]{}| \``,
      'é',
      'Ä',
      '😀',
      '€',
      '\t',
      '\x1b',
      'n',
      'u00',
    ),
    { minLength: 8, maxLength: 22 },
  )
  .map((characters) => `Q${characters.join('')}Z`)
const values = fc.sample(value, { numRuns: count, seed: 20_261_121 })

/** Each value as the programs print it, by encoder; one process for all values. */
type Encoded = Record<string, string[]>

const python = `
import sys, json, urllib.parse, shlex, html
vs = json.load(sys.stdin)
q = urllib.parse
encoders = {
  'json': json.dumps, 'json in json': lambda v: json.dumps(json.dumps({'a': v})),
  'three times json': lambda v: json.dumps(json.dumps(json.dumps(v))),
  'quote': q.quote, 'quote_plus': q.quote_plus, 'quote all': lambda v: q.quote(v, safe=''),
  'quote twice': lambda v: q.quote(q.quote(v)),
  'shlex': shlex.quote, 'repr': repr, 'ascii': ascii, 'bytes': lambda v: repr(v.encode()), 'html': html.escape,
}
print(json.dumps({name: [encode(v) for v in vs] for name, encode in encoders.items()}))
`
const bash = `
export LC_ALL=$1
while IFS= read -r -d '' v; do
  printf '%q\\0' "$v"; printf '%s\\0' "\${v@Q}"; declare -p v; printf '\\0'
  { set -x; : "$v"; set +x; } 2>&1; printf '\\0'
done
`

async function byBash(locale: string): Promise<Encoded> {
  const { stdout } = await execa('bash', ['-c', bash, 'x', locale], { input: `${values.join('\0')}\0` })
  const texts = stdout.split('\0')
  const every = (offset: number) => values.map((_, index) => texts[index * 4 + offset]!)
  return {
    [`${locale} %q`]: every(0),
    [`${locale} @Q`]: every(1),
    [`${locale} declare`]: every(2),
    [`${locale} set -x`]: every(3),
  }
}

async function byPython(): Promise<Encoded> {
  const { stdout } = await execa('python3', ['-c', python], { input: JSON.stringify(values) })
  return JSON.parse(stdout) as Encoded
}

const escapes = (text: string) =>
  text.replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

function byNode(): Encoded {
  const encoders: Record<string, (text: string) => string> = {
    json: JSON.stringify,
    'json of PHP': (text) => escapes(JSON.stringify(text).replaceAll('/', '\\/')),
    'json, upper case': (text) =>
      escapes(JSON.stringify(text)).replace(/\\u[0-9a-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`),
    component: encodeURIComponent,
    uri: encodeURI,
    form: (text) => new URLSearchParams({ v: text }).toString(),
    'json of a form': (text) => JSON.stringify(new URLSearchParams({ v: text }).toString()),
  }
  return Object.fromEntries(
    Object.entries(encoders).map(([name, encode]) => [name, values.map((text) => encode(text))]),
  )
}

describe('a registered value as programs print it', () => {
  it.each<[string, () => Promise<Encoded> | Encoded]>([
    ['python', byPython],
    ['bash, UTF-8', () => byBash('C.UTF-8')],
    ['bash, ASCII', () => byBash('C')],
    ['node', byNode],
  ])('fault 25: %s, random values', { timeout: 300_000 }, async (_, encode) => {
    const missed: string[] = []
    for (const [name, texts] of Object.entries(await encode())) {
      for (const [index, text] of texts.entries()) {
        const out = createPipe(testSecrets({ S: values[index]! })).text(text)
        if (!out.includes('‹secret:S›')) missed.push(`${name}: ${values[index]} → ${text} → ${out}`)
      }
    }
    expect(missed).toEqual([])
  })

  it('fault 24: encoded, in any chunks, the same comes out', () => {
    const secret = `p@ss/w'o"r d+$x\\é`
    const pipe = createPipe(testSecrets({ S: secret }))
    const forms = [
      escapes(JSON.stringify(JSON.stringify(secret))),
      encodeURI(secret),
      'x\\"',
      '%',
      '%4',
      '\n',
      '‹',
    ]
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...forms), { maxLength: 8 }),
        fc.array(fc.nat(9)),
        (parts, cuts) => {
          const bytes = Buffer.from(parts.join(' '))
          let out = ''
          const sink = pipe.stream((text) => (out += text))
          for (const piece of pieces(bytes, cuts)) sink.push(piece)
          sink.end()
          expect(out).toBe(pipe.bytes(bytes))
          expect(out).not.toMatch(/p@ss|p%40ss/)
          expect(pipe.text(out)).toBe(out)
        },
      ),
      { numRuns: full ? 20_000 : 500 },
    )
  })

  it('only where its quotes and blanks stand too', () => {
    const pipe = createPipe(testSecrets({ S: "it's", T: 'a+b+c' }))
    for (const text of ['its\\n', '"its" \\', 'a b c\\n']) expect(pipe.text(text)).toBe(text)
    expect(pipe.text("'it'\\''s' a%2Bb%2bc")).toBe("'‹secret:S›' ‹secret:T›")
  })

  it.each(['\x1b[C', '\x1b[?25h', '\x1b]8;;http://x\x1b\\', '\0', '\u200b', '\u202e'])(
    'fault 26: with a control sequence inside: %j',
    (inside) => {
      const pipe = createPipe(testSecrets({ P: 'correct-Horse' }))
      expect(pipe.text(`a correct${inside}-Horse b`)).toBe('a ‹secret:P› b')
    },
  )
})

describe('a mark that somebody forged', () => {
  const pipe = createPipe(testSecrets({ P: 'hunter22' }))
  it.each([
    ['‹redacted:hunter22›', '‹redacted:‹secret:P››'],
    ['‹secret:hunter22›', '‹secret:‹secret:P››'],
    ['‹redacted:x-hunter22-y›', '‹redacted:x-‹secret:P›-y›'],
    ['DB_PASSWORD=‹redacted:0ther-s3cret›', 'DB_PASSWORD=‹redacted:value›'],
    ['DB_PASSWORD=‹redacted:value›0ther-s3cret', 'DB_PASSWORD=‹redacted:value›'],
    ['DB_PASSWORD=‹secret:DB_PASSWORD changed›', 'DB_PASSWORD=‹secret:DB_PASSWORD changed›'],
  ])('shelters nothing: %s', (text, expected) => {
    expect(pipe.text(text)).toBe(expected)
  })

  it('shelters nothing in a field of a telling name', () => {
    expect(pipe.deep({ password: '‹redacted:value›0ther', token: '‹redacted:0ther›' })).toEqual({
      password: '‹redacted:value›',
      token: '‹redacted:value›',
    })
  })

  it('does not stand for the new one where a record is scanned again', () => {
    expect(newMarks('a="x ‹redacted:value› y" b', 'a="‹redacted:value›" b')).toEqual(['redacted:value'])
    expect(newMarks('‹secret:P› ‹redacted:jwt›', '‹secret:P› ‹redacted:jwt›')).toEqual([])
    expect(newMarks('‹secret:P› x ‹secret:P›', '‹secret:P› ‹redacted:jwt› ‹secret:P›')).toEqual([
      'redacted:jwt',
    ])
    expect(newMarks('‹secret:hunter22›', '‹secret:‹secret:P››')).toEqual(['secret:P'])
  })
})

describe('shapes of the second look', () => {
  const pipe = createPipe(testSecrets())
  it.each([
    ['mysql -u root -phunter2 -h db core', 'mysql -u root -p‹redacted:password› -h db core'],
    ["mysqldump -p'hunter2' core", "mysqldump -p'‹redacted:password›' core"],
    ['sshpass -p hunter2 ssh x', 'sshpass -p ‹redacted:password› ssh x'],
    ['JWT_SECRET: s3cr3t # the key', 'JWT_SECRET: ‹redacted:value› # the key'],
    [`x dapi${'0a'.repeat(16)} y`, 'x ‹redacted:databricks-token› y'],
    ['GET /cb?code=4/0AX4XfWh1-x&state=1', 'GET /cb?code=‹redacted:value›&state=1'],
    ['GET /x?access_token=abc&b=1', 'GET /x?access_token=‹redacted:value›&b=1'],
  ])('%s', (text, expected) => {
    expect(pipe.text(text)).toBe(expected)
    expect(pipe.text(expected)).toBe(expected)
  })

  it.each([
    'mysql -p core',
    'mysql -u root -h db; ls -pla',
    'exit code=12345678',
    'GET /x?code=E404',
    'mysqld is running with -port',
  ])('ordinary text stays: %s', (text) => {
    expect(pipe.text(text)).toBe(text)
  })
})
