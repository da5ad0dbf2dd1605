import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sourceFolder } from '../../src/logs/store/names.ts'
import type { EventData } from '../../src/model/event.ts'
import { canMount, smallDisk } from '../journal/smallDisk.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { sit } from './helpers/console.ts'
import { recorded, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

let at: Desk
const file = (name: string) => join(at.cwd, name)
const log = () => file('app.log')
const source = () => `file:${log()}`
const folder = () =>
  join(at.home, 'incidents', at.incident(), sourceFolder({ host: 'here', kind: 'file', name: log() }))
const declared = () => {
  const root = join(at.home, 'incidents')
  return existsSync(root) && readdirSync(root).length > 0
}
const parts = () => (declared() && existsSync(folder()) ? readdirSync(folder()).sort() : [])
const ofType = <T extends 'log.kept' | 'log.pinned'>(type: T) =>
  recorded(at)
    .filter((record) => record.type === type)
    .map(({ data }) => data as EventData<T>)
const read = async (...more: string[]) => {
  const { stdout } = await at.sitrep('logs', 'here', source(), '--incident', at.incident(), ...more)
  return stdout.split('\n')
}

/** A step that goes on until this test lets it, so that the log is followed meanwhile. */
const holding = () => `while [ ! -e ${file('go')} ]; do sleep 0.05; done`

describe('logs on disk', () => {
  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
    writeFileSync(log(), 'begin\n')
  })
  afterEach(() => at[Symbol.dispose]())

  it('a run keeps what it follows; it is read back by time, sealed, and travels in an archive', async () => {
    const token = 'tok-5f0c1b9a77'
    at.env.APP_TOKEN = token
    writeBook(at, [{ id: 'wait', with: { run: holding(), undo: 'true' } }], {
      params: { token: { secret: true, from: 'env:APP_TOKEN' } },
      logs: [{ file: log() }],
      symptoms: ['Login error'],
    })
    const running = at.sitrep('run', 'book.yaml', '--yes')
    await until(
      () => 'the log is followed',
      () => parts().length === 1,
    )
    const said = new Date().toISOString()
    appendFileSync(log(), `${said} Login error for ${token}\n\u001b]0;title\u0007after\n`)
    await until(
      () => 'the line stands on disk',
      () => readFileSync(join(folder(), parts()[0]!), 'utf8').includes('after'),
    )
    // The folder of another host, or another name, is not this log.
    expect((await at.sitrep('logs', 'there', source(), '--incident', at.incident())).exitCode).toBe(2)
    // The part is not closed yet: its name is told all the same.
    const wrong = await at.sitrep('logs', 'here', 'unit:nginx', '--incident', at.incident())
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      2,
      expect.stringContaining(`has nothing of unit:nginx on here\n  kept of it: here ${source()}`),
    ])
    const live = await read('--grep', 'Login')
    writeFileSync(file('go'), '')
    expect((await running).exitCode).toBe(0)

    const [first, second, third] = await read()
    expect(first).toMatch(/^20\d\d-\S+Z {2}begin$/)
    expect(second).toMatch(/^20\d\d-\S+Z {2}20\d\d-\S+Z Login error for ‹secret:.+›$/)
    expect(third).toMatch(/‹OSC[^›]*›after$/)
    expect(live).toEqual([second])
    const received = second!.slice(0, 24)
    expect(await read('--since', received, '--until', received, '--grep', 'Login')).toEqual([second])
    expect(await read('--until', '2026-01-01')).toEqual([''])
    expect(JSON.parse((await read('--json', '--grep', 'Login'))[0]!)).toMatchObject({
      received,
      hostTime: said,
      stream: 'stdout',
      text: expect.stringContaining('Login error'),
    })

    expect(parts()).toEqual([expect.stringMatching(/\.log\.gz$/)])
    expect(ofType('log.kept')).toMatchObject([{ host: 'here', source: source(), lines: 3 }])
    expect(ofType('log.pinned')).toMatchObject([{ symptom: 'Login error', hostTime: said, at: said }])
    const verified = JSON.parse((await at.sitrep('verify', at.incident(), '--json')).stdout)
    expect(verified).toMatchObject({ whole: true, logs: { checked: 1, open: [], bad: [] } })
    const packed = file('one.sitrep.tgz')
    expect((await at.sitrep('archive', at.incident(), '-o', packed)).exitCode).toBe(0)
    expect((await at.sitrep('logs', 'here', source(), '--incident', packed)).stdout.split('\n')[0]).toBe(
      first,
    )
    for (const incident of [at.incident(), packed]) {
      const names = await at.sitrep('logs', 'here', '--incident', incident)
      expect(names).toMatchObject({ exitCode: 0, stdout: `here ${source()}`, stderr: '' })
    }
    const json = await at.sitrep('logs', 'here', '--incident', packed, '--json')
    expect(JSON.parse(json.stdout)).toEqual({ host: 'here', kind: 'file', name: log() })
    const elsewhere = await at.sitrep('logs', 'there', '--incident', packed)
    expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([
      2,
      expect.stringContaining(`has nothing of there\n  kept of it: here ${source()}`),
    ])
  })

  it('a console that is killed leaves its log readable; the next one that follows it closes it', async () => {
    writeBook(at, [{ id: 'wait', with: { run: 'true', undo: 'true' } }], { logs: [{ file: log() }] })
    expect((await at.sitrep('declare', 'Killed')).exitCode).toBe(0)
    const id = at.incident()
    {
      await using person = await sit(at, ['open', id, '--runbook', './book.yaml'])
      await until(
        () => `the log is followed: ${person.stderr()}`,
        () => parts().length === 1,
      )
      for (let n = 0; n < 500; n++) appendFileSync(log(), `line ${n}\n`)
      await until(
        () => 'the lines stand on disk',
        () => readFileSync(join(folder(), parts()[0]!), 'utf8').includes('line 499'),
      )
      process.kill(await person.pid(), 'SIGKILL')
    }
    expect(parts()).toEqual([expect.stringMatching(/\.log$/)])
    const [open] = parts()
    const left = await read()
    expect(left).toHaveLength(501)
    expect(left.at(-1)).toMatch(/ {2}line 499$/)
    const untold = JSON.parse((await at.sitrep('verify', id, '--json')).stdout)
    expect(untold).toMatchObject({ whole: true, logs: { checked: 0, bad: [] } })
    expect(JSON.stringify(untold.logs.open)).toContain(open)

    expect((await at.sitrep('run', 'book.yaml', '--yes', '--incident', id)).exitCode).toBe(0)
    expect(parts()).toEqual([`${open}.gz`, expect.stringMatching(/\.log\.gz$/)])
    expect(ofType('log.kept').find(({ file }) => file.endsWith(`${open}.gz`))?.lines).toBe(501)
    expect((await read()).slice(0, 501)).toEqual(left)
    expect(JSON.parse((await at.sitrep('verify', id, '--json')).stdout)).toMatchObject({
      whole: true,
      logs: { checked: 2, open: [], bad: [] },
    })
  })

  it.skipIf(!canMount)(
    'fault 41: a log that fills the disk stops itself, and never the incident',
    async () => {
      const disk = await smallDisk('20m')
      symlinkSync(disk.dir, at.home)
      // 6 MiB of what no compression makes smaller by much, where logs leave 16 of 20 MiB.
      const flood = `for n in 1 2 3 4 5 6; do head -c 786432 /dev/urandom | base64 >> ${log()}; done; echo end >> ${log()}`
      writeBook(
        at,
        [
          { id: 'flood', with: { run: flood, undo: 'true' } },
          { id: 'wait', with: { run: holding(), undo: 'true' } },
        ],
        { logs: [{ file: log() }] },
      )
      const running = at.sitrep('run', 'book.yaml', '--yes')
      const stored = () => parts().reduce((sum, name) => sum + statSync(join(folder(), name)).size, 0)
      await until(
        () => `the log stopped: ${stored()} bytes`,
        () => stored() > 2_000_000,
      )
      await until(
        () => 'the second step runs',
        () =>
          recorded(at).some(
            ({ type, data }) => type === 'step.started' && (data as { step: string }).step === 'wait',
          ),
      )
      writeFileSync(file('go'), '')
      const { exitCode, stdout, stderr } = await running
      expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('RECORDING STOPPED')])
      expect(stdout).toContain('ok: exit 0')
      const lines = (await read()).length
      expect(lines).toBeGreaterThan(20_000)
      expect(lines).toBeLessThan(6 * 13_797)
      expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    },
  )

  it('says what is wrong with how a log is asked for', async () => {
    expect((await at.sitrep('declare', 'Nothing followed')).exitCode).toBe(0)
    const none = await at.sitrep('logs', 'here', source(), '--incident', at.incident())
    expect(none.exitCode).toBe(2)
    expect(none.stderr).toContain(`has nothing of ${source()} on here\n  no log was kept of it`)
    const unnamed = await at.sitrep('logs', 'here')
    expect([unnamed.exitCode, unnamed.stderr]).toEqual([2, expect.stringContaining('which log of here?')])
    const alone = await at.sitrep('logs', 'here', source(), '--since', '-5m')
    expect([alone.exitCode, alone.stderr]).toEqual([2, expect.stringContaining('give --incident too')])
    expect(
      (await at.sitrep('logs', 'here', source(), '--incident', at.incident(), '--grep', '(')).exitCode,
    ).toBe(2)
    expect((await at.sitrep('logs', 'here', 'paper:x', '--incident', at.incident())).stderr).toContain(
      'unknown log',
    )
  })
})
