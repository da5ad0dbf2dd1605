import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseHolders } from '../../src/hosts/group.ts'
import type { Session } from '../../src/model/command.ts'
import { type Bench, localBench, until } from './helpers/machine.ts'

describe('the end of a job', () => {
  let bench: Bench
  let session: Session
  beforeAll(async () => {
    bench = await localBench()
    session = await bench.open()
  })
  afterAll(() => bench.close())

  const alive = (pid: number) =>
    existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''

  /** Starts a job whose script writes pids into a file, and waits until it wrote so many. */
  async function started(script: string, count: number) {
    const file = join(bench.state, v7())
    const job = await session.job(v7(), { argv: ['sh', '-c', script, file] })
    const pids = () =>
      existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map(Number) : []
    await until('its processes', () => pids().length === count)
    return { job, pids }
  }

  it.each([
    ['of its own group', 'sleep 300 & echo $! >> "$0"; wait', 1],
    ['that went into a session of its own', 'setsid sleep 300 & echo $! >> "$0"; wait', 1],
    [
      'that left its session and its parents, and has its output still',
      `(setsid sh -c 'echo $$ >> "$0"; trap "" TERM; while :; do sleep 1; done' "$0" &); echo $$ >> "$0"; sleep 300`,
      2,
    ],
  ])('fault 34: takes every process %s with it', async (_, script, count) => {
    const { job, pids } = await started(script, count)
    expect(await job.cancel()).toMatchObject({ gone: true })
    expect(pids().filter(alive)).toEqual([])
    expect(await job.done).toMatchObject({ endedBy: 'cancel' })
    await job.remove()
  })

  it('leaves a daemon alone that the command let go, with streams of its own', async () => {
    const { job, pids } = await started(
      '(setsid sh -c \'echo $$ >> "$0"; exec sleep 300\' "$0" >/dev/null 2>&1 </dev/null &); sleep 300',
      1,
    )
    const [daemon = 0] = pids()
    expect(await job.cancel()).toMatchObject({ gone: true })
    expect(alive(daemon)).toBe(true)
    process.kill(daemon, 'SIGKILL')
    await job.done
    await job.remove()
  })

  it('is no end of a group whose number is another process’s now', async () => {
    const id = v7()
    const job = await session.job(id, { argv: ['true'] })
    await job.done
    // As if its leader's number had come to another process: this one.
    writeFileSync(join(bench.state, 'sitrep', 'jobs', id, 'pgid'), `${process.pid} 1\n`)
    expect(await job.cancel()).toEqual({ gone: true, detail: 'it had ended already' })
    await job.remove()
  })

  it('asked twice at once, is one and the same', async () => {
    const { job } = await started('echo $$ >> "$0"; sleep 300', 1)
    const [one, two] = await Promise.all([job.cancel(), job.cancel()])
    expect(one).toBe(two)
    expect(one.gone).toBe(true)
    await job.remove()
  })

  it('reads who has the output open, whatever a process is called', () => {
    expect([...parseHolders('12 (holds 9) S 1\nholds 34\nxholds 5\nholds 6 7\n')]).toEqual([34])
  })
})
