import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canMount } from '../journal/smallDisk.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { approves, journaled, sit } from './helpers/console.ts'
import { type Running, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

/** Prints more than the rest of a page holds, on both streams, and less than what is kept beside the journal. */
const long = `head -c 1900 /dev/zero | tr '\\0' x; head -c 1900 /dev/zero | tr '\\0' y >&2`

describe.skipIf(!canMount)('fault 41: the disk of the state folder, as the command line tells it', () => {
  let at: Desk
  let running: Running | undefined
  const file = (name: string) => join(at.cwd, name)
  const filler = () => join(at.home, 'filler')
  const touch = (name: string) => ({ run: `touch ${file(name)}` })
  const run = (...args: string[]) => at.sitrep('run', 'book.yaml', '--yes', '--json', ...args)
  const jobs = () => {
    const folder = join(at.cwd, 'host-state', 'sitrep', 'jobs')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  /** Fills the state's disk to the last block. */
  const fill = () => {
    const { bavail, bsize } = statfsSync(at.home)
    appendFileSync(filler(), Buffer.alloc(bavail * bsize, 120))
  }
  const filling = () => `cat /dev/zero >> ${filler()} 2>/dev/null; echo filled`
  const drain = () => truncateSync(filler())

  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeInventory(at)
    mkdirSync(at.home)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', at.home])
    writeFileSync(filler(), '')
  })
  afterEach(async () => {
    running?.kill('SIGKILL')
    await running?.ended
    running = undefined
    execFileSync('umount', ['--lazy', at.home])
    at[Symbol.dispose]()
  })

  it('fills up during a step: its result and verdict are recorded in the reserve, the next step is not begun, exit 6; with room again it goes on', async () => {
    const steps = [
      { id: 'one', with: { run: filling() } },
      { id: 'two', with: touch('done') },
    ]
    writeBook(at, steps)
    const { exitCode, stdout, stderr } = await run()
    expect(exitCode).toBe(6)
    expect(stderr).toMatch(
      /^RECORDING STOPPED: ENOSPC: no space left on device.*; results are still recorded, nothing more is changed$/m,
    )
    expect(stderr).toMatch(/^sitrep: RECORDING STOPPED: ENOSPC/m)
    expect(existsSync(file('done'))).toBe(false)
    expect(existsSync(join(at.home, 'reserve'))).toBe(false)
    expect(journaled(at, 'step.applied')).toMatchObject([{ step: 'one', exitCode: 0, stdout: 'filled' }])
    expect(journaled(at, 'step.verified')).toMatchObject([{ step: 'one', verdict: 'ok' }])
    expect(journaled(at, 'step.started')).toHaveLength(1)
    expect(journaled(at, 'recording.stopped')).toHaveLength(1)
    expect(journaled(at, 'run.finished')).toMatchObject([
      { exit: 6, summary: expect.stringContaining('recording stopped: ENOSPC') },
    ])
    expect(at.events(stdout).at(-1)).toMatchObject({ type: 'run.finished', data: { exit: 6 } })
    expect(jobs()).toEqual([])

    // Without room nothing can begin, and reading works.
    fill()
    const again = await run('--incident', at.incident(), '--from', 'two')
    expect(again.exitCode).toBe(6)
    expect(again.stderr).toContain('RECORDING STOPPED')
    expect(existsSync(file('done'))).toBe(false)
    expect((await at.sitrep('timeline', at.incident())).stdout).toContain('Recording stopped: ENOSPC')
    expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)

    drain()
    const later = await run('--incident', at.incident(), '--from', 'two')
    expect({ exitCode: later.exitCode, stderr: later.stderr }).toMatchObject({ exitCode: 0 })
    expect(existsSync(file('done'))).toBe(true)
    expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    expect(at.postmortem()).toContain('Recording stopped')
  })

  it('is full to the last block, the reserve too: exit 6; the result waits on the host for the next run', async () => {
    const waiting = `while [ -e ${file('book.yaml')} ] && [ ! -e ${file('go')} ]; do sleep 0.05; done`
    writeBook(at, [
      { id: 'one', with: { run: `${filling()}; ${waiting}; ${long}` } },
      { id: 'two', with: touch('done') },
    ])
    running = start(at, 'run', 'book.yaml', '--yes', '--json')
    await until(
      () => `a full disk\n${running?.stderr()}`,
      () => statfsSync(at.home).bavail === 0,
    )
    // Another console lives on the reserve, and something else takes what it left.
    expect((await at.sitrep('note', at.incident(), 'x'.repeat(9000))).exitCode).toBe(0)
    expect(existsSync(join(at.home, 'reserve'))).toBe(false)
    fill()
    writeFileSync(file('go'), '')
    expect(await running.ended).toBe(6)
    expect(running.stderr()).toMatch(/^RECORDING STOPPED: ENOSPC: .*; nothing more is changed$/m)
    expect(journaled(at, 'step.applied')).toEqual([])
    expect(existsSync(file('done'))).toBe(false)
    expect(jobs()).toHaveLength(1)

    drain()
    const later = await run('--incident', at.incident())
    expect({ exitCode: later.exitCode, stderr: later.stderr }).toMatchObject({ exitCode: 0 })
    expect(journaled(at, 'step.applied')[0]).toMatchObject({ step: 'one', exitCode: 0 })
    expect(journaled(at, 'step.started').filter(({ step }) => step === 'one')).toHaveLength(1)
    expect(existsSync(file('done'))).toBe(true)
    expect(jobs()).toEqual([])
    expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
  })

  it('the folder of the incident is deleted during a step: exit 6, and nothing more is changed', async () => {
    writeBook(at, [
      { id: 'one', with: { run: `rm -rf ${join(at.home, 'incidents')}` } },
      { id: 'two', with: touch('done') },
    ])
    const { exitCode, stderr } = await run()
    expect(exitCode).toBe(6)
    expect(stderr).toMatch(/^RECORDING STOPPED: the journal file is gone: .*; nothing more is changed$/m)
    expect(existsSync(file('done'))).toBe(false)
    expect(jobs()).toHaveLength(1)
  })

  it('the console says so, begins nothing, still reads, and goes on when there is room again', async () => {
    writeBook(at, [
      { id: 'one', with: { run: `${filling()}; ${long}` } },
      { id: 'two', with: touch('two') },
    ])
    await at.sitrep('declare', 'A full disk')
    const id = at.incident()
    await using person = await sit(at, ['open', id, '--runbook', './book.yaml'], { columns: 120 })
    const { t } = person
    await t.see(/book-\d+ on here ready/)
    await t.pressUntil('Enter', /APPROVE .*Step one/)
    await t.see(approves)
    await t.press('Enter')
    await t.see(/RECORDING STOPPED: ENOSPC: .*Results are still recorded; nothing more is changed/)
    await t.see(/APPROVE .*Step two/)
    await t.see(approves)
    await t.press('Enter')
    await t.see(/RECORDING STOPPED: ENOSPC[^.]*$/m)
    expect(existsSync(file('two'))).toBe(false)
    expect(journaled(at, 'step.verified')).toMatchObject([{ step: 'one', verdict: 'ok' }])
    expect((await at.sitrep('timeline', id)).stdout).toContain('Recording stopped: ENOSPC')

    drain()
    await t.see(/recording goes on after \d+\.\d s/)
    await t.gone(/RECORDING STOPPED/)
    await t.pressUntil('Enter', /APPROVE .*Step two/)
    await t.see(approves)
    await t.press('Enter')
    await t.see(/all steps are done and all checks pass/)
    expect(existsSync(file('two'))).toBe(true)
    await person.leave()
    expect(journaled(at, 'recording.resumed')).toHaveLength(1)
    expect((await at.sitrep('verify', id)).exitCode).toBe(0)
    expect(at.postmortem()).toContain('Recording resumed after a gap')
  })
})
