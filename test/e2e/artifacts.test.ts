import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBook, writeInventory } from './helpers/book.ts'
import { recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

let at: Desk
const file = (name: string) => join(at.cwd, name)
const folder = () => join(at.home, 'incidents', at.incident(), 'artifacts')
const stored = (sha256 = 'none') => gunzipSync(readFileSync(join(folder(), `${sha256}.gz`))).toString()
const of = (type: string) => recorded(at).flatMap((record) => (record.type === type ? [record.data] : []))
type Applied = { stdout: string; artifact?: { sha256: string; bytes: number; cut?: boolean } }
type Added = { sha256: string; name: string; host: string; original?: string; cut: boolean }
const lines = (count: number) => `seq 1 ${count} | awk '{ printf "%-99s\\n", $1 }'`

beforeEach(() => {
  at = desk()
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
})
afterEach(() => at[Symbol.dispose]())

describe('artifacts of a run', () => {
  it('hold all that a step printed, compressed, under a name that sha256sum checks, and no secret', async () => {
    const secret = 'tok-5f3a9c77e1'
    at.env.CORE_TOKEN = secret
    writeBook(
      at,
      [
        {
          id: 'print',
          with: { run: `${lines(25_000)}; echo {{ params.token }}; echo late >&2`, undo: 'true' },
        },
      ],
      { params: { token: { secret: true, from: 'env:CORE_TOKEN' } } },
    )
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
    const [applied] = of('step.applied') as Applied[]
    expect(applied?.artifact?.bytes).toBeGreaterThan(2_500_000)
    const text = stored(applied?.artifact?.sha256)
    expect(text.split('\n').filter((line) => /^\d/.test(line))).toHaveLength(25_000)
    expect(text).toContain('‹secret:token›\n')
    expect(text).toContain('‹stderr› late\n')
    expect(text).not.toContain(secret)
    for (const name of readdirSync(folder())) {
      const path = join(folder(), name)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(`${createHash('sha256').update(readFileSync(path)).digest('hex')}.gz`).toBe(name)
      expect(statSync(path).size).toBeLessThan(500_000)
    }
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    expect(at.postmortem()).toContain(applied?.artifact?.sha256)
  })

  it('hold the file that was replaced and its diff, with the sha256 of the host’s own bytes', async () => {
    const before = 'listen 80\ndb_password hunter22x\n'
    writeFileSync(file('app.conf'), before)
    writeFileSync(file('new.conf'), 'listen 81\ndb_password hunter22x\n')
    writeBook(at, [
      { id: 'sync', uses: 'file.sync', with: { source: file('new.conf'), path: file('app.conf') } },
    ])
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
    const added = of('artifact.added') as Added[]
    expect(added.map(({ name }) => name)).toEqual([
      `diff of ${file('app.conf')}`,
      `file ${file('app.conf')}`,
      `file ${file('new.conf')}`,
    ])
    expect(added[1]?.original).toBe(createHash('sha256').update(before).digest('hex'))
    expect(stored(added[0]?.sha256)).toContain('-listen 80\n+listen 81\n')
    expect(stored(added[1]?.sha256)).toMatch(/^listen 80\ndb_password ‹[^›]+›\n$/)
    for (const { sha256 } of added) expect(stored(sha256)).not.toContain('hunter22x')
    expect((await at.sitrep('run', 'book.yaml', '--yes', '--incident', at.incident())).exitCode).toBe(0)
    expect(of('artifact.added')).toHaveLength(3)
  })

  it('`plan` keeps nothing', async () => {
    writeFileSync(file('app.conf'), 'a\n')
    writeFileSync(file('new.conf'), 'b\n')
    writeBook(at, [
      { id: 'sync', uses: 'file.sync', with: { source: file('new.conf'), path: file('app.conf') } },
    ])
    expect((await at.sitrep('plan', 'book.yaml')).exitCode).toBe(0)
    expect(existsSync(at.home) ? readdirSync(at.home) : []).not.toContain('incidents')
  })

  it('fault 29: a console killed while a step prints: the next run keeps all of it, and removes the half', async () => {
    const go = file('go')
    writeBook(at, [
      {
        id: 'print',
        with: {
          run: `${lines(12_000)}; while [ ! -e ${go} ]; do sleep 0.05; done; ${lines(12_000)}`,
          undo: 'true',
        },
      },
    ])
    const first = start(at, 'run', 'book.yaml', '--yes')
    const parts = () =>
      (existsSync(folder()) ? readdirSync(folder()) : []).filter((name) => name.endsWith('.part'))
    await until(
      () => `an artifact in the making; ${first.stderr()}`,
      () => recorded(at).length > 0 && parts().length === 1,
    )
    first.kill('SIGKILL')
    await first.ended
    const half = join(folder(), parts()[0] ?? '')
    execFileSync('touch', ['-d', '2 hours ago', half])
    writeFileSync(go, '')
    const again = await at.sitrep('run', 'book.yaml', '--yes', '--incident', at.incident())
    expect(again.exitCode).toBe(0)
    const applied = (of('step.applied') as Applied[]).filter(({ artifact }) => artifact !== undefined)
    expect(applied).toHaveLength(1)
    expect(stored(applied[0]?.artifact?.sha256).split('\n')).toHaveLength(24_001)
    expect(parts()).toEqual([])
  })
})
