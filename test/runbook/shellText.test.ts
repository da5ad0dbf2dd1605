import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zCommand } from '../../src/model/schema.ts'
import { valuesScope } from '../../src/runbook/scope.ts'
import { substitute } from '../../src/runbook/template.ts'

const numRuns = process.env.SITREP_FULL ? 1500 : 120
const cwd = mkdtempSync(join(tmpdir(), 'sitrep-shell-'))
const host = {
  name: 'h',
  transport: 'local',
  address: 'h',
  port: 22,
  user: 'u',
  groups: [],
  production: false,
  path: [],
  env: {},
  vars: {},
} as const
// dash reads a text most strictly; other systems have it as /bin/dash, or only /bin/sh.
const sh = ['/usr/bin/dash', '/bin/dash', '/bin/sh'].find((path) => existsSync(path))!
// `f` prints how many words arrived, and each of them.
const f = `f() { printf '%s|' "$#"; for w; do printf '%s\\0' "$w"; done; }\n`

function dash(text: string, env: Record<string, string> = {}) {
  const { stdout, status, stderr, signal } = spawnSync(sh, ['-c', f + text], {
    cwd,
    env: { PATH: '/nonexistent', ...env },
    timeout: 2000,
  })
  return { out: stdout.toString(), status, err: stderr.toString(), signal }
}

function fill(text: string, value: unknown) {
  const scope = valuesScope({
    host: { ...host, groups: [], path: [], env: {}, vars: {} },
    params: { v: value },
  })
  const { value: filled, problems } = substitute({ run: text }, scope, ['run'])
  const { run } = filled as { run: { shell: string; secrets: Record<string, { secret: string }> } }
  return { ...run, problems: problems.map(({ message }) => message) }
}

const nasty = fc.string({ unit: fc.constantFrom(...`'"$\`\\ \n\t!*?[]{}()<>;&|#~=-aé%`), maxLength: 12 })
const anyValue = fc.oneof(
  nasty,
  fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\u0000')),
)

describe('a value in shell text is always exactly one word', () => {
  const places = {
    unquoted: ['f {{ params.v }}', (v: string) => v],
    'inside single quotes': [`f 'a {{ params.v }} b'`, (v: string) => `a ${v} b`],
    'inside double quotes': ['f "a {{ params.v }} b"', (v: string) => `a ${v} b`],
    'behind a variable in double quotes': [`x=1; f "$x{{ params.v }}"`, (v: string) => `1${v}`],
    'beside text': ['f x{{ params.v }}y', (v: string) => `x${v}y`],
    'in an assignment': ['x={{ params.v }}; f "$x"', (v: string) => v],
    'behind a substitution': [`y="$(echo ")" ')' \\))"; f {{ params.v }}`, (v: string) => v],
    'behind backticks': ['y=`echo "a"`; f "{{ params.v }}"', (v: string) => v],
    'behind a comment': [`f # don't\nf {{ params.v }}`, (v: string) => v],
    'behind a here-document': [`: <<E\nit's $(echo a) "\nE\nf {{ params.v }}`, (v: string) => v],
    'in a continued line': [`f \\\n  {{ params.v }}`, (v: string) => v],
  } as const
  it.each(Object.entries(places))('%s', (_, [text, word]) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const { shell, problems } = fill(text, value)
        expect(problems).toEqual([])
        expect(dash(shell).out.replace(/^0\|/, '')).toBe(`1|${word(value)}\0`)
      }),
      { numRuns },
    )
  })

  it.each(['{{ params.v }}', `'{{ params.v }}'`, '"{{ params.v }}"'])(
    'a secret comes by its variable: %s',
    (place) => {
      fc.assert(
        fc.property(anyValue, (value) => {
          const { shell, secrets } = fill(`f ${place}b`, { secret: 'v' })
          expect(secrets).toEqual({ SITREP_SECRET_V: { secret: 'v' } })
          expect(shell).not.toContain(value.length > 5 ? value : '\u0001')
          expect(dash(shell, { SITREP_SECRET_V: value }).out).toBe(`1|${value}b\0`)
        }),
        { numRuns: numRuns / 2 },
      )
    },
  )

  it('holds in any text that the shell accepts, or is refused', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '\\',
      ' ',
      '$(',
      ')',
      '`',
      '${x',
      '}',
      '$((1',
      '))',
      '#',
      '\n',
      '<<E',
      '\nE\n',
      'a',
      '$',
      ';',
      '(',
      '{ ',
      'case x in x)',
      ' esac',
      'f ',
      'VV',
      ' VV ',
      'VV',
    )
    let tried = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), nasty, (pieces, value) => {
        const text = `f ${pieces.join('')}`
        const { shell, problems } = fill(text.replaceAll('VV', '{{ params.v }}'), value)
        const plain = dash(text)
        if (/\$\$|\$\w+VV/.test(text) || problems.length > 0 || !text.includes('VV') || plain.status !== 0)
          return
        tried += 1
        expect(dash(shell).out).toBe(plain.out.replaceAll('VV', () => value))
      }),
      { numRuns: numRuns * 4 },
    )
    expect(tried).toBeGreaterThan(numRuns / 10)
  })
})

describe('where no value may stand', () => {
  it.each([
    ['echo $(cat {{ params.v }})', /inside \$\( \)/],
    ['echo "$(cat "{{ params.v }}")"', /inside \$\( \)/],
    ['echo `cat {{ params.v }}`', /inside backticks/],
    ['cat <<E\n{{ params.v }}\nE', /inside a here-document/],
    ["cat <<-'E'\n\t{{ params.v }}\n\tE", /inside a here-document/],
    ['cat <<{{ params.v }}', /here-document|differently/],
    ['echo ${x:-{{ params.v }}}', /inside \$\{ \}/],
    ['echo $((1+{{ params.v }}))', /inside \$\{ \}/],
    ['true # {{ params.v }}', /inside a comment/],
    ['echo \\{{ params.v }}', /just behind a backslash/],
    ['echo "${{ params.v }}"', /just behind a backslash or a \$/],
    ['echo ${x:-"a"} {{ params.v }}', /read differently/],
    ["echo $'a' {{ params.v }}", /read differently/],
    ['x=$(case a in a) echo;; esac); echo {{ params.v }}', /read differently/],
  ])('%s', (text, message) => {
    expect(fill(text, 'x').problems.join()).toMatch(message)
  })

  it('refuses a NUL character, a list, and a value that is not there', () => {
    expect(fill('echo {{ params.v }}', 'a\0b').problems.join()).toMatch(/NUL/)
    expect(fill('echo {{ params.v }}', ['a']).problems.join()).toMatch(/a list/)
    expect(fill('echo {{ params.v }}', undefined).problems.join()).toMatch(/has no value/)
  })
})

describe('a command with {candidate}', () => {
  it.each(['f {candidate}', `f '{candidate}'`, 'f "{candidate}"'])('%s is one word', (text) => {
    const { argv } = zCommand.parse(text)
    expect(argv.slice(0, 2)).toEqual(['sh', '-c'])
    expect(argv.slice(3)).toEqual(['sh', '{candidate}'])
    const { stdout } = spawnSync(sh, ['-c', f + argv[2], 'sh', `it's $(x) "a`])
    expect(stdout.toString()).toBe(`1|it's $(x) "a\0`)
  })

  it('keeps the words of a list, and takes secrets along', () => {
    expect(zCommand.parse(['nginx', '-t', '-c', '{candidate}', 1])).toEqual({
      argv: ['nginx', '-t', '-c', '{candidate}', '1'],
      secrets: {},
    })
    expect(zCommand.parse({ shell: 'a "$S"', secrets: { S: { secret: 's' } } })).toEqual({
      argv: ['sh', '-c', 'a "$S"'],
      secrets: { S: { secret: 's' } },
    })
    expect(zCommand.safeParse([]).success).toBe(false)
    expect(zCommand.safeParse(['a', [{ secret: 's' }]]).success).toBe(false)
  })
})
