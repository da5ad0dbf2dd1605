import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatFinding } from '../../src/runbook/findings.ts'
import { loadRunbook, parseRunbook } from '../../src/runbook/load.ts'
import { tempDir } from '../helpers/reader.ts'
import { kinds } from './kinds.ts'

/** A step of a runbook in YAML. */
const step = (id: string, more = '') =>
  `  - { id: ${id}, title: ${id}, uses: shell, with: { run: "echo {{ params.who }}" }${more} }\n`
const book = (name: string, steps: string, more = '') =>
  `runbook: ${name}\ntitle: T\n${more || 'params: { who: nobody }'}\nsteps:\n${steps}`
const include = (file: string, more = '') => `  - { include: ${JSON.stringify(file)}${more} }\n`

/** Writes files into a folder, loads the first of them, and tells what was found. */
async function loading(files: Record<string, string>, links: Record<string, string> = {}) {
  const folder = await tempDir()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.at(name)), { recursive: true })
    writeFileSync(folder.at(name), text)
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(folder.at(target), folder.at(name))
  const [first = ''] = Object.keys(files)
  const { runbook, findings } = await loadRunbook(folder.at(first), kinds)
  const told = findings.map((finding) => formatFinding(finding).replaceAll(`${folder.path}/`, ''))
  await folder[Symbol.asyncDispose]()
  return { runbook, told }
}

describe('include', () => {
  it('puts the steps of another runbook where it stands, with its parameters and variables', async () => {
    const { runbook, told } = await loading({
      'r/main.yaml': book('main', step('a') + include('parts/more.yaml', ', hosts: edge') + step('z')),
      'r/parts/more.yaml': book(
        'more',
        step('b') + step('c', ', hosts: core'),
        'params: { who: other, size: 3 }\nvars: { color: red }',
      ),
    })
    expect(told).toEqual([])
    expect(runbook?.steps.map(({ id, hosts }) => [id, hosts])).toEqual([
      ['a', undefined],
      ['b', ['edge']],
      ['c', ['core']],
      ['z', undefined],
    ])
    expect(runbook?.steps[1]?.at.file).toMatch(/parts\/more\.yaml$/)
    expect(runbook?.params.map((param) => [param.name, param.default])).toEqual([
      ['who', 'nobody'],
      ['size', 3],
    ])
    expect(runbook?.vars).toEqual({ color: 'red' })
  })

  it('relative paths of an included step start in the folder of its own file', async () => {
    const { runbook } = await loading({
      'main.yaml': book('main', step('a') + include('parts/more.yaml')),
      'parts/more.yaml': book('more', step('b'), 'params: { who: other, size: { from: "file:size" } }'),
    })
    expect(runbook?.steps.map(({ id, dir }) => [id, dir?.endsWith('/parts')])).toEqual([
      ['a', undefined],
      ['b', true],
    ])
    expect(runbook?.params.map(({ name, dir }) => [name, dir?.endsWith('/parts')])).toEqual([
      ['who', undefined],
      ['size', true],
    ])
  })

  it('its outputs and verdicts can be used by what comes after', async () => {
    const { told } = await loading({
      'main.yaml': book('main', include('more.yaml') + step('z', ', if: steps.b ok')),
      'more.yaml': book('more', step('b')),
    })
    expect(told).toEqual([])
  })

  it('the hash covers what is included', async () => {
    const main = book('main', include('more.yaml'))
    const one = await loading({ 'main.yaml': main, 'more.yaml': book('more', step('b')) })
    const two = await loading({ 'main.yaml': main, 'more.yaml': book('more', step('c')) })
    expect(one.runbook?.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(two.runbook?.sha256).not.toBe(one.runbook?.sha256)
  })

  it('names what only both files together show, and the mistakes of the included one', async () => {
    const names = await loading({
      'main.yaml': book('main', step('b') + include('more.yaml')),
      'more.yaml': book('more', step('b')),
    })
    expect(names.told).toEqual(['main.yaml:6:16: the name "b" of an included step is already used'])
    const secret = await loading({
      'main.yaml': book('main', include('more.yaml'), 'params: { who: { secret: true } }'),
      'more.yaml': book('more', step('b')),
    })
    expect(secret.told).toEqual([
      'main.yaml:5:16: the parameter "who" is secret in one of the two runbooks and not in the other',
    ])
    const broken = await loading({
      'main.yaml': book('main', include('more.yaml')),
      'more.yaml': book('more', step('b').replace('shell', 'shel')),
    })
    expect(broken.told).toEqual([
      'more.yaml:5:30: unknown action "shel"; did you mean "shell"?',
      'main.yaml:5:16: more.yaml has mistakes',
    ])
    expect(broken.runbook).toBeUndefined()
  })

  it('fault 49: a path out of the folder is refused, whether by .., by an absolute path or by a link', async () => {
    const other = book('other', step('b'))
    const out = await loading({
      'r/main.yaml': book('main', include('../other.yaml') + include('parts/../../other.yaml')),
      'other.yaml': other,
      'r/parts/x.yaml': other,
    })
    expect(out.told).toHaveLength(2)
    for (const line of out.told)
      expect(line).toMatch(/other\.yaml lies out of the folder .*\/?r; only files in it/)
    const absolute = await loading({ 'main.yaml': book('main', include('/etc/passwd')) })
    expect(absolute.told[0]).toContain('not by an absolute path')
    const link = await loading(
      { 'r/main.yaml': book('main', include('link.yaml')), 'other.yaml': other },
      { 'r/link.yaml': 'other.yaml' },
    )
    expect(link.told[0]).toContain('link.yaml leads out of the folder')
    const folder = await loading(
      { 'r/main.yaml': book('main', include('parts/other.yaml')), 'elsewhere/other.yaml': other },
      { 'r/parts': 'elsewhere' },
    )
    expect(folder.told[0]).toContain('parts/other.yaml leads out of the folder')
    for (const { runbook } of [out, absolute, link, folder]) expect(runbook).toBeUndefined()
  })

  it('a path up is taken where it stays in the folder of the first file', async () => {
    const { told, runbook } = await loading({
      'main.yaml': book('main', include('parts/a.yaml')),
      'parts/a.yaml': book('a', include('../b.yaml')),
      'b.yaml': book('b', step('b')),
    })
    expect(told).toEqual([])
    expect(runbook?.steps.map(({ id }) => id)).toEqual(['b'])
  })

  it('fault 48: a cycle, a row that is too long, and what is no file end in a message', async () => {
    const cycle = await loading({
      'a.yaml': book('a', include('b.yaml')),
      'b.yaml': book('b', include('a.yaml')),
    })
    expect(cycle.told).toContain('b.yaml:5:16: runbooks include each other: a.yaml -> b.yaml -> a.yaml')
    const own = await loading({ 'a.yaml': book('a', include('a.yaml')) })
    expect(own.told[0]).toContain('include each other: a.yaml -> a.yaml')
    const row = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`${n}.yaml`, book(`b${n}`, include(`${n + 1}.yaml`))]),
    )
    expect((await loading(row)).told.join('\n')).toContain('more than 8 runbooks')
    expect((await loading({ 'a.yaml': book('a', include('none.yaml')) })).told).toEqual([
      'a.yaml:5:16: there is no file none.yaml',
    ])
    expect((await loading({ 'a.yaml': book('a', '  - { include: 3, when: now }\n') })).told).toEqual([
      'a.yaml:5:16: expected text, found the number 3',
      'a.yaml:5:19: unknown key "when"',
    ])
    expect(parseRunbook(book('a', include('b.yaml')), '-', kinds).findings[0]?.message).toBe(
      'only a file can include another',
    )
  })
})
