import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { EventRecord } from '../../../src/model/event.ts'
import { writeBook, writeInventory } from '../../e2e/helpers/book.ts'
import { type Running, recorded, start, until } from '../../e2e/helpers/running.ts'
import { type Desk, desk } from '../../e2e/helpers/sitrep.ts'
import type { Acknowledged } from './whole.ts'

/** A real `sitrep run` that stands in its first step until it is told to go on. */
export interface HeldRun {
  at: Desk
  running: Running
  /** The incident's folder. */
  dir: string
  /** The journal file of the run. */
  journal: string
  /** Lets the first step end, and gives the exit code when the run has ended. */
  goOn(): Promise<number | NodeJS.Signals>
  /** The steps that really ran, in order. */
  ran(): string[]
  /** The process id of the first step's shell on the host. */
  shell(): number
  /** The events that it printed. */
  printed(): Acknowledged[]
}

/** A desk of its own, and its folder; the jobs on the host are kept apart from the record. */
export function newDesk(): Desk {
  const at = desk()
  at.env.XDG_STATE_HOME = join(at.cwd, 'host-state')
  at.env.UV_THREADPOOL_SIZE = '1'
  onTestFinished(() => at[Symbol.dispose]())
  writeInventory(at)
  return at
}

/**
 * Starts a runbook of two steps and waits until its first one runs on the host; `at.home` may be a disk of its own. The
 * first one ends with `ends`; the record of its result takes more than a page, so that it does not fit in what is left of the file's last one.
 */
export async function heldRun(
  at: Desk,
  first: { ends?: string; says?: Record<string, unknown> } = {},
): Promise<HeldRun> {
  const go = join(at.cwd, 'go')
  const ran = join(at.cwd, 'ran')
  const hold = `while [ ! -e ${go} ]; do sleep 0.05; done`
  writeBook(at, [
    {
      id: 'first',
      ...first.says,
      with: {
        run: `echo first $$ >> ${ran}; ${hold}; printf '€%.0s' $(seq 1500); ${first.ends ?? 'true'}`,
        undo: `echo undone >> ${ran}`,
      },
    },
    { id: 'second', with: { run: `echo second >> ${ran}` } },
  ])
  const running = start(at, 'run', 'book.yaml', '--yes', '--json')
  onTestFinished(async () => {
    writeFileSync(go, '')
    running.kill('SIGKILL')
    await running.ended
  })
  await until(running.stderr, () => existsSync(ran) && of(recorded(at), 'step.started').length > 0)
  const [{ writer } = { writer: '' }] = recorded(at)
  const lines = () => readFileSync(ran, 'utf8').split('\n').filter(Boolean)
  const dir = join(at.home, 'incidents', at.incident())
  return {
    at,
    running,
    dir,
    journal: join(dir, 'journal', `${writer}.jsonl`),
    goOn() {
      writeFileSync(go, '')
      return running.ended
    },
    ran: () => lines().map((line) => line.split(' ')[0] ?? ''),
    shell: () => Number(lines()[0]?.split(' ')[1]),
    printed: () => at.events(running.stdout()).map(({ writer, seq, id }) => ({ writer, seq, id })),
  }
}

/** The records of one type. */
export function of(records: readonly EventRecord[], type: string): EventRecord[] {
  return records.filter((record) => record.type === type)
}
