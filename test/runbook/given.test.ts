import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ParamSpec } from '../../src/model/runbook.ts'
import type { SecretStore } from '../../src/model/secret.ts'
import { type ParamSources, parseParamFlags, resolveParams, showParams } from '../../src/runbook/given.ts'
import { parseRunbook } from '../../src/runbook/load.ts'
import { kinds } from './kinds.ts'

function store() {
  const kept: Record<string, string> = {}
  const secrets: SecretStore = {
    register: (name, source, value) => {
      kept[name] = `${source} ${value}`
    },
    has: (name) => name in kept,
    value: ({ secret }) => kept[secret] ?? '',
    entries: () => [],
    sourceOf: () => undefined,
    onRegister: () => () => undefined,
  }
  return { kept, secrets }
}

async function resolve(
  declared: string,
  given: Record<string, string>,
  o: Partial<ParamSources> = {},
  dir = '/nowhere',
) {
  const { runbook, findings } = parseRunbook(
    `runbook: x\ntitle: X\nparams:\n${declared}\nsteps: [{ id: a, title: A, uses: manual }]\n`,
    join(dir, 'r.yaml'),
    kinds,
  )
  expect(findings).toEqual([])
  const { kept, secrets } = store()
  const params = await resolveParams(runbook!, given, {
    env: {},
    readFile: (path) => readFile(path, 'utf8'),
    stdin: async () => 'from-stdin\n',
    secrets,
    cwd: '/nowhere',
    ...o,
  })
  return { params, kept }
}

describe('typed parameters', () => {
  const declared =
    '  s: core\n  n: 1\n  b: false\n  l: [a]\n  o: { required: false }\n  p: { default: ab, pattern: "[ab]+" }'

  it('take their defaults, or what was given, with their type', async () => {
    expect((await resolve(declared, {})).params).toEqual({ s: 'core', n: 1, b: false, l: ['a'], p: 'ab' })
    const given = parseParamFlags(['s=a=b', 'n=-2.5', 'b=true', 'l=x, y', 'o=', 'p=ba'])
    expect((await resolve(declared, given)).params).toEqual({
      s: 'a=b',
      n: -2.5,
      b: true,
      l: ['x', 'y'],
      o: '',
      p: 'ba',
    })
    expect((await resolve(declared, { l: '["x,y", 1]' })).params.l).toEqual(['x,y', 1])
    expect((await resolve(declared, { l: '' })).params.l).toEqual([])
  })

  it('tell all that is wrong at once', async () => {
    await expect(
      resolve(declared, { n: '1x', b: 'yes', l: '[{}]', p: 'abc', q: '1', S: 'x' }),
    ).rejects.toMatchObject({
      kind: 'usage',
      message: [
        'the runbook "x" has no parameter "q"',
        'the runbook "x" has no parameter "S"; did you mean "s"?',
        'the parameter "n" must be a number',
        'the parameter "b" must be a boolean',
        'the parameter "l" must be a list',
        'the parameter "p" does not match the pattern [ab]+',
      ].join('\n'),
    })
  })

  it('name every missing one', async () => {
    await expect(
      resolve('  a: { description: The first }\n  b: { secret: true, from: "env:B" }\n  c: 1', {}),
    ).rejects.toMatchObject({
      kind: 'usage',
      message: 'parameters are missing:\n  a: The first\n  b (from env:B)',
      next: 'give --param a=VALUE',
    })
    await expect(resolve('  b: { secret: true }', {})).rejects.toMatchObject({
      message: 'a parameter is missing: b',
      next: 'give --param b=@FILE, env:NAME or -',
    })
  })

  it('refuse a flag without a value', () => {
    expect(() => parseParamFlags(['a'])).toThrow(/expected NAME=VALUE/)
  })
})

describe('secret parameters', () => {
  const token = '  token: { secret: true, pattern: "[\\\\w-]+", from: "env:TOKEN" }'

  it('are registered by name and source, and stand as a reference', async () => {
    const { params, kept } = await resolve(token, {}, { env: { TOKEN: 'abcd-1' } })
    expect(params).toEqual({ token: { secret: 'token' } })
    expect(kept).toEqual({ token: 'env:TOKEN abcd-1' })
    expect(showParams({ ...params, l: ['a', 'b'], n: 1 })).toEqual({
      token: '‹secret:token›',
      l: 'a, b',
      n: '1',
    })
  })

  it('are not taken from the command line, and their value is in no message', async () => {
    await expect(resolve(token, { token: 'hunter2' })).rejects.toMatchObject({
      message: expect.stringMatching(/token=@FILE/),
    })
    await expect(resolve(token, { token: 'hunter2' })).rejects.not.toMatchObject({
      message: expect.stringContaining('hunter2'),
    })
    await expect(resolve(token, { token: 'env:T' }, { env: { T: 'bad value' } })).rejects.not.toMatchObject({
      message: expect.stringContaining('bad value'),
    })
  })

  it('come from a file, the environment or stdin', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'sitrep-given-'))
    await writeFile(join(cwd, 'secret'), 'from-file\n')
    expect((await resolve(token, { token: '@secret' }, { cwd })).kept).toEqual({
      token: `file:${join(cwd, 'secret')} from-file`,
    })
    expect((await resolve(token, { token: 'env:OTHER' }, { env: { OTHER: 'from-env' } })).kept).toEqual({
      token: 'env:OTHER from-env',
    })
    expect((await resolve(token, { token: '-' })).kept).toEqual({ token: 'stdin from-stdin' })
    expect((await resolve('  f: { secret: true, from: "file:secret" }', {}, {}, cwd)).kept).toEqual({
      f: `file:${join(cwd, 'secret')} from-file`,
    })
    await expect(resolve(token, { token: '@none' }, { cwd })).rejects.toMatchObject({
      message: expect.stringMatching(/can not be read/),
    })
    await expect(resolve(token, { token: 'env:NONE' })).rejects.toMatchObject({
      message: expect.stringMatching(/the environment has no NONE/),
    })
  })

  it('are asked for where someone can answer', async () => {
    const asked: string[] = []
    const prompt = async ({ name }: ParamSpec) => {
      asked.push(name)
      return 'typed-in'
    }
    expect((await resolve(`${token}\n  q: { from: prompt }\n  d: 1`, {}, { prompt })).params).toEqual({
      token: { secret: 'token' },
      q: 'typed-in',
      d: 1,
    })
    expect(asked).toEqual(['token', 'q'])
    await expect(resolve(token, {}, { prompt: async () => undefined })).rejects.toMatchObject({
      kind: 'usage',
    })
  })

  it('have a public default that is no secret', async () => {
    const declared = '  pw: { secret: true, from: "env:PW", default: practice }'
    expect(await resolve(declared, {})).toEqual({ params: { pw: 'practice' }, kept: {} })
    expect((await resolve(declared, {}, { env: { PW: 'real-one' } })).params).toEqual({
      pw: { secret: 'pw' },
    })
  })
})
