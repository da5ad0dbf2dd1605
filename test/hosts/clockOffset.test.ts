import { chmodSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { measureOffset, readDate, watchClock } from '../../src/hosts/clockOffset.ts'
import { type ClockOffset, hasMoved, isNews, isOff } from '../../src/model/clock.ts'
import type { Session } from '../../src/model/command.ts'
import { libfaketime, otherTime } from '../helpers/faketime.ts'
import { tempDir } from '../helpers/reader.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { type Bench, localBench, sshdHost, until } from './helpers/machine.ts'

let bench: Bench
beforeAll(async () => {
  bench = await localBench()
})
afterAll(() => bench.close())
afterEach(() => void vi.useRealTimers())

/** A session on this machine whose `date` is this script. */
async function withDate(script: string): Promise<AsyncDisposable & { session: Session }> {
  const dir = await tempDir()
  writeFileSync(dir.at('date'), `#!/bin/sh\n${script}\n`)
  chmodSync(dir.at('date'), 0o755)
  return { session: await bench.open({ path: [dir.path] }), [Symbol.asyncDispose]: dir[Symbol.asyncDispose] }
}

const near = (found: ClockOffset | undefined, offsetMs: number) => {
  expect(found).toBeDefined()
  expect(Math.abs((found?.offsetMs ?? 0) - offsetMs)).toBeLessThanOrEqual(found?.uncertaintyMs ?? 0)
}

const ready = hasSshd() && libfaketime !== undefined

describe.skipIf(!ready)(
  `a host with another clock${ready ? '' : ' (no openssh-server or faketime here)'}`,
  () => {
    let sshd: PrivateSshd
    let dir: Awaited<ReturnType<typeof tempDir>>
    const setClock = (to: string) => writeFileSync(dir.at('time'), to)
    beforeAll(async () => {
      dir = await tempDir()
      setClock('+1h')
      const env = { ...otherTime({ file: dir.at('time') }), SHLVL: '2' }
      const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
      sshd = await privateSshd({ config: [`SetEnv ${set.join(' ')}`] })
    })
    afterAll(async () => {
      await sshd.stop()
      await dir[Symbol.asyncDispose]()
    })

    it('fault 39: a host clock off by an hour is measured within the uncertainty that is told', async () => {
      const session = await bench.open(sshdHost(sshd))
      near(await measureOffset(session), 3_600_000)
      setClock('-90m')
      near(await measureOffset(session), -5_400_000)
    })

    it('fault 39: is measured again while the session is open, and not afterwards', async () => {
      setClock('+5s')
      const session = await bench.open(sshdHost(sshd))
      const found: ClockOffset[] = []
      const watch = watchClock(session, { everyMs: 10, onOffset: (offset) => found.push(offset) })
      await until('two looks', () => found.length > 1)
      near(found[0], 5000)
      setClock('+30s')
      await until('the step', () => found.some(({ offsetMs }) => offsetMs > 20_000))
      near(found.at(-1), 30_000)
      await session[Symbol.asyncDispose]()
      await watch.ended
      const looks = found.length
      near(await measureOffset(await bench.open(sshdHost(sshd))), 30_000)
      expect(found).toHaveLength(looks)
    })

    it('a watch that is stopped measures no more, though the session is open', async () => {
      setClock('+0s')
      const session = await bench.open(sshdHost(sshd))
      const found: ClockOffset[] = []
      const watch = watchClock(session, { everyMs: 10, onOffset: (offset) => found.push(offset) })
      await until('a look', () => found.length > 0)
      watch.stop()
      await watch.ended
      const looks = found.length
      near(await measureOffset(session), 0)
      expect(found).toHaveLength(looks)
    })
  },
)

describe('what `date` prints', () => {
  it('is read with nanoseconds, with seconds alone, and without both', () => {
    const at = Date.parse('2026-11-20T03:04:05Z')
    const seconds = at / 1000
    expect(readDate(`${seconds}.250000000 2026-11-20T03:04:05\n`)).toEqual({
      ms: at + 250,
      resolutionMs: 1e-6,
    })
    for (const odd of [`${seconds}.%N`, `${seconds}.N`, `${seconds}.`, '%s.%N', 's.N'])
      expect(readDate(`${odd} 2026-11-20T03:04:05\n`)).toEqual({ ms: at, resolutionMs: 1000 })
    for (const none of ['', 'date: bad format', 'x y', '\u001b[31m']) expect(readDate(none)).toBeUndefined()
  })

  it('in whole seconds leaves half a second of uncertainty more', async () => {
    await using host = await withDate('exec /bin/date -u +%s.%%N')
    const found = await measureOffset(host.session)
    near(found, 0)
    expect(found?.uncertaintyMs).toBeGreaterThan(500)
  })

  it.each([
    ['fails', 'exit 3'],
    ['prints nothing', 'exit 0'],
    ['prints a time beyond all dates', 'echo 99999999999999999999.000000000 x'],
    ['prints the first second beyond all dates', 'echo 8640000000001.0'],
    ['is decades off', 'echo 0.000000000 1970-01-01T00:00:00'],
    ['prints something else', 'echo Fri Nov 20'],
  ])('gives no measurement where it %s', async (_, script) => {
    await using host = await withDate(script)
    expect(await measureOffset(host.session)).toBeUndefined()
  })
})

it('fault 39: no measurement is made of a moment in which our own clock was set', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const session = await bench.open()
  const stepping: Pick<Session, 'run'> = {
    run: (command, o) => {
      vi.setSystemTime(Date.now() - 3_600_000)
      return session.run(command, o)
    },
  }
  expect(await measureOffset(stepping)).toBeUndefined()
})

it('a lost session gives no measurement, and no error', async () => {
  const session = await bench.open()
  await session[Symbol.asyncDispose]()
  expect(await measureOffset(session)).toBeUndefined()
  const watch = watchClock(session, { everyMs: 10, onOffset: () => expect.unreachable() })
  await watch.ended
})

it('is news when it is the first, when it moved beyond what it can tell, and when it is known twice as well', () => {
  const at = (offsetMs: number, uncertaintyMs: number) => ({ offsetMs, uncertaintyMs })
  expect(isNews(undefined, at(0, 10))).toBe(true)
  expect(isNews(at(0, 50), at(149, 30))).toBe(false)
  expect(isNews(at(0, 50), at(151, 30))).toBe(true)
  expect(isNews(at(0, 50), at(-151, 30))).toBe(true)
  expect(isNews(at(0, 50), at(0, 30))).toBe(false)
  expect(isNews(at(0, 30), at(0, 12))).toBe(false)
  expect(isNews(at(0, 400), at(10, 20))).toBe(true)
  expect(hasMoved(at(0, 400), at(10, 20))).toBe(false)
  expect([at(2000, 10), at(2001, 10), at(-2001, 10), at(5000, 6000)].map(isOff)).toEqual([
    false,
    true,
    true,
    false,
  ])
})
