// A journal as a long incident leaves it: several consoles in one room, checks that are watched, commands, steps,
// pinned lines, notes. Recorded through the real journal, with a clock of its own so that the hours pass quickly.
import { openJournal } from '../../../src/journal/open.ts'
import type { Append, EventData, EventType } from '../../../src/model/event.ts'

const hosts = ['core-1', 'core-2', 'edge-1', 'db-1']
const hash = (n: number) => n.toString(16).padStart(64, '0')
const start = Date.parse('2026-11-20T22:00:00.000Z')
const stepMs = 60

/** Declares the incident and records `count` events in all by `writers` consoles that take turns. */
export async function generate(dir: string, count: number, writers: number): Promise<void> {
  let now = start
  const journals = await Promise.all(
    Array.from({ length: writers }, (_, n) =>
      openJournal({ dir, by: `person${n}@laptop-${n}`, clean: (value) => value, now: () => now }),
    ),
  )
  let made = 0
  let waiting: Promise<unknown>[] = []
  const append = async <T extends EventType>(by: number, type: T, data: EventData<T>) => {
    if (made >= count) return ''
    made++
    now += stepMs
    const added = (journals[by % writers]!.append as Append)(type, data)
    waiting.push(added)
    if (waiting.length >= 200) {
      await Promise.all(waiting)
      waiting = []
    }
    return type === 'step.started' || type === 'command.started' ? (await added).id : ''
  }
  await append(0, 'incident.declared', { incident: 'bench', title: 'Login answers 500', severity: 'sev2' })
  for (let n = 0; made < count; n++)
    await block(
      n,
      (type, data) => append(n * 7 + made, type, data),
      () => new Date(now).toISOString(),
    )
  await Promise.all(waiting)
  for (const journal of journals) await journal.close()
}

type Add = <T extends EventType>(type: T, data: EventData<T>) => Promise<string>

/** Fifty events or so: half of them looks of watched checks. */
async function block(n: number, add: Add, time: () => string): Promise<void> {
  const host = hosts[n % hosts.length]!
  const line = `2026-11-20T22:16:0${n % 10}.123Z error: connect ECONNREFUSED 10.0.4.${n % 256}:5432 (request ${n})`
  for (let look = 0; look < 25; look++) {
    const failed = (n + look) % 17 === 0
    await add('check.observed', {
      check: `check-${look % 6}`,
      title: 'The login page answers 200 within two seconds',
      host: hosts[look % hosts.length]!,
      kind: 'http',
      phase: 'watch',
      verdict: failed ? 'failed' : 'ok',
      expected: 'status 200',
      observed: failed ? 'status 502, 41 ms' : `status 200, ${20 + (look % 9)} ms`,
      ms: 20 + look,
    })
  }
  for (let one = 0; one < 3; one++) {
    const command = `sudo journalctl -u core-backend --since -5min | grep -c ECONNREFUSED # ${n}`
    const started = await add('command.started', { host, command })
    await add('command.ran', {
      started,
      host,
      command,
      endedBy: 'exit',
      exitCode: one === 2 ? 1 : 0,
      ms: 120 + one,
      stdout: `${line}\n`.repeat(1 + (n % 5)),
      stderr: '',
    })
  }
  const ref = { run: `run-${n % 40}`, step: `step-${n % 9}`, host }
  const undo = [{ say: 'start the former core-backend again' }]
  const change = {
    say: 'restart core-backend',
    kind: 'run',
    command: 'pm2 restart core-backend --update-env',
  }
  await add('step.planned', {
    ...ref,
    title: 'Restart the backend with the right environment',
    uses: 'pm2.restart',
    outcome: 'would_change',
    because: 'the process runs with another environment',
    changes: [{ do: change, undo }],
    plan: hash(n),
  })
  await add('step.approved', { ...ref, plan: hash(n), how: 'enter' })
  await add('lock.taken', { ...ref, lock: hash(n), resources: ['pm2:core'] })
  const started = await add('step.started', {
    ...ref,
    change: 0,
    of: 1,
    say: 'restart core-backend',
    command: 'pm2 restart core-backend --update-env',
    undo,
    undoHash: hash(n),
  })
  const [endedBy, exitCode] = ['exit', 0]
  const artifact = { sha256: hash(n), bytes: 4000 + n }
  await add('artifact.added', { ...artifact, name: 'output of restart core-backend', host, cut: false })
  await add('step.applied', {
    ...ref,
    started,
    endedBy,
    exitCode,
    ms: 900,
    stdout: line,
    stderr: '',
    artifact,
  })
  await add('step.verified', { ...ref, verdict: 'ok', reason: 'runs as planned', ms: 2100 })
  await add('lock.released', { ...ref, lock: hash(n) })
  const source = 'unit core-backend'
  await add('log.followed', { host, source })
  for (let pin = 0; pin < 3; pin++)
    await add('log.pinned', { host, source, at: time(), received: time(), lines: [line, line] })
  await add('host.clock', { host, offsetMs: n % 30, uncertaintyMs: 12 })
  await add('host.stale', { host, since: time() })
  await add('host.connected', { host, address: `10.0.0.${n % 4}`, user: 'ops', transport: 'ssh' })
  await add('note.added', {
    text: `The pool of ${host} is exhausted again; looking at connection ${n}.`,
    at: time(),
  })
  await add('note.added', { text: 'Asked the database team.', at: time() })
}
