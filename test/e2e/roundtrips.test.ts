import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../../src/model/host.ts'
import { planAll } from '../../src/run/run.ts'
import { type Lockstep, startLockstep } from '../hosts/helpers/lockstep.ts'
import { type Bench, ssh2Bench } from '../hosts/helpers/machine.ts'
import { type BenchOptions, type RunBench, runBench } from '../run/bench.ts'

/** Round trips are counted, not timed: the proxy lets one side speak at a time. */
describe('round trips on an open connection', () => {
  let host: Bench & { sshd: { port: number; knownHosts: string } }
  let link: Lockstep
  let reach: Partial<Host>
  beforeAll(async () => {
    host = await ssh2Bench()
    link = await startLockstep(host.sshd.port, host.state)
    const knownHosts = join(host.state, 'known_hosts')
    const keys = readFileSync(host.sshd.knownHosts, 'utf8')
    writeFileSync(knownHosts, keys.replaceAll(`:${host.sshd.port} `, `:${link.port} `))
    const { name: _, ...same } = host.host
    reach = { ...same, port: link.port, knownHosts: [knownHosts] }
  })
  afterAll(async () => {
    await link.close()
    await host.close()
  })

  /** A run whose connection is open, and over which nothing is on its way. */
  async function open(o: BenchOptions): Promise<RunBench> {
    const bench = await runBench({ ...o, reach, locks: true })
    await bench.context.session('here')
    await link.idle()
    return bench
  }
  /**
   * The fewest that some turns took. A machine that is busy can make them more, when it is so slow that what goes on beside
   * the work gets its turns first, but never fewer.
   */
  const fewest = async (wanted: number, work: (turn: number) => Promise<unknown>): Promise<number> => {
    let least = Number.POSITIVE_INFINITY
    for (let turn = 0; turn < 8 && least > wanted; turn++) {
      const before = link.trips()
      await work(turn)
      least = Math.min(least, link.trips() - before)
      await link.idle()
    }
    return least
  }

  it('a plan of ten steps that look takes at most three', async () => {
    const steps = Array.from({ length: 10 }, (_, at) => ({
      id: `s${at}`,
      with: { run: 'true', unless: 'false' },
    }))
    await using bench = await open({ steps })
    const trips = await fewest(3, async () => {
      const { planned } = await planAll(bench.context, bench.prepared.units)
      expect(planned.map(({ shown }) => shown.outcome)).toEqual(Array(10).fill('would_change'))
    })
    expect(trips).toBeLessThanOrEqual(3)
  }, 120_000)

  it('a shell step without a guard takes one, one right after the other too', async () => {
    const steps = Array.from({ length: 24 }, (_, at) => ({ id: `s${at}`, with: { run: `echo ${at}` } }))
    await using bench = await open({ steps })
    const trips = await fewest(3, async (turn) => {
      for (const { id } of steps.slice(turn * 3, turn * 3 + 3))
        expect(await bench.run(bench.unit(id))).toMatchObject({ end: 'ok' })
    })
    expect(trips).toBe(3)
  }, 120_000)

  it('a typed action takes three: inspect, apply, verify', async () => {
    const [source, path] = [join(host.state, 'source'), join(host.state, 'synced')]
    writeFileSync(source, 'wanted\n')
    await using bench = await open({ steps: [{ id: 'sync', uses: 'file.sync', with: { source, path } }] })
    const trips = await fewest(3, async (turn) => {
      writeFileSync(path, `former ${turn}\n`)
      expect(await bench.run(bench.unit('sync'))).toMatchObject({ end: 'ok' })
      expect(readFileSync(path, 'utf8')).toBe('wanted\n')
    })
    expect(trips).toBeLessThanOrEqual(3)
  }, 120_000)
})
