import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from '../helpers/book.ts'
import { type Desk, desk } from '../helpers/sitrep.ts'
import { secrets, secretsIn } from './forms.ts'
import { foreignIn, hostile } from './hostile.ts'

let at: Desk
const file = (name: string) => join(at.cwd, name)
const { token } = secrets

beforeEach(() => {
  at = desk({ BOOK_TOKEN: token })
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
})
afterEach(() => at[Symbol.dispose]())

/** Runs a command that fails, with --debug too, and looks at all that it says. */
async function fails(exit: number, ...args: string[]): Promise<string> {
  const said: string[] = []
  for (const more of [[], ['--debug']]) {
    const { exitCode, stdout, stderr } = await at.sitrep(...args, ...more)
    expect(exitCode, stderr).toBe(exit)
    expect(stderr).not.toBe('')
    said.push(stdout, stderr)
  }
  expect(secretsIn(said.join('\n'))).toEqual([])
  expect(foreignIn(said.join('\n'))).toEqual([])
  return said.join('\n')
}

describe('fault 27: errors, --debug and stack traces', () => {
  it('of a runbook that can not be parsed show neither a secret of it nor a control character', async () => {
    for (const text of [
      `runbook: book\nparams: { token: { secret: true, default: ${JSON.stringify(token)} }\nsteps:\n  - password: "${token}`,
      `runbook: book\ntitle: x\nhosts: here\nsteps:\n  - id: one\n    password: ${JSON.stringify(token)}\n`,
      `runbook: "${JSON.stringify(hostile).slice(1, -1)}"\nDB_PASSWORD: ${JSON.stringify(token)}\n`,
    ]) {
      writeFileSync(file('bad.yaml'), text)
      expect(await fails(2, 'plan', 'bad.yaml')).toContain('bad.yaml:')
    }
    writeFileSync(
      file('inv.yaml'),
      `hosts: { here: { transport: local, password: ${JSON.stringify(token)} } }\n`,
    )
    writeBook(at, [{ id: 'one', with: { run: 'true' } }])
    await fails(2, 'plan', 'book.yaml', '--inventory', 'inv.yaml')
  })

  it('of a secret parameter do not show its value: wrong, too short, on the command line, not to be read', async () => {
    const given = (spec: Record<string, unknown>) =>
      writeBook(at, [{ id: 'one', with: { run: 'echo {{ params.token }}' } }], {
        params: { token: { secret: true, ...spec } },
      })
    given({ from: 'env:BOOK_TOKEN', pattern: '^[0-9]+$' })
    expect(await fails(2, 'plan', 'book.yaml')).toContain('does not match')
    given({ from: 'env:BOOK_TOKEN' })
    expect(await fails(2, 'run', 'book.yaml', '--yes', '--param', `token=${token}`)).toContain('token=@FILE')
    expect(await fails(2, 'run', 'book.yaml', '--yes', '--from', token)).not.toContain('Zebra')
    at.env.BOOK_TOKEN = 'ab1'
    const short = await fails(2, 'plan', 'book.yaml')
    expect(short).toContain('shorter than 4')
    expect(short).not.toContain('ab1')
  })

  it('of a host that answers with a secret or an escape are inert and redacted, also in their trace', async () => {
    writeFileSync(file('bait'), token)
    writeBook(
      at,
      [
        {
          id: 'one',
          with: {
            run: `cat '${file('bait')}' >&2; printf '\\033]0;x\\007' >&2; : {{ params.token }}; exit 3`,
          },
        },
      ],
      { params: { token: { secret: true, from: 'env:BOOK_TOKEN' } } },
    )
    expect(await fails(1, 'run', 'book.yaml', '--yes')).toContain('‹secret:token›')
  })

  it('of what nobody caught are told the same way, and end it with 1', async () => {
    mkdirSync(file('lib'))
    // A fault in the program itself, in the middle of a command that knows a secret.
    writeFileSync(
      file('lib/crash.mjs'),
      `const crash = () => { const error = new Error('no login with ' + process.env.BOOK_TOKEN + '\\u001b]0;PWNED\\u0007'); error.cause = process.env.BOOK_TOKEN; throw error }
      setTimeout(() => process.env.CRASH === 'reject' ? void Promise.reject(new Error(process.env.BOOK_TOKEN + '\\u009b2J')) : crash(), 1500)\n`,
    )
    for (const how of ['throw', 'reject']) {
      // A step of its own each time: the command of the one that crashed goes on, and keeps its lock.
      writeBook(at, [{ id: how, with: { run: 'sleep 30; : {{ params.token }}' } }], {
        params: { token: { secret: true, from: 'env:BOOK_TOKEN' } },
      })
      at.env.CRASH = how
      at.env.NODE_OPTIONS = `--import=${file('lib/crash.mjs')}`
      const { exitCode, stderr } = await at.sitrep('run', 'book.yaml', '--yes')
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/sitrep: .*‹secret:token›/)
      expect(stderr).toMatch(/\n {4}at /)
      expect(secretsIn(stderr)).toEqual([])
      expect(foreignIn(stderr)).toEqual([])
    }
  })
})
