import { describe, expect, it } from 'vitest'
import { until } from '../e2e/helpers/running.ts'
import { smallDisk, whyNoMount } from './helpers/disk.ts'
import { heldRun, newDesk, of } from './helpers/heldRun.ts'
import { strike, whyNoStrace } from './helpers/strace.ts'
import { expectWhole } from './helpers/whole.ts'

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.skipIf(whyNoMount !== undefined)(`fault 41: an undo${whyNoMount ? ` (${whyNoMount})` : ''}`, () => {
  it('waits while recording is stopped: the failure is recorded in the reserve, and `sitrep undo` takes it back later', async () => {
    const at = newDesk()
    const disk = await smallDisk(at.home, 4096)
    const held = await heldRun(at, { ends: 'exit 3', says: { on_fail: 'undo' } })
    await disk.fill()
    expect(await held.goOn()).toBe(6)
    expect(held.running.stderr()).toContain('RECORDING STOPPED: ENOSPC')
    expect(held.ran()).toEqual(['first'])
    const records = await expectWhole(held.dir, held.printed())
    expect(of(records, 'step.applied').map(({ data }) => data)).toMatchObject([
      { step: 'first', exitCode: 3 },
    ])
    expect(of(records, 'step.verified').map(({ data }) => data)).toMatchObject([
      { step: 'first', verdict: 'failed' },
    ])
    expect(of(records, 'step.undone')).toEqual([])

    await disk.empty()
    const undone = await at.sitrep('undo', at.incident(), '--yes')
    expect({ stderr: undone.stderr, exitCode: undone.exitCode }).toMatchObject({ exitCode: 0 })
    expect(held.ran()).toEqual(['first', 'undone'])
    const after = await expectWhole(held.dir, held.printed())
    expect(of(after, 'step.undone')).toHaveLength(1)
  })
})

describe.skipIf(whyNoStrace !== undefined)(
  `fault 41: cancel${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    it('works whatever the journal does: the whole process group on the host is gone, exit 6', async () => {
      const held = await heldRun(newDesk())
      expect(isAlive(held.shell())).toBe(true)
      await strike(held.running.pid, { calls: 'fdatasync', error: 'EIO' })
      held.running.kill('SIGINT')
      expect(await held.running.ended).toBe(6)
      expect(held.running.stderr()).toContain('RECORDING STOPPED: EIO')
      await until(
        () => `the step's shell ${held.shell()} still runs`,
        () => !isAlive(held.shell()),
      )
      expect(held.ran()).toEqual(['first'])
      await expectWhole(held.dir, held.printed())
    })
  },
)
