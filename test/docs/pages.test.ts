import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { references } from '../../.ci/reference.ts'
import { eventData } from '../../src/model/event.ts'
import { substitute } from '../../src/runbook/template.ts'
import { blocks, pages } from './blocks.ts'

const root = join(import.meta.dirname, '../..')
const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8')

/** The rule as test/architecture.test.ts holds it: folder, and what it may import beside itself. */
const rule = [
  ...readFileSync(join(root, 'test/architecture.test.ts'), 'utf8').matchAll(
    /^ {2}'?([\w/]+)'?: \[(.*)\],$/gm,
  ),
].map(([, folder = '', list = '']) => [folder, list.match(/[\w/.]+/g) ?? []] as const)

/** The anchor of a heading, as Markdown hosts make it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')

const anchors = new Map(
  pages().map(({ page, text }) => [
    page,
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title)),
  ]),
)

it.each(references())('$file says what the code says (else: npm run generate)', ({ file, text }) => {
  expect(readFileSync(join(root, file), 'utf8')).toBe(text)
})

it.each(pages())('the links of $page lead somewhere', ({ page, text }) => {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : relative(root, join(root, dirname(page), path))
    if (!existsSync(join(root, target))) return true
    return anchor !== undefined && anchors.get(target)?.includes(anchor) !== true
  })
  expect(broken).toEqual([])
})

it.each(pages())('$page is plain and names no place of one machine', ({ text }) => {
  expect(text).not.toMatch(/\p{Emoji_Presentation}/u)
  expect(text).not.toMatch(/\/(home|Users)\/(?!deploy\b)|\/root\/|\/work\//)
})

it('every event type says in one sentence what it is', () => {
  const silent = Object.entries(eventData).filter(([, { description }]) => !description)
  expect(silent.map(([type]) => type)).toEqual([])
})

describe('docs/architecture.md', () => {
  it('lists the way from a key to the postmortem, each file once, each there', () => {
    const way = [...architecture.matchAll(/^\d+\. `([^`]+)`: ./gm)].map(([, file = '']) => file)
    expect(way.length).toBeGreaterThan(20)
    expect(way.filter((file) => !existsSync(join(root, file)))).toEqual([])
    expect(new Set(way).size).toBe(way.length)
    expect(way.at(0)).toMatch(/^views\//)
    expect(way.at(-1)).toMatch(/^src\/postmortem\//)
  })

  it.each(rule)('tells what %s may import, as the test of the rule has it', (folder, allowed) => {
    const row = new RegExp(`^\\| \`${folder}\` \\| .* \\| (.*) \\|$`, 'm').exec(architecture)?.[1] ?? ''
    for (const name of allowed) expect(row).toContain(name.replace(/^src\//, ''))
    if (allowed.length === 0) expect(row).toBe('nothing of ours')
  })
})

describe('docs/writing-runbooks.md', () => {
  const lines = blocks()
    .filter(({ page, language }) => page === 'docs/writing-runbooks.md' && language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.split(/\s+# becomes\s+/) as [written: string, becomes: string])

  it.each(lines)('%s becomes %s', (written, becomes) => {
    const { value, problems } = substitute({ run: written }, () => ({ is: 'value', value: "it's here" }), [
      'run',
    ])
    expect(problems).toEqual([])
    expect(value).toEqual({ run: { shell: becomes, secrets: {} } })
  })
})
