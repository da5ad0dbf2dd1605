import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Session } from '../../src/model/command.ts'
import { ssh2Bench, text, until } from './helpers/machine.ts'
import { type Link, startProxy } from './helpers/proxy.ts'

const full = process.env.SITREP_FULL !== undefined

/** A dead process may wait for its parent yet; it has no command line then. */
const alive = (pid: number) =>
  existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''

/** A link that comes back quickly, and is waited for this long. */
const quick = { times: { back: 20_000 }, retry: { first: 20, most: 100 } }

describe('a job whose link is lost', () => {
  let bench: Awaited<ReturnType<typeof ssh2Bench>>
  let link: Link
  let session: Session
  const file = (name: string) => join(bench.state, name)
  const jobs = () => join(bench.state, 'sitrep', 'jobs')

  beforeEach(async () => {
    bench = await ssh2Bench()
    link = await startProxy(bench.sshd.port)
    session = await open()
  })
  afterEach(async () => {
    await link.close()
    await bench.close()
  })

  // Through the proxy, under the name that the key is known by.
  function open(more: Partial<typeof quick.times> = {}): Promise<Session> {
    const known = file('known_hosts')
    const line = readFileSync(bench.sshd.knownHosts, 'utf8').replace(/^\S+/, `[127.0.0.1]:${link.port}`)
    writeFileSync(known, line)
    const deps = { ...quick, times: { ...quick.times, ...more } }
    return bench.open({ port: link.port, knownHosts: [known] }, deps)
  }

  it('fault 28: goes on; what was missed arrives in order, without repeats or gaps, and the true exit code', async () => {
    // Both streams, lines of one length, at a rate that no follower misses a part of.
    const script = `i=0; while [ $i -lt 400 ]; do i=$((i + 1)); printf 'out %05d\\n' $i; printf 'err %05d\\n' $i >&2; [ $((i % 10)) -ne 0 ] || sleep 0.03; done; echo once >> "$0"; exit 7`
    const mark = file('mark')
    const heard = { stdout: '', stderr: '' }
    const job = await session.job(
      v7(),
      { argv: ['sh', '-c', script, mark] },
      { onOutput: (stream, chunk) => (heard[stream] += Buffer.from(chunk).toString()) },
    )
    for (const at of [20, 90, 200]) {
      await until(`line ${at}`, () => heard.stdout.includes(`out ${String(at).padStart(5, '0')}\n`), 20_000)
      link.cut()
    }
    const result = await job.done
    expect(result).toMatchObject({ endedBy: 'exit', exitCode: 7 })
    const lines = (word: string) =>
      Array.from({ length: 400 }, (_, i) => `${word} ${String(i + 1).padStart(5, '0')}\n`).join('')
    expect(text(result)).toEqual({ out: lines('out'), err: lines('err') })
    expect(heard).toEqual({ stdout: lines('out'), stderr: lines('err') })
    expect(readFileSync(mark, 'utf8')).toBe('once\n')
    await job.remove()
    expect(readdirSync(jobs())).toEqual([])
  }, 60_000)

  it('fault 28: ends while the link is away, and its true exit code is told when it is back', async () => {
    const go = file('go')
    const argv = ['sh', '-c', 'echo before; while [ ! -e "$0" ]; do sleep 0.02; done; echo after; exit 3', go]
    const job = await session.job(v7(), { argv })
    link.refuse(true)
    link.cut()
    writeFileSync(go, '')
    await until('its exit file', () => existsSync(join(jobs(), job.id, 'exit')))
    link.refuse(false)
    const result = await job.done
    expect(result).toMatchObject({ endedBy: 'exit', exitCode: 3 })
    expect(text(result).out).toBe('before\nafter\n')
    await job.remove()
  })

  it('fault 28: not back in time: unknown, and the next look has the truth', async () => {
    const own = await open({ back: 300 })
    const go = file('go')
    const argv = ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.02; done; exit 3', go]
    const job = await own.job(v7(), { argv })
    link.refuse(true)
    link.cut()
    const result = await job.done
    expect(result).toMatchObject({
      endedBy: 'lost',
      problem: expect.stringContaining('goes on on the host'),
    })
    expect(result.exitCode).toBeUndefined()
    link.refuse(false)
    writeFileSync(go, '')
    const other = await bench.open()
    await until('its end', async () => (await other.jobState(job.id)).is === 'done')
    expect(await other.jobState(job.id)).toMatchObject({ is: 'done', result: { exitCode: 3 } })
    await job.remove()
  })

  it('fault 34: a cancel while the link is away is done when it is back', async () => {
    const mark = file('pids')
    const script = 'echo $$ >> "$0"; sleep 300 & echo $! >> "$0"; wait'
    const job = await session.job(v7(), { argv: ['sh', '-c', script, mark] })
    const pids = () =>
      (existsSync(mark) ? readFileSync(mark, 'utf8') : '').trim().split('\n').filter(Boolean).map(Number)
    await until('both processes', () => pids().length === 2)
    link.refuse(true)
    link.cut()
    const cancelled = job.cancel()
    link.refuse(false)
    expect(await cancelled).toMatchObject({ gone: true })
    expect(await job.done).toMatchObject({ endedBy: 'cancel' })
    expect(pids().filter(alive)).toEqual([])
    await job.remove()
  }, 30_000)

  it('fault 34: a cancel that can not be asked is reported as that', async () => {
    const own = await open({ back: 200 })
    const go = file('go')
    const argv = ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.02; done', go]
    const job = await own.job(v7(), { argv })
    link.refuse(true)
    link.cut()
    expect(await job.cancel()).toMatchObject({
      gone: false,
      detail: expect.stringContaining('could not be asked'),
    })
    expect(await job.done).toMatchObject({ endedBy: 'lost' })
    link.refuse(false)
    writeFileSync(go, '')
    const other = await bench.open()
    await until('its end', async () => (await other.jobState(job.id)).is === 'done')
    await job.remove()
  })

  it('fault 28: cut at any moment of its start, it runs exactly once', async () => {
    const mark = file('ran')
    let runs = 0
    for (let round = 0; round < (full ? 100 : 12); round++) {
      const id = v7()
      const argv = ['sh', '-c', 'echo "$1" >> "$0"; echo said; cat; exit 5', mark, id]
      const started = session.job(id, { argv, stdin: 'x'.repeat(3000) })
      // Somewhere among the bytes of its order; the whole is about 8 kB.
      link.allow((round * 701) % 9000)
      const cutting = setTimeout(() => {
        link.cut()
        link.allow(Number.POSITIVE_INFINITY)
      }, 60)
      const job = await started
      const result = await job.done
      clearTimeout(cutting)
      link.allow(Number.POSITIVE_INFINITY)
      const ran = readFileSync(mark, { encoding: 'utf8', flag: 'a+' }).split(id).length - 1
      // Cut within its input, it never ran, and says so.
      if (result.problem?.includes('whole input') === true) expect(ran).toBe(0)
      else {
        expect(result).toMatchObject({ endedBy: 'exit', exitCode: 5 })
        expect(text(result).out).toBe(`said\n${'x'.repeat(3000)}`)
        expect(ran).toBe(1)
        runs++
      }
      await job.remove()
    }
    expect(runs).toBeGreaterThan(0)
    expect(readdirSync(jobs())).toEqual([])
  }, 120_000)
})
