// How many events a second the journal acknowledges: one after the other, and with 100 waiting at a time, through the
// pipe with 20 secrets registered as in a run. Beside them the bare disk: one write and one fdatasync of the same bytes.
import { mkdtempSync, rmSync } from 'node:fs'
import { open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { openJournal } from '../../src/journal/open.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import type { EventData } from '../../src/model/event.ts'

const seconds = Number(process.env.SITREP_BENCH_SECONDS ?? 3)
const waiting = 100

const applied: EventData<'step.applied'> = {
  run: '0d602b19-ae9c-429a-a1d8-132a120731d4',
  step: 'restart',
  host: 'core-1',
  started: '01a1fec9-f66f-76f6-b8ca-adde193ad364',
  endedBy: 'exit',
  exitCode: 0,
  ms: 1240,
  stdout: '[PM2] Applying action restartProcessId on app [core-backend]\n[PM2] [core-backend](0) ✓',
  stderr: '',
}

/** Calls `once` for some seconds; gives calls a second, and the median and the 99th percentile of one in microseconds. */
async function measure(once: () => Promise<unknown>): Promise<{ rate: number; p50: number; p99: number }> {
  for (let warm = 0; warm < 200; warm++) await once()
  const times: number[] = []
  const begun = performance.now()
  for (let now = begun; now - begun < seconds * 1000; ) {
    await once()
    const after = performance.now()
    times.push(after - now)
    now = after
  }
  const rate = times.length / ((performance.now() - begun) / 1000)
  times.sort((a, b) => a - b)
  const at = (part: number) => Math.round((times[Math.floor(times.length * part)] ?? 0) * 1000)
  return { rate, p50: at(0.5), p99: at(0.99) }
}

function print(name: string, { rate, p50, p99 }: { rate: number; p50: number; p99: number }, each = 1): void {
  const events = Math.round(rate * each).toLocaleString('en')
  console.log(`${events.padStart(9)} events/s  (${p50} µs, 99th percentile ${p99} µs)  ${name}`)
}

// Beside the repository: a folder in memory would measure nothing.
const dir = mkdtempSync(join(import.meta.dirname, '..', '..', 'node_modules', '.bench-'))
try {
  const { type } = await statfs(dir)
  console.log(`file system 0x${type.toString(16)}, ${seconds} s each`)
  const secrets = createSecretStore()
  for (let n = 0; n < 20; n++) secrets.register(`SECRET_${n}`, 'stdin', `${n}-value-of-a-secret-${n * 7919}`)
  const pipe = createPipe(secrets)
  const journal = await openJournal({
    dir: join(dir, 'incident'),
    by: 'ana@laptop',
    clean: (value) => pipe.deep(value),
    reserve: join(dir, 'reserve'),
  })
  const one = () => journal.append('step.applied', applied)
  const line = Buffer.from(`${JSON.stringify(await one())}\n`)

  const raw = await open(join(dir, 'raw'), 'ax', 0o600)
  print(
    'the bare disk: write and fdatasync, one after the other',
    await measure(async () => {
      await raw.write(line, 0, line.length)
      await raw.datasync()
    }),
  )
  await raw.close()
  print('journal, one after the other', await measure(one))
  const group = await measure(() => Promise.all(Array.from({ length: waiting }, one)))
  print(`journal, ${waiting} waiting at a time (times of a group)`, group, waiting)
  await journal.close()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
