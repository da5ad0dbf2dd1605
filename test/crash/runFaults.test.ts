import { describe, expect, it } from 'vitest'
import { heldRun, newDesk, of } from './helpers/heldRun.ts'
import { type Fault, strike, whyNoStrace } from './helpers/strace.ts'
import { expectWhole } from './helpers/whole.ts'

interface Case {
  title: string
  fault: Fault
  /** Only the journal's own file is struck. */
  onJournal?: boolean
}

const writes = 'write,pwrite64,writev,pwritev'
const cases: Case[] = [
  { title: 'fdatasync gives EIO', fault: { calls: 'fdatasync', error: 'EIO' } },
  {
    title: 'one fdatasync gives EIO, the next ones succeed',
    fault: { calls: 'fdatasync', error: 'EIO', when: '1' },
  },
  { title: 'fdatasync gives ENOSPC', fault: { calls: 'fdatasync', error: 'ENOSPC' } },
  { title: 'write gives EIO', fault: { calls: writes, error: 'EIO' }, onJournal: true },
  { title: 'write gives EROFS', fault: { calls: writes, error: 'EROFS' }, onJournal: true },
  {
    title: 'write gives ENOSPC, with the reserve too',
    fault: { calls: writes, error: 'ENOSPC' },
    onJournal: true,
  },
  {
    title: 'write gives EDQUOT, with the reserve too',
    fault: { calls: writes, error: 'EDQUOT' },
    onJournal: true,
  },
]

describe.skipIf(whyNoStrace !== undefined)(
  `fault 41: the kernel refuses in the middle of a run${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    for (const { title, fault, onJournal } of cases) {
      it(`${title}: RECORDING STOPPED, exit 6, no further change; another run goes on`, async () => {
        const held = await heldRun(newDesk())
        const { at, running } = held
        const struck = await strike(running.pid, onJournal ? { ...fault, path: held.journal } : fault)
        expect(await held.goOn()).toBe(6)
        await struck.end()
        expect(running.stderr()).toContain(`RECORDING STOPPED: ${fault.error}`)
        expect(held.ran()).toEqual(['first'])

        // All that was printed is there; nothing that was not acknowledged was.
        await expectWhole(held.dir, held.printed())
        expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)

        const next = await at.sitrep(
          'run',
          'book.yaml',
          '--yes',
          '--incident',
          at.incident(),
          '--from',
          'second',
        )
        expect({ stderr: next.stderr, exitCode: next.exitCode }).toMatchObject({ exitCode: 0 })
        expect(held.ran()).toEqual(['first', 'second'])
        // The job on the host went on without the record: its result is found there, and nothing runs again by itself.
        const applied = of(await expectWhole(held.dir, held.printed()), 'step.applied')
        expect(applied.map(({ data }) => (data as { step: string }).step)).toEqual(['first', 'second'])
        expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
      })
    }

    it('one write gives ENOSPC, then there is room: the gap is recorded, and the run goes on to its end', async () => {
      const held = await heldRun(newDesk())
      await strike(held.running.pid, { calls: writes, error: 'ENOSPC', when: '1', path: held.journal })
      expect(await held.goOn()).toBe(0)
      expect(held.running.stderr()).toContain('RECORDING STOPPED: ENOSPC')
      expect(held.ran()).toEqual(['first', 'second'])
      const records = await expectWhole(held.dir, held.printed())
      const order = records
        .map(({ type, data }) => [type, (data as { step?: string }).step].filter(Boolean).join(' '))
        .filter((told) => /^(recording|step\.(started|applied|verified))/.test(told))
      expect(order).toEqual([
        'step.started first',
        'recording.stopped',
        'step.applied first',
        'step.verified first',
        'recording.resumed',
        'step.started second',
        'step.applied second',
        'step.verified second',
      ])
    })

    it('fsync gives EIO, so that the postmortem can not be written: it says so, and exit 6', async () => {
      const held = await heldRun(newDesk())
      await strike(held.running.pid, { calls: 'fsync', error: 'EIO' })
      expect(await held.goOn()).toBe(6)
      const records = await expectWhole(held.dir, held.printed())
      expect(of(records, 'run.finished').map(({ data }) => data)).toMatchObject([
        { exit: 6, summary: expect.stringContaining('EIO') },
      ])
    })
  },
)
