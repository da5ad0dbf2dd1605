import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from '../helpers/book.ts'
import { sit } from '../helpers/console.ts'
import { type Desk, desk } from '../helpers/sitrep.ts'
import { escapedJson, foreignIn, hostile } from './hostile.ts'

const hasTmux = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0

let at: Desk
let id: string
const file = (name: string) => join(at.cwd, name)

/** Puts hostile text into every string of every record that may hold text, as a hand that edits the file would. */
function edit(): void {
  const dir = join(at.home, 'incidents', id, 'journal')
  const free = new Set([
    'title',
    'text',
    'say',
    'because',
    'reason',
    'stdout',
    'stderr',
    'observed',
    'evidence',
    'command',
    'name',
    'path',
    'by',
    'expected',
    'runbook',
    'file',
    'host',
  ])
  const change = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return free.has(key) ? `${value} ${hostile}` : value
    if (Array.isArray(value)) return value.map((one) => change(one, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, change(one, name)]))
  }
  for (const name of readdirSync(dir)) {
    const lines = readFileSync(join(dir, name), 'utf8').trimEnd().split('\n')
    writeFileSync(join(dir, name), lines.map((line) => `${escapedJson(change(JSON.parse(line)))}\n`).join(''))
  }
}

describe('a journal that was changed by hand', () => {
  beforeEach(async () => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
    writeBook(at, [{ id: 'one', with: { run: 'echo hello', undo: 'echo back' } }], {
      checks: [{ id: 'up', title: 'Up', command: { run: 'echo yes' } }],
    })
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
    id = at.incident()
    await at.sitrep('note', id, 'a note')
    await at.sitrep('archive', id, '-o', file('whole.tgz'))
    edit()
    execaSync('tar', ['czf', file('edited.tgz'), '-C', join(at.home, 'incidents'), id])
  })
  afterEach(() => at[Symbol.dispose]())

  it('fault 10: is inert in every command that reads it, also as JSON, and from an archive', async () => {
    const all = [
      ['list'],
      ['list', '--json'],
      ...[id, './edited.tgz'].flatMap((from) => [
        ['timeline', from],
        ['timeline', from, '--json'],
        ['export', from],
        ['verify', from],
        ['verify', from, '--json'],
        ['scan', from],
        ['scan', from, '--json'],
      ]),
      ['export', id, '-o', 'post.md'],
      ['export', './edited.tgz', '-o', 'other.md'],
      ['undo', id],
      ['delete', id],
      ['open', './edited.tgz'],
      ['open', './whole.tgz'],
    ]
    for (const args of all) {
      const { stdout, stderr } = await at.sitrep(...args)
      const said = `${stdout}\n${stderr}`
      expect(said.length, args.join(' ')).toBeGreaterThan(10)
      expect(foreignIn(said), args.join(' ')).toEqual([])
      // What a reader of JSON makes of it is text too.
      for (const line of args.includes('--json') ? stdout.split('\n') : []) {
        const strings: string[] = []
        JSON.parse(line, (key, value) => {
          strings.push(key, ...(typeof value === 'string' ? [value] : []))
          return value
        })
        expect(foreignIn(strings.join('\n')), args.join(' ')).toEqual([])
      }
    }
    for (const name of ['post.md', 'other.md'])
      expect(foreignIn(readFileSync(file(name), 'utf8'))).toEqual([])
    expect((await at.sitrep('timeline', id)).stdout).toContain('‹OSC›')
    expect((await at.sitrep('verify', id)).exitCode).toBe(1)
  })

  it.runIf(hasTmux)(`fault 16: is inert in the console${hasTmux ? '' : ' (no tmux here)'}`, async () => {
    await using person = await sit(at, ['open', id], { raw: file('raw'), env: { INK_SCREEN_READER: 'true' } })
    await person.t.see(/SEV3 +A book/)
    await person.t.pressUntil('4', /\[4 timeline\]/)
    await person.t.see(/a note/)
    await person.leave()
    expect(foreignIn(readFileSync(file('raw'), 'utf8'))).toEqual([])
    expect(foreignIn(at.postmortem())).toEqual([])
  })
})
