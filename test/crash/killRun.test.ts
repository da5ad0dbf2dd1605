import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { EventRecord } from '../../src/model/event.ts'
import { writeBook, writeInventory } from '../e2e/helpers/book.ts'
import { start } from '../e2e/helpers/running.ts'
import { type Desk, desk, program } from '../e2e/helpers/sitrep.ts'
import { times } from './helpers/counts.ts'
import { whyNoStrace, withFault } from './helpers/strace.ts'
import { type Acknowledged, expectWhole } from './helpers/whole.ts'

/** The steps leave a line each time that they run; the second one's output is too long for the event alone. */
const steps = (at: Desk) =>
  ['echo one', 'seq 20000', 'echo three >&2'].map((run, n) => ({
    id: `step-${n}`,
    with: { run: `echo ${n} >> ${at.cwd}/ran; ${run}` },
  }))

/** A desk of its own, its jobs in its folder. */
function newDesk(): Desk {
  const at = desk()
  at.env.XDG_STATE_HOME = join(at.cwd, 'host-state')
  onTestFinished(() => at[Symbol.dispose]())
  writeInventory(at)
  writeBook(at, steps(at))
  return at
}

/** The events that a `--json` run printed whole before it was killed: each was acknowledged by then. */
function printed(stdout: string): Acknowledged[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { writer, seq, id } = JSON.parse(line) as EventRecord
      return { writer, seq, id }
    })
}

/** From its start, while it still loads, or from the first event, while it works. */
const moment = fc.oneof(
  { weight: 1, arbitrary: fc.record({ from: fc.constant('start' as const), ms: fc.nat(400) }) },
  { weight: 4, arbitrary: fc.record({ from: fc.constant('declared' as const), ms: fc.nat(250) }) },
)

/** Holds a killed run to what it printed; then the next one goes on in the same incident, and all is whole. */
async function expectNextStart(at: Desk, kept: readonly Acknowledged[]): Promise<void> {
  // An incident that was killed before its first event is a folder at most: told, and in nobody's way.
  expect((await at.sitrep('list', '--json')).exitCode).toBe(0)
  if (kept.length === 0) {
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
    return
  }
  const dir = join(at.home, 'incidents', at.incident())
  await expectWhole(dir, kept)
  expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
  // Without `--from` the whole runbook is asked for again, and is run.
  const next = await at.sitrep('run', 'book.yaml', '--yes', '--json', '--incident', at.incident())
  expect({ stderr: next.stderr, exitCode: next.exitCode }).toMatchObject({ exitCode: 0 })
  await expectWhole(dir, [...kept, ...printed(next.stdout)])
  expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
  const ran = readFileSync(join(at.cwd, 'ran'), 'utf8').split('\n')
  for (const n of ['0', '1', '2']) expect(ran).toContain(n)
}

describe('fault 40: kill -9 of `sitrep run` at a random moment', () => {
  it('every printed event is there, verify is whole, the next run goes on', {
    timeout: 3_600_000,
  }, async () => {
    const ends: Record<string, number> = {}
    await fc.assert(
      fc.asyncProperty(moment, async ({ from, ms }) => {
        const at = newDesk()
        const running = start(at, 'run', 'book.yaml', '--yes', '--json')
        let over = false
        void running.ended.then(() => {
          over = true
        })
        while (from === 'declared' && !over && running.stdout() === '') await wait(2)
        await wait(ms)
        running.kill('SIGKILL')
        await running.ended
        const kept = printed(running.stdout())
        if (kept.length === 0 && !existsSync(join(at.home, 'incidents'))) return
        await expectNextStart(at, kept)
        const last = kept.length
        ends[last] = (ends[last] ?? 0) + 1
      }),
      { numRuns: times(10, 500), endOnFailure: true },
    )
    expect(Object.keys(ends).length).toBeGreaterThan(1)
    console.log(`killed runs by the events they had printed: ${JSON.stringify(ends)}`)
  })
})

describe.skipIf(whyNoStrace !== undefined)(
  `fault 40: kill -9 of \`sitrep run\` when it syncs${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    for (const call of ['fdatasync', 'fsync'])
      it(`${call}: every printed event is there, verify is whole, the next run goes on`, {
        timeout: 900_000,
      }, async () => {
        let struck = 0
        for (let nth = 1, over = false; !over; nth += times(7, 1)) {
          const at = newDesk()
          at.env.UV_THREADPOOL_SIZE = '1'
          const [command = '', ...args] = withFault({ calls: call, signal: 'SIGKILL', when: `${nth}` })
          const ended = await execa(command, [...args, ...program, 'run', 'book.yaml', '--yes', '--json'], {
            cwd: at.cwd,
            env: at.env,
            extendEnv: false,
            reject: false,
            stdin: 'ignore',
            stripFinalNewline: false,
          })
          over = ended.exitCode === 0
          if (!over) struck++
          await expectNextStart(at, printed(ended.stdout))
        }
        expect(struck).toBeGreaterThan(0)
      })
  },
)
