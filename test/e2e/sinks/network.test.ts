import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa, execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from '../helpers/book.ts'
import { type Desk, desk, program } from '../helpers/sitrep.ts'

/** True where strace may trace here. */
const traces =
  execaSync('strace', ['-f', '-o', '/dev/null', '-e', 'trace=socket', 'true'], { reject: false }).exitCode ===
  0

let at: Desk
const file = (name: string) => join(at.cwd, name)

/** The sockets that a command and all that it starts open towards a network, as strace tells them. */
async function socketsOf(args: readonly string[]): Promise<string[]> {
  const told = file('trace')
  const { stderr } = await execa(
    'strace',
    ['-f', '-qq', '-e', 'trace=socket,connect', '-o', told, ...program, ...args],
    {
      cwd: at.cwd,
      env: at.env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    },
  )
  expect(stderr).not.toMatch(/strace:/)
  expect(existsSync(told)).toBe(true)
  return readFileSync(told, 'utf8')
    .split('\n')
    .filter((line) => /AF_(?:INET|INET6|PACKET|NETLINK)/.test(line))
}

describe.runIf(traces)(`what leaves the machine${traces ? '' : ' (no strace here)'}`, () => {
  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
    writeBook(at, [{ id: 'one', with: { run: 'echo hello', undo: 'echo back' } }], {
      checks: [{ id: 'up', title: 'Up', command: { run: 'echo yes' } }],
    })
  })
  afterEach(() => at[Symbol.dispose]())

  it('is nothing, by any command that is not told to reach a host', async () => {
    expect(await socketsOf(['run', 'book.yaml', '--yes'])).toEqual([])
    const id = at.incident()
    writeFileSync(file('alert.txt'), 'down: http://pwned.example/')
    for (const args of [
      ['plan', 'book.yaml'],
      ['check', 'book.yaml'],
      ['lint', 'book.yaml'],
      ['declare', 'Another', '--from', 'alert.txt'],
      ['note', id, 'see http://pwned.example/'],
      ['set', id, 'impact=x'],
      ['status', id, 'monitoring'],
      ['list'],
      ['timeline', id],
      ['export', id],
      ['export', id, '-o', 'post.md'],
      ['verify', id],
      ['scan', id],
      ['archive', id, '-o', 'one.tgz'],
      ['timeline', './one.tgz'],
      ['open', './one.tgz'],
      ['undo', id, '--yes'],
      ['hosts'],
      ['schema'],
      ['--help'],
      ['--version'],
      ['delete', id, '--yes'],
    ])
      expect(await socketsOf(args), args.join(' ')).toEqual([])
  })

  it('is what a command says: the look sees the connection to a host', async () => {
    writeInventory(at, { far: { address: '127.0.0.1', port: 1 } })
    expect(await socketsOf(['plan', 'book.yaml', '--host', 'far'])).not.toEqual([])
  })
})
