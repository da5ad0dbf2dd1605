import { mkdirSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { writeBook } from '../e2e/helpers/book.ts'
import { recorded, until } from '../e2e/helpers/running.ts'
import { tempDir } from '../journal/setup.ts'
import { smallDisk, whyNoMount } from './helpers/disk.ts'
import { heldRun, newDesk, of } from './helpers/heldRun.ts'
import { type Acknowledged, expectWhole } from './helpers/whole.ts'

const steps = (records: Parameters<typeof of>[0], type: string) =>
  of(records, type).map(({ data }) => (data as { step: string }).step)

describe.skipIf(whyNoMount !== undefined)(
  `fault 41: the disk of the state folder${whyNoMount ? ` (${whyNoMount})` : ''}`,
  () => {
    it('fills up while a step runs: its result and verdict are recorded in the reserve, no further step begins, exit 6', async () => {
      const at = newDesk()
      const disk = await smallDisk(at.home, 4096)
      const held = await heldRun(at)
      await disk.fill()
      expect(await held.goOn()).toBe(6)
      expect(held.running.stderr()).toContain('RECORDING STOPPED: ENOSPC')
      expect(held.ran()).toEqual(['first'])

      const records = await expectWhole(held.dir, held.printed())
      const [stopped] = of(records, 'recording.stopped')
      expect(stopped?.data).toMatchObject({ cause: expect.stringContaining('ENOSPC') })
      expect(steps(records, 'step.started')).toEqual(['first'])
      const [applied] = of(records, 'step.applied')
      expect(applied?.data).toMatchObject({
        step: 'first',
        exitCode: 0,
        stdout: '€'.repeat(1500),
      })
      expect(records.indexOf(stopped!)).toBeLessThan(records.indexOf(applied!))
      expect(of(records, 'step.verified').map(({ data }) => data)).toMatchObject([
        { step: 'first', verdict: 'ok' },
      ])
      expect(of(records, 'run.finished').map(({ data }) => data)).toMatchObject([{ exit: 6 }])

      // Reading works on a full disk. A new run is refused where no room is left at all, and goes on when there is.
      expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
      expect((await at.sitrep('timeline', at.incident())).stdout).toContain('ENOSPC')
      const go = ['run', 'book.yaml', '--yes', '--incident', at.incident(), '--from', 'second']
      await disk.fill()
      const refused = await at.sitrep(...go)
      expect(refused.exitCode).toBe(6)
      expect(refused.stderr).toContain('RECORDING STOPPED')
      expect(held.ran()).toEqual(['first'])
      await disk.empty()
      const next = await at.sitrep(...go)
      expect({ stderr: next.stderr, exitCode: next.exitCode }).toMatchObject({ exitCode: 0 })
      expect(held.ran()).toEqual(['first', 'second'])
      await expectWhole(held.dir, held.printed())
    })

    it('fills up and has room again: recording goes on by itself, with the gap and what was refused', async () => {
      const root = join(await tempDir(), 'state')
      const disk = await smallDisk(root, 4096)
      const dir = join(root, 'incidents', 'x')
      mkdirSync(join(root, 'incidents'))
      const journal = await openJournal({
        dir,
        by: 'ana@laptop',
        reserve: join(root, 'reserve'),
        every: 50,
        clean: (value) => value,
      })
      const stopped: string[] = []
      let resumed = 0
      journal.onStopped((cause) => stopped.push(cause))
      journal.onResumed(() => resumed++)
      const plan = { run: 'r', step: 's', host: 'h', plan: 'a'.repeat(64), how: 'enter' as const }
      const note = (text: string) => journal.append('note.added', { text, at: '2026-11-20T22:16:00.000Z' })
      const kept: Acknowledged[] = [await note('before')]
      await disk.fill()
      // What is left of the file's last page takes some notes yet.
      for (let n = 0; stopped.length === 0; n++) kept.push(await note(`${n} ${'x'.repeat(2000)}`))
      expect(stopped).toEqual([expect.stringContaining('ENOSPC')])
      expect(journal.stopped()).toContain('ENOSPC')

      // A beginning is refused, all else is taken.
      const begin = () => journal.append('step.approved', plan)
      await expect(begin()).rejects.toMatchObject({
        kind: 'recording',
        message: expect.stringMatching(/^RECORDING STOPPED: ENOSPC/),
      })
      kept.push(await note('in the reserve'))
      await disk.empty()
      await until(
        () => `still stopped: ${journal.stopped()}`,
        () => journal.stopped() === undefined,
      )
      expect(resumed).toBe(1)
      kept.push(await begin(), await note('after'))
      await journal.close()

      const records = await expectWhole(dir, kept)
      const order = records.map(({ type }) => type)
      expect(of(records, 'recording.stopped')).toHaveLength(1)
      const [again] = of(records, 'recording.resumed')
      expect(again?.data).toMatchObject({ refused: 1, gapMs: expect.any(Number) })
      expect(order.indexOf('recording.stopped')).toBeLessThan(order.indexOf('recording.resumed'))
      expect(order.indexOf('recording.resumed')).toBeLessThan(order.indexOf('step.approved'))
    })

    it('is read-only from the start: exit 6, no step runs, and what is there can be read', async () => {
      const at = newDesk()
      const disk = await smallDisk(at.home, 4096)
      writeBook(at, [
        { id: 'one', with: { run: `echo ran >> ${at.cwd}/ran; test $(wc -l < ${at.cwd}/ran) -le 1` } },
      ])
      expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
      await disk.readOnly()
      for (const args of [[], ['--incident', at.incident()]]) {
        const { exitCode, stderr } = await at.sitrep('run', 'book.yaml', '--yes', ...args)
        expect({ exitCode, stderr }).toMatchObject({
          exitCode: 6,
          stderr: expect.stringContaining('RECORDING STOPPED: EROFS'),
        })
      }
      expect((await at.sitrep('note', at.incident(), 'x')).exitCode).toBe(6)
      for (const command of ['timeline', 'verify', 'export'])
        expect((await at.sitrep(command, at.incident())).exitCode).toBe(0)
      expect(of(recorded(at), 'step.started')).toHaveLength(1)
    })
  },
)

describe('fault 41: the folder of the incident', () => {
  it('is deleted in the middle of a run: writes to it would succeed, and yet RECORDING STOPPED, exit 6', async () => {
    const held = await heldRun(newDesk())
    await rm(held.dir, { recursive: true })
    expect(await held.goOn()).toBe(6)
    expect(held.running.stderr()).toMatch(/RECORDING STOPPED: .*gone/)
    expect(held.ran()).toEqual(['first'])
  })

  it('has its journal file replaced by another one of the same name: the same', async () => {
    const held = await heldRun(newDesk())
    await rm(held.journal)
    await writeFile(held.journal, '')
    expect(await held.goOn()).toBe(6)
    expect(held.running.stderr()).toMatch(/RECORDING STOPPED: .*gone/)
    expect(held.ran()).toEqual(['first'])
  })
})
