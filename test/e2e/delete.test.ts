import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tmux } from '../helpers/tmux.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { sit } from './helpers/console.ts'
import { type Desk, desk, program } from './helpers/sitrep.ts'

const hasTmux = execaSync('tmux', ['-V'], { reject: false }).exitCode === 0

let at: Desk
let id: string
const file = (name: string) => join(at.cwd, name)
const folder = () => join(at.home, 'incidents', id)

beforeEach(async () => {
  at = desk()
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
  writeBook(at, [{ id: 'one', with: { run: 'seq 1 400' } }])
  await at.sitrep('run', 'book.yaml', '--yes')
  id = at.incident()
})
afterEach(() => at[Symbol.dispose]())

describe('deleting an incident', () => {
  it('is not done without a yes where nobody can be asked; then it says what goes and what stays elsewhere', async () => {
    await at.sitrep('export', id, '-o', file('post.md'))
    await at.sitrep('archive', id)
    const before = readdirSync(folder(), { recursive: true })
    const asked = await at.sitrep('delete', id)
    expect(asked).toMatchObject({ exitCode: 4, stdout: '' })
    for (const part of [/record: \d+ files/, /artifacts: 1 file,/, /postmortem and others: 2 files/])
      expect(asked.stderr).toMatch(part)
    expect(asked.stderr).toContain(
      `What was written elsewhere stays:\n  ${file('post.md')}\n  ${file(`${id}.sitrep.tgz`)}`,
    )
    expect(asked.stderr).toContain('give --yes')
    expect(readdirSync(folder(), { recursive: true })).toEqual(before)

    const done = await at.sitrep('delete', id.slice(0, 14), '--yes')
    expect(done).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`deleted: ${id}`) })
    expect(existsSync(folder())).toBe(false)
    expect(readdirSync(at.home).filter((name) => name.startsWith('deleted-'))).toEqual([])
    expect(existsSync(file('post.md'))).toBe(true)
    expect((await at.sitrep('delete', id, '--yes')).exitCode).toBe(2)
    // What was archived can be taken in again.
    expect((await at.sitrep('open', file(`${id}.sitrep.tgz`))).stdout).toBe(id)
  })

  it('can be done where the record can not be read', async () => {
    execaSync('sh', ['-c', 'for f in "$0"/journal/*; do echo broken > "$f"; done', folder()])
    expect((await at.sitrep('delete', id, '--yes')).exitCode).toBe(0)
    expect(existsSync(folder())).toBe(false)
  })

  it.runIf(hasTmux)(
    `is asked on a terminal: the whole id has to be typed${hasTmux ? '' : ' (no tmux here)'}`,
    async () => {
      for (const [typed, gone] of [
        ['yes', false],
        [id.slice(0, -1), false],
        [id, true],
      ] as const) {
        await using t = await tmux({
          command: [...program, 'delete', id.slice(0, 14)],
          cwd: at.cwd,
          env: at.env,
          columns: 120,
          rows: 24,
          shell: true,
        })
        await t.see(new RegExp(`Type ${id} to delete it: *$`, 'm'))
        await t.type(typed)
        await t.press('Enter')
        await t.see(gone ? /^deleted: /m : /was not deleted/)
        expect(existsSync(folder())).toBe(!gone)
      }
    },
  )

  it.runIf(hasTmux)(
    `stops a console that still records to it${hasTmux ? '' : ' (no tmux here)'}`,
    async () => {
      await using person = await sit(at, ['open', id])
      const { t } = person
      await t.see(/A book .*investigating/)
      expect((await at.sitrep('delete', id, '--yes')).exitCode).toBe(0)
      await t.press('a')
      await t.see(/Back-date it/)
      await t.type('too late')
      await t.press('Enter')
      await t.see(/RECORDING STOPPED/)
      expect(existsSync(folder())).toBe(false)
    },
  )
})
