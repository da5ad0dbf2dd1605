import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { actions } from '../../src/actions/index.ts'
import { checkKinds } from '../../src/checks/index.ts'
import { createProgram } from '../../src/cli/main.ts'
import { lintFile } from '../../src/compose/lint.ts'
import { logSourceKinds } from '../../src/logs/sources/index.ts'
import { formatFinding } from '../../src/runbook/findings.ts'
import { tempDir } from '../helpers/reader.ts'
import { blocks } from './blocks.ts'

const yaml = blocks().filter(({ language }) => language === 'yaml')
const named = yaml.map((block) => ({ ...block, name: `${block.page}:${block.line}` }))

/** A runbook around one step or check of the references. */
const around = (key: 'steps' | 'checks', entry: string) =>
  [
    'runbook: example',
    'title: An example',
    'hosts: example',
    `${key}:`,
    entry.replace(/^/gm, '  '),
    ...(key === 'steps' ? [] : ['steps:', '  - { id: look, title: Look, uses: manual }']),
    '',
  ].join('\n')

async function findings(name: string, text: string): Promise<string[]> {
  await using dir = await tempDir()
  const file = dir.at(name)
  await writeFile(file, text)
  return (await lintFile(file)).map(formatFinding)
}

describe('examples of the documents lint clean', () => {
  it.each(named.filter(({ text }) => /^runbook: /m.test(text)))('$name, a runbook', async ({ text }) => {
    expect(await findings('example.yaml', text)).toEqual([])
  })

  it.each(named.filter(({ text }) => /^hosts:\n/m.test(text)))('$name, an inventory', async ({ text }) => {
    if (/^runbook: /m.test(text)) return expect(text).not.toContain('hosts:\n')
    expect(await findings('sitrep.yaml', text)).toEqual([])
  })

  it.each(named.filter(({ page }) => page === 'docs/reference/actions.md'))(
    '$name, a step',
    async ({ text }) => {
      expect(await findings('example.yaml', around('steps', text))).toEqual([])
    },
  )

  it.each(named.filter(({ page }) => page === 'docs/reference/checks.md'))(
    '$name, a check',
    async ({ text }) => {
      expect(await findings('example.yaml', around('checks', text))).toEqual([])
    },
  )

  it('and no other YAML stands in them', () => {
    const known = named.filter(
      ({ page, text }) => /reference\//.test(page) || /^(runbook: |hosts:\n)/m.test(text),
    )
    expect(named.filter((block) => !known.includes(block)).map(({ name }) => name)).toEqual([])
  })
})

describe('the example of every', () => {
  it.each(actions)('action: $name fits its parameters, and its name and locks are told', (action) => {
    const params = action.params.parse(parse(action.example))
    expect(action.summary).toMatch(/^[A-Z].*\.$/)
    expect(action.locks(params).every((lock) => /^[\w.]+:./.test(lock))).toBe(true)
  })

  it.each(checkKinds)('check: $kind fits its parameters', (check) => {
    expect(['observe', 'probe']).toContain(check.effect(check.params.parse(parse(check.example))))
    expect(check.summary).toMatch(/^[A-Z].*\.$/)
  })

  it.each(logSourceKinds)('log: $kind is a name of its kind', (source) => {
    expect(source.params.safeParse(source.example).success).toBe(true)
  })
})

describe('commands of the documents exist, with their options', () => {
  const lines = blocks()
    .filter(({ language }) => language === '' || language === 'sh')
    .flatMap(({ text, page }) =>
      text.split('\n').map((line) => ({ line: line.replace(/\s+#.*$/, ''), page })),
    )
    .filter(({ line }) => /^sitrep \w/.test(line))

  it('there are some', () => expect(lines.length).toBeGreaterThan(10))

  it.each(lines)('$line ($page)', ({ line }) => {
    const [, name = '', ...words] = line.match(/"[^"]*"|[^\s"]+/g) ?? []
    const command = createProgram().commands.find((command) => command.name() === name)
    const known = command?.options.flatMap(({ long, short }) => [long, short])
    const unknown = words.filter((word) => word.startsWith('-') && known?.includes(word) !== true)
    expect({ command: command?.name(), unknown }).toEqual({ command: name, unknown: [] })
  })
})
