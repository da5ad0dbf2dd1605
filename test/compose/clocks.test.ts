import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFleet } from '../../src/compose/fleet.ts'
import { declare, type OpenIncident } from '../../src/compose/incident.ts'
import { isEvent } from '../../src/model/event.ts'
import type { Host } from '../../src/model/host.ts'
import { libfaketime, otherTime } from '../helpers/faketime.ts'
import { tempDir } from '../helpers/reader.ts'
import { sshdHost, testHost, until } from '../hosts/helpers/machine.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'

let dir: Awaited<ReturnType<typeof tempDir>>
let incident: OpenIncident
beforeEach(async () => {
  dir = await tempDir()
  vi.stubEnv('SITREP_HOME', dir.at('state'))
  incident = await declare({ title: 'Clocks' })
})
afterEach(async () => {
  await incident.close()
  await dir[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

/** What is recorded of clocks, as it comes. */
function clocksOf(of: OpenIncident): { host: string; offsetMs: number; uncertaintyMs: number }[] {
  const found: { host: string; offsetMs: number; uncertaintyMs: number }[] = []
  of.onRecord((record) => {
    if (isEvent(record, 'host.clock')) found.push(record.data)
  })
  return found
}

const fleetOf = (host: Host, clocksEveryMs: number) =>
  createFleet({ hosts: [host], secrets: incident.secrets, append: incident.append, clocksEveryMs })

const rows = () => incident.read().timeline.flatMap(({ text }) => (text.startsWith('Clock') ? [text] : []))

const ready = hasSshd() && libfaketime !== undefined

describe.skipIf(!ready)(
  `hosts with a clock of their own${ready ? '' : ' (no openssh-server or faketime here)'}`,
  () => {
    let sshd: PrivateSshd
    let place: Awaited<ReturnType<typeof tempDir>>
    const setClock = (to: string) => writeFileSync(place.at('time'), to)
    beforeAll(async () => {
      place = await tempDir()
      setClock('+0s')
      const env = Object.entries({ ...otherTime({ file: place.at('time') }), SHLVL: '2' })
      sshd = await privateSshd({
        config: [`SetEnv ${env.map(([name, value]) => `${name}=${value}`).join(' ')}`],
      })
    })
    afterAll(async () => {
      await sshd.stop()
      await place[Symbol.asyncDispose]()
    })

    it('fault 39: an hour off is measured on connect, recorded once, and a warning with its ±', async () => {
      setClock('+1h')
      const clocks = clocksOf(incident)
      await using fleet = await fleetOf(sshdHost(sshd, { name: 'edge-1' }), 10)
      const session = await fleet.session('edge-1')
      await until('a measurement', () => clocks.length > 0)
      const [first] = clocks
      expect(first?.host).toBe('edge-1')
      expect(Math.abs((first?.offsetMs ?? 0) - 3_600_000)).toBeLessThanOrEqual(first?.uncertaintyMs ?? 0)
      expect(incident.read().clocks['edge-1']).toMatchObject({ offsetMs: first?.offsetMs })
      expect(rows()).toEqual([
        expect.stringMatching(/^Clock of the host is off by 3(600\.\d|599\.9) s ± \d\.\d s$/),
      ])
      // Measured many times since, and no news.
      for (let i = 0; i < 20; i++) await session.run({ argv: ['true'] })
      expect(clocks.filter(({ offsetMs }) => Math.abs(offsetMs - 3_600_000) > 1000)).toEqual([])
      setClock('+0s')
      await until('that it is right again', () => rows().length === 2)
      expect(rows()[1]).toMatch(/^Clock of the host is right again: -?0\.\d s ± \d\.\d s$/)
    })

    it('a `date` that never answers holds up no session, no command and no end', async () => {
      setClock('+0s')
      writeFileSync(
        dir.at('date'),
        `#!/bin/sh\n: >'${dir.at('asked')}'\nwhile [ -e '${dir.at('asked')}' ]; do sleep 0.05; done\n`,
      )
      chmodSync(dir.at('date'), 0o755)
      const clocks = clocksOf(incident)
      const fleet = await fleetOf(sshdHost(sshd, { name: 'edge-1', path: [dir.path] }), 10)
      const session = await fleet.session('edge-1')
      await until(
        'the question',
        async () => (await session.run({ argv: ['test', '-e', dir.at('asked')] })).exitCode === 0,
      )
      expect((await session.run({ argv: ['echo', 'here'] })).exitCode).toBe(0)
      await fleet[Symbol.asyncDispose]()
      rmSync(dir.at('asked'))
      expect(clocks).toEqual([])
    })

    it('a host that allows one channel at a time is measured between its commands', async () => {
      setClock('+10s')
      await using other = await tempDir()
      const env = Object.entries({
        ...otherTime({ file: place.at('time') }),
        SHLVL: '2',
        XDG_STATE_HOME: other.path,
      })
      const set = env.map(([name, value]) => `${name}=${value}`).join(' ')
      const narrow = await privateSshd({ config: ['MaxSessions 1', `SetEnv ${set}`] })
      try {
        const clocks = clocksOf(incident)
        await using fleet = await fleetOf(sshdHost(narrow, { name: 'narrow' }), 10)
        const session = await fleet.session('narrow')
        for (let i = 0; i < 5; i++) expect((await session.run({ argv: ['true'] })).exitCode).toBe(0)
        await until('a measurement', () => clocks.length > 0, 20_000)
        expect(clocks[0]?.offsetMs).toBeGreaterThan(9000)
      } finally {
        await narrow.stop()
      }
    })
  },
)

it('this machine is not measured against itself', async () => {
  const clocks = clocksOf(incident)
  await using fleet = await fleetOf(testHost({}), 1)
  const session = await fleet.session('here')
  for (let i = 0; i < 5; i++) await session.run({ argv: ['true'] })
  expect(clocks).toEqual([])
  expect(incident.read().clocks).toEqual({})
})

it('the timeline warns once for each change, whichever console measured it', async () => {
  const measured = (offsetMs: number, uncertaintyMs = 20) =>
    incident.append('host.clock', { host: 'edge-1', offsetMs, uncertaintyMs })
  await measured(1990)
  await measured(2010)
  await measured(2100)
  await measured(2100, 500)
  await measured(-7200)
  await measured(-7200, 9000)
  await measured(-7200)
  await measured(0)
  await measured(1)
  expect(rows()).toEqual([
    'Clock of the host is off by 2.0 s ± 0.0 s',
    'Clock of the host is off by -7.2 s ± 0.0 s',
    'Clock of the host is right again: 0.0 s ± 0.0 s',
  ])
  expect(incident.read().clocks['edge-1']).toMatchObject({ offsetMs: 1, uncertaintyMs: 20 })
})
