// A flood of 100,000 lines a second, followed from a real file by tail, through the pipe, into the ring and the files on
// disk: whether all lines arrive in time, how long the event loop was held up, and what that costs. Then reading back.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { sinks } from '../../src/compose/incident.ts'
import { followLogs } from '../../src/compose/logs.ts'
import { createLocalSession } from '../../src/hosts/local.ts'
import { createSudoPasswords } from '../../src/hosts/sudo/passwords.ts'
import { newWriter } from '../../src/journal/writer.ts'
import { readLog } from '../../src/logs/store/read.ts'
import { createLogFile } from '../../src/logs/store/write.ts'
import type { Append, EventData } from '../../src/model/event.ts'
import { emptyIncident } from '../../src/model/reduce.ts'

const [rate, seconds] = [100_000, 10]
const dir = mkdtempSync(join(tmpdir(), 'sitrep-bench-'))
const file = join(dir, 'app.log')
const source = { key: `here file:${file}`, host: 'here', kind: 'file', name: file }

try {
  const { secrets, pipe } = sinks()
  for (let n = 0; n < 20; n++) secrets.register(`SECRET_${n}`, 'stdin', `value-of-secret-${n}-x7Q`)
  const session = createLocalSession(
    {
      name: 'here',
      transport: 'local',
      address: 'localhost',
      port: 22,
      user: 'me',
      groups: [],
      production: false,
      path: [],
      env: {},
      vars: {},
    },
    { secrets, passwords: createSudoPasswords({ secrets }) },
  )
  const kept: EventData<'log.kept'>[] = []
  const append = async (type: string, data: unknown) =>
    void (type === 'log.kept' && kept.push(data as EventData<'log.kept'>))
  const folded = emptyIncident('bench')
  const incident = { dir, writer: newWriter(), pipe, append: append as unknown as Append, read: () => folded }
  writeFileSync(file, 'begin\n')
  const total = () => logs.view()[source.key]?.total ?? 0
  const logs = followLogs(incident, () => void logs.view())
  logs.watch(['a symptom', 'that never', 'comes'])
  await logs.follow(source, { session: async () => session })
  while (total() === 0) await sleep(10)

  // What other work on this machine does to a process that does nothing.
  const idle = monitorEventLoopDelay({ resolution: 1 })
  idle.enable()
  await sleep(2000)
  idle.disable()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const before = performance.eventLoopUtilization()
  const main = process.threadCpuUsage()
  const cpu = process.cpuUsage()
  delay.enable()
  const began = performance.now()
  await execa(process.execPath, [
    join(import.meta.dirname, 'logs', 'flood.ts'),
    file,
    `${rate}`,
    `${seconds}`,
  ])
  const written = performance.now() - began
  const end = began + 60_000
  while (total() <= rate * seconds && performance.now() < end) await sleep(10)
  const arrived = performance.now() - began
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  const { utilization } = performance.eventLoopUtilization(before)
  const thread = process.threadCpuUsage(main)
  const closing = performance.now()
  await logs[Symbol.asyncDispose]()
  await session[Symbol.asyncDispose]()
  const ms = (ns: number) => `${(ns / 1e6 - 1).toFixed(1)} ms`
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  console.log(`${total() - 1} of ${rate * seconds} lines (${mb(statSync(file).size)}) at ${rate} a second`)
  console.log(`  arrived ${Math.round(arrived - written)} ms after the last was written`)
  const held = (seen: typeof delay) =>
    `median ${ms(seen.percentile(50))}, 99 % ${ms(seen.percentile(99))}, longest ${ms(seen.max)}`
  const share = (o: { user: number; system: number }) => Math.round((o.user + o.system) / 10 / arrived)
  console.log(`  event loop held up: ${held(delay)}; at rest before: ${held(idle)}`)
  console.log(
    `  event loop busy ${Math.round(utilization * 100)} % of the time; main thread ${share(thread)} % of one core, all threads ${share({ user, system })} %; ${mb(process.memoryUsage.rss())} of memory`,
  )
  console.log(
    `  ${kept.length} parts, ${mb(kept.reduce((sum, { bytes }) => sum + bytes, 0))} of text, the last closed in ${Math.round(performance.now() - closing)} ms`,
  )

  const reading = performance.now()
  let lines = 0
  for await (const _ of readLog(dir, source)) lines++
  const took = (performance.now() - reading) / 1000
  console.log(`read back: ${lines} lines in ${took.toFixed(2)} s, ${Math.round(lines / took)} a second`)
  const middle = kept[Math.floor(kept.length / 2)]
  if (middle !== undefined) {
    const searching = performance.now()
    const endOf = (name: string) => kept.find(({ file }) => file === name)?.to
    let found = 0
    for await (const _ of readLog(dir, source, { from: middle.to, endOf, limit: 100 })) found++
    console.log(
      `  ${found} lines from a time in the middle in ${Math.round(performance.now() - searching)} ms`,
    )
  }

  const part = { path: '', bytes: () => 0, append: async () => undefined, close: async () => undefined }
  const only = createLogFile({
    take: async () => () => undefined,
    waits: { add: () => undefined, full: () => false },
    place: async () => undefined,
    begin: async () => part,
    finished: () => undefined,
    settled: async () => undefined,
    rotateAt: () => 1e12,
  })
  const text = '2026-11-20T22:16:04.123Z INFO [http] GET /api/v1/orders/123456 200 in 12 ms, client 10.0.1.7'
  const writing = performance.now()
  for (let n = 0; n < 1e6; n++) {
    only.write({ at: '2026-11-20T22:16:04.200Z', text, stream: 'stdout' })
    if (n % 20_000 === 0) await sleep(0)
  }
  await only.close()
  console.log(`taking one line into the file's batch: ${Math.round(performance.now() - writing)} ns`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
