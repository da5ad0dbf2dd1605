import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { followLogs, type LogLimits } from '../../src/compose/logs.ts'
import { operatorName } from '../../src/compose/operator.ts'
import { mayBeAlive } from '../../src/compose/writers.ts'
import { createLocalSession } from '../../src/hosts/local.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { createSudoPasswords } from '../../src/hosts/sudo/passwords.ts'
import { newWriter } from '../../src/journal/writer.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { readLog } from '../../src/logs/store/read.ts'
import type { Append, EventData } from '../../src/model/event.ts'
import type { Transport } from '../../src/model/host.ts'
import { emptyIncident } from '../../src/model/reduce.ts'
import { thisHost as host } from '../helpers/reader.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sitrep-logs-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** An incident of which only the logs are followed, on this machine, and what they recorded. */
function following(o: { transport?: Transport; limits?: LogLimits } = {}) {
  const secrets = createSecretStore()
  const session = createLocalSession(
    { ...host, transport: o.transport ?? 'local' },
    { secrets, passwords: createSudoPasswords({ secrets }) },
  )
  const pins: EventData<'log.pinned'>[] = []
  const kept: EventData<'log.kept'>[] = []
  const append = async (type: string, data: unknown) => {
    if (type === 'log.pinned') pins.push(data as EventData<'log.pinned'>)
    if (type === 'log.kept') kept.push(data as EventData<'log.kept'>)
  }
  const folded = emptyIncident('one')
  const logs = followLogs(
    {
      dir,
      writer: newWriter({ by: operatorName() }),
      pipe: createPipe(secrets),
      append: append as unknown as Append,
      read: () => folded,
    },
    () => undefined,
    o.limits,
  )
  return { logs, pins, kept, folded, fleet: { session: async () => session } }
}

const sourceOf = (file: string) => ({ key: `here file:${file}`, host: 'here', kind: 'file', name: file })

it('follows a file, keeps its lines on disk, and pins the first line that shows a symptom, once', async () => {
  const file = join(dir, 'app.log')
  writeFileSync(file, 'started\nLogin error: wrong key for RS256\n')
  const source = sourceOf(file)
  const { logs, pins, kept, fleet } = following()
  {
    await using _ = logs
    // The same line shows both: one pin.
    logs.watch(['Login error', 'wrong key for RS256'])
    await logs.follow(source, fleet)
    await vi.waitFor(() => expect(logs.view()[source.key]?.total).toBe(2), 10_000)
    appendFileSync(file, 'Login error: wrong key for RS256\n\u001b[31mred\u001b[0m\n')
    await vi.waitFor(() => expect(logs.view()[source.key]?.lines.at(-1)?.text).toBe('red'), 10_000)
    expect(logs.pin(source.key, [0, 3])?.lines).toEqual(['started', 'red'])
    expect(logs.pin(source.key, [99])).toBeUndefined()
  }
  expect(pins.map(({ lines, symptom }) => [lines, symptom])).toEqual([
    [['Login error: wrong key for RS256'], 'Login error'],
  ])
  expect(pins[0]!.at).toBe(pins[0]!.received)
  expect(kept.map(({ host, source, lines }) => [host, source, lines])).toEqual([['here', `file:${file}`, 4]])
  const texts: string[] = []
  for await (const { text } of readLog(dir, source)) texts.push(text)
  expect(texts.at(-1)).toBe('red')
})

it('says why a log can not be followed', async () => {
  const { logs, fleet } = following()
  await using _ = logs
  await logs.follow({ key: 'k', host: 'here', kind: 'nothing', name: 'x' }, fleet)
  expect(logs.view().k).toMatchObject({ state: 'ended', detail: 'unknown kind of log nothing' })
})

it('pins an old line of the tail with its own time, and tells when it was received', async () => {
  const file = join(dir, 'old.log')
  writeFileSync(file, '2024-03-01T10:00:00Z Login error\n')
  const { logs, pins, fleet } = following()
  await using _ = logs
  logs.watch(['Login error'])
  await logs.follow(sourceOf(file), fleet)
  await vi.waitFor(() => expect(pins).toHaveLength(1), 10_000)
  expect(pins[0]).toMatchObject({
    at: '2024-03-01T10:00:00.000Z',
    hostTime: '2024-03-01T10:00:00.000Z',
    received: expect.stringMatching(/^20\d\d-.+Z$/),
    lines: ['2024-03-01T10:00:00Z Login error'],
  })
})

it('fault 39: a line of a host whose clock is an hour ahead is pinned when it was, with how sure that is', async () => {
  const file = join(dir, 'ahead.log')
  writeFileSync(file, '')
  const { logs, pins, folded, fleet } = following({ transport: 'openssh' })
  folded.clocks.here = { offsetMs: 3_600_000, uncertaintyMs: 40, at: new Date().toISOString() }
  await using _ = logs
  logs.watch(['Login error'])
  await logs.follow(sourceOf(file), fleet)
  const written = Date.now()
  const said = new Date(written + 3_600_000).toISOString()
  appendFileSync(file, `${said} Login error\n`)
  await vi.waitFor(() => expect(pins).toHaveLength(1), 10_000)
  expect(pins[0]).toMatchObject({ at: new Date(written).toISOString(), hostTime: said })
  expect(pins[0]!.uncertaintyMs).toBeGreaterThanOrEqual(41)
  expect(pins[0]!.uncertaintyMs).toBeLessThan(100)
})

it('keeps every line of a file that is written while it is followed, over many parts', async () => {
  const file = join(dir, 'busy.log')
  // Its first line tells that tail is there.
  writeFileSync(file, 'line 0 \n')
  const source = sourceOf(file)
  const { logs, kept, fleet } = following({ limits: { rotateAt: 100_000 } })
  const count = 20_001
  {
    await using _ = logs
    await logs.follow(source, fleet)
    await vi.waitFor(() => expect(logs.view()[source.key]?.total).toBe(1), 10_000)
    for (let n = 1; n < count; n += 100)
      appendFileSync(
        file,
        Array.from({ length: 100 }, (_, of) => `line ${n + of} ${'x'.repeat(40)}\n`).join(''),
      )
    await vi.waitFor(() => expect(logs.view()[source.key]?.total).toBe(count), 15_000)
  }
  let next = 0
  for await (const { text } of readLog(dir, source)) {
    expect(text.startsWith(`line ${next} `)).toBe(true)
    next++
  }
  expect(next).toBe(count)
  expect(kept.reduce((sum, { lines }) => sum + lines, 0)).toBe(count)
  expect(kept.length).toBeGreaterThan(1)
})

it('a writer may be alive unless its process on this machine is gone', () => {
  const by = operatorName()
  expect(mayBeAlive(newWriter({ by }))).toBe(true)
  // Linux gives no process an id above 4,194,304.
  expect(mayBeAlive(newWriter({ by, pid: 4_194_305 }))).toBe(false)
  expect(mayBeAlive(newWriter({ by: 'ana@elsewhere', pid: 4_194_305 }))).toBe(true)
  expect(mayBeAlive('strange')).toBe(true)
})
