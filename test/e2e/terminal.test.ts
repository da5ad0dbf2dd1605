import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Tmux, tmux } from '../helpers/tmux.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { recorded } from './helpers/running.ts'
import { type Desk, desk, program } from './helpers/sitrep.ts'

/** Other test runs may share the machine. */
const patience = 20_000

describe('questions on a terminal', () => {
  let at: Desk
  let t: Tmux | undefined
  const file = (name: string) => join(at.cwd, name)
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')
  const steps = (...ids: string[]) =>
    ids.map((id) => ({ id, with: { run: `echo ${id} >> ${file('done')}` } }))
  const of = (type: string) =>
    recorded(at).flatMap((event) => (event.type === type ? [event.data as Record<string, unknown>] : []))

  async function open(...args: string[]): Promise<Tmux> {
    const script = `${[...program, ...args].join(' ')}; echo "ended with $?"; sleep 600`
    t = await tmux({ command: ['sh', '-c', script], cwd: at.cwd, env: at.env, columns: 100, rows: 50 })
    return t
  }
  const see = (pattern: RegExp) => t!.see(pattern, patience)
  const answer = async (text: string) => {
    await t!.type(text)
    await t!.press('Enter')
  }

  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
  })
  afterEach(async () => {
    await t?.kill()
    t = undefined
    at[Symbol.dispose]()
  })

  it('y runs a step, s skips it with a reason, n stops with exit 4', async () => {
    writeBook(at, steps('one', 'two', 'three', 'four'))
    await open('run', 'book.yaml')
    await see(/run echo one[\s\S]*Run this\?/)
    await answer('y')
    await see(/echo two[\s\S]*Run this\?[^\n]*$/m)
    await see(/two {2}Step two\n[\s\S]*Run this\? \[y\]es, \[s\]kip, \[n\]o, stop: *$/m)
    await answer('s')
    await see(/Why is it skipped\?/)
    await answer('not today')
    await see(/three {2}Step three\n[\s\S]*Run this\?/)
    await answer('n')
    await see(/ended with 4/)
    expect(read('done')).toBe('one\n')
    expect(of('step.approved')).toMatchObject([{ step: 'one', how: 'enter' }])
    expect(of('step.skipped').map(({ step, reason }) => [step, reason])).toEqual([
      ['two', 'not today'],
      ['three', 'stopped: stopped by the operator'],
    ])
  })

  it('on production the target is typed, once; something else stops', async () => {
    writeInventory(at, { here: { transport: 'local', production: true } })
    writeBook(at, steps('one', 'two'))
    await open('run', 'book.yaml')
    await see(/Type here to run this/)
    await answer('y')
    await see(/ended with 4/)
    await t!.kill()
    expect(read('done')).toBe('')

    await open('run', 'book.yaml')
    await see(/Type here to run this/)
    await answer('here')
    await see(/Step two[\s\S]*Run this\?/)
    await answer('y')
    await see(/ended with 0/)
    expect(read('done')).toBe('one\ntwo\n')
  })

  it('a manual step takes yes, no, or what was seen', async () => {
    const manual = (id: string) => ({ id, uses: 'manual', with: { ask: `Is ${id} green?` } })
    writeBook(at, [manual('one'), manual('two'), manual('three')])
    await open('run', 'book.yaml', '--yes')
    await see(/Is one green\?[\s\S]*what you saw: *$/m)
    await answer('y')
    await see(/Is two green\?[\s\S]*what you saw: *$/m)
    await answer('it was blue')
    await see(/Is it done, and right\?[^\n]*: *$/m)
    await answer('y')
    await see(/Is three green\?[\s\S]*what you saw: *$/m)
    await answer('it logged me out')
    await see(/it logged me out[\s\S]*Is it done, and right\?[^\n]*: *$/m)
    await answer('n')
    await see(/ended with 1/)
    expect(of('step.answered').map(({ answer }) => answer)).toEqual([
      'yes',
      'it was blue',
      'it logged me out',
    ])
  })

  it('a secret that is asked for is not echoed', async () => {
    writeBook(at, [{ id: 'one', with: { run: `printf %s {{ params.token }} > ${file('done')}` } }], {
      params: { token: { secret: true, description: 'The token' } },
    })
    await open('run', 'book.yaml', '--yes')
    await see(/token \(The token\): *$/m)
    await answer('hunter2-hunter2')
    expect(await see(/ended with 0/)).not.toContain('hunter2')
    expect(read('done')).toBe('hunter2-hunter2')
    expect(JSON.stringify(recorded(at))).not.toContain('hunter2')
  })

  it('ten answers pasted at once approve one step at most', async () => {
    writeBook(at, steps('one', 'two', 'three'))
    await open('run', 'book.yaml')
    await see(/Step one[\s\S]*Run this\?/)
    await t!.paste('y\n'.repeat(10), { raw: true })
    await see(/two {2}Step two\n[\s\S]*Run this\? \[y\]es, \[s\]kip, \[n\]o, stop: *$/m)
    expect(read('done')).toBe('one\n')
    await answer('n')
    await see(/ended with 4/)
    expect(read('done')).toBe('one\n')
  })

  it('ctrl-c at a question ends with 130, and the terminal is as it was', async () => {
    writeBook(at, steps('one'))
    await open('run', 'book.yaml')
    await see(/Run this\?/)
    await t!.press('C-c')
    await see(/ended with 130/)
    expect(read('done')).toBe('')
    expect(of('run.finished')).toMatchObject([{ exit: 130 }])
    await t!.type('echoed')
    await see(/echoed/)
  })

  it('faults 10 and 11: what a host shows in a plan does not drive the terminal', async () => {
    writeFileSync(file('live'), 'ok\n\u001b]52;c;aGFja2Vk\u0007\u001b[2J\u001b[31mred\u001b]0;owned\u0007 ‮\n')
    writeBook(at, [
      { id: 'one', uses: 'file.sync', with: { path: file('live'), source: { text: 'fine\n' } } },
    ])
    await open('run', 'book.yaml')
    const screen = await see(/Run this\?/)
    expect(screen).toContain('-‹OSC›‹CSI›red‹OSC› ‹U+202E›')
    expect(screen.match(/differs from the given text/g)).toHaveLength(1)
    expect(screen).toContain('Step one')
    expect(await t!.value('#{pane_title}')).not.toContain('owned')
    await expect(t!.buffer()).rejects.toThrow()
    await answer('n')
    await see(/ended with 4/)
  })
})
