import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashOfResource } from '../../src/hosts/lock/text.ts'
import type { Session } from '../../src/model/command.ts'
import { type HeldLock, type LockAnswer, type LockRequest, sayHolder } from '../../src/model/lock.ts'
import { type Bench, localBench, opensshBench, ssh2Bench, text, until } from './helpers/machine.ts'
import { startProxy } from './helpers/proxy.ts'

const place = '/run/lock/sitrep'
let count = 0

/** A request for a resource that no other test wants. */
function wanted(more: Partial<LockRequest> = {}): LockRequest {
  const id = crypto.randomUUID().slice(0, 8)
  return {
    id,
    resources: [`file:/test/${id}`],
    by: 'ana@laptop',
    incident: 'an-incident',
    step: `book/s${count++}`,
    ...more,
  }
}

/** Another's request for the same. */
const rival = (first: LockRequest, more: Partial<LockRequest> = {}): LockRequest =>
  wanted({ resources: first.resources, by: 'ben@desk', ...more })

function ours(answer: LockAnswer): HeldLock {
  if (answer.is !== 'ours') throw new Error(`not ours: ${JSON.stringify(answer)}`)
  return answer.lock
}

const folder = (resource: string) => join(place, hashOfResource(resource))
const records = (resource: string) => (existsSync(folder(resource)) ? readdirSync(folder(resource)) : [])
const ended = async (session: Session, id: string, command: string, lock: LockRequest) => {
  const job = await session.job(id, { argv: ['sh', '-c', command] }, { lock })
  return { job, result: await job.done }
}

describe.each([
  ['local', () => localBench()],
  ['ssh2', () => ssh2Bench()],
] as const)('locks over %s', (_, makeBench) => {
  let bench: Bench
  let ana: Session
  let ben: Session
  beforeAll(async () => {
    bench = await makeBench()
    ;[ana, ben] = await Promise.all([bench.open(), bench.open()])
  })
  afterAll(() => bench.close())

  it('fault 31: one has a resource, the other sees who, since when, on what, which lock', async () => {
    const first = wanted({ resources: ['file:/test/etc/caddy', `step:book/${crypto.randomUUID()}`] })
    const lock = ours(await ana.lock(first))
    const [, step = ''] = first.resources
    const answer = await ben.lock(rival(first, { resources: [step] }))
    expect(answer).toMatchObject({
      is: 'theirs',
      holder: {
        lock: first.id,
        resource: step,
        by: 'ana@laptop',
        incident: 'an-incident',
        step: first.step,
        running: false,
      },
    })
    if (answer.is !== 'theirs') throw new Error('theirs')
    expect(Math.abs(Date.parse(answer.holder.since) - Date.now())).toBeLessThan(10_000)
    expect(sayHolder(answer.holder)).toContain(`ana@laptop has ${step} since`)
    await lock.release()
    await ours(await ben.lock(rival(first))).release()
  })

  it('is kept in a folder of mode 1777 under the sha256 of the resource, and leaves nothing', async () => {
    const request = wanted()
    const [resource = ''] = request.resources
    const lock = ours(await ana.lock(request))
    expect(lock.unexcluded).toBeUndefined()
    expect((statSync(place).mode & 0o7777).toString(8)).toBe('1777')
    expect((statSync(folder(resource)).mode & 0o7777).toString(8)).toBe('1777')
    const record = readFileSync(join(folder(resource), request.id), 'utf8')
    for (const line of ['by ana@laptop', 'incident an-incident', `step ${request.step}`])
      expect(record).toContain(`${line}\n`)
    expect(record).toMatch(/^at \d+$/m)
    expect(record).toContain(`boot ${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')}`)
    expect(record).toMatch(/^until \d+$/m)
    await lock.release()
    expect(existsSync(folder(resource))).toBe(false)
  })

  it('fault 31: of many at once exactly one has it, over and over', async () => {
    for (let round = 0; round < (process.env.SITREP_FULL ? 50 : 8); round++) {
      const first = wanted()
      const all = await Promise.all(
        [ana, ben, ana, ben, ana, ben].map((session) => session.lock(rival(first, { looks: round === 0 }))),
      )
      const [one, ...more] = all.flatMap((answer) => (answer.is === 'ours' ? [answer.lock] : []))
      expect(more).toEqual([])
      expect(all.filter(({ is }) => is === 'theirs')).toHaveLength(5)
      for (const answer of all) if (answer.is === 'theirs') expect(answer.holder.lock).toBe(one?.id)
      await one?.release()
    }
  })

  it('all of its resources or none', async () => {
    const first = wanted()
    const lock = ours(await ana.lock(first))
    const other = wanted({ resources: [`pm2:${crypto.randomUUID()}`, ...first.resources] })
    expect((await ben.lock(other)).is).toBe('theirs')
    expect(records(other.resources[0] ?? '')).toEqual([])
    await lock.release()
  })

  it('a job joins the lock, and holds it when its console is gone; when it ends the lock is free', async () => {
    const mine = await bench.open()
    const request = wanted()
    const lock = ours(await mine.lock(request))
    const gate = join(bench.state, `gate-${request.id}`)
    const id = `job-${request.id}`
    const job = await mine.job(
      id,
      { argv: ['sh', '-c', `until [ -e ${gate} ]; do sleep 0.05; done; echo done`] },
      { lock: lock.joining() },
    )
    expect(job.refused).toBeUndefined()
    // Its keeper goes with the session; the job stays.
    await mine[Symbol.asyncDispose]()
    const [resource = ''] = request.resources
    await until('the keeper gave it to the job', () => {
      const lines = readFileSync(join(folder(resource), request.id), 'utf8')
        .trim()
        .split('\n')
      return lines.at(-1) === 'until 0'
    })
    const answer = await ben.lock(rival(request))
    expect(answer).toMatchObject({ is: 'theirs', holder: { lock: request.id, running: true } })
    execFileSync('touch', [gate])
    await until('its job ended', async () => (await ben.jobState(id)).is === 'done')
    const next = ours(await ben.lock(rival(request)))
    // Nobody gave it back, so nobody knows what the dead holder did last.
    expect(next.recent).toBe(0)
    await next.release()
    expect(records(resource)).toEqual([])
    await (await ben.job(id, { argv: ['true'] })).remove()
  })

  it('a job alone takes it as it starts, and with the job it is over and gone', async () => {
    const request = wanted({ alone: true })
    const [resource = ''] = request.resources
    const { job, result } = await ended(
      ana,
      `alone-${request.id}`,
      `ls ${folder(resource)}; echo "[$SITREP_LOCK]"; ls -l /proc/self/fd`,
      request,
    )
    expect(text(result).out).toContain(`${request.id}\n[]\n`)
    // What the command starts must not hold its lock.
    expect(text(result).out).not.toContain(place)
    await until('it is gone', () => !existsSync(folder(resource)))
    await job.remove()
  })

  it('fault 31: a job whose lock is another’s is not started', async () => {
    const first = wanted()
    const lock = ours(await ana.lock(first))
    const marker = join(bench.state, `marker-${first.id}`)
    const request = rival(first, { alone: true })
    const { job, result } = await ended(ben, `refused-${first.id}`, `touch ${marker}`, request)
    expect(job.refused).toContain(`lock ${first.id}`)
    expect(result).toMatchObject({ endedBy: 'exit', lockedBy: { lock: first.id, by: 'ana@laptop' } })
    expect(existsSync(marker)).toBe(false)
    expect(await ben.jobState(`refused-${first.id}`)).toEqual({ is: 'not_started' })
    await lock.release()
    const again = await ended(ben, `refused-${first.id}`, `touch ${marker}`, request)
    expect(again.result.exitCode).toBe(0)
    expect(existsSync(marker)).toBe(true)
    await again.job.remove()
  })

  it('fault 31: of jobs that start at once for one resource exactly one runs', async () => {
    for (let round = 0; round < (process.env.SITREP_FULL ? 25 : 4); round++) {
      const first = wanted()
      const out = join(bench.state, `ran-${first.id}`)
      const all = await Promise.all(
        [ana, ben, ana, ben].map((session, index) =>
          ended(
            session,
            `race-${first.id}-${index}`,
            `echo ran >>${out}; sleep 0.4`,
            rival(first, { alone: true }),
          ),
        ),
      )
      expect(readFileSync(out, 'utf8')).toBe('ran\n')
      expect(all.filter(({ result }) => result.lockedBy !== undefined)).toHaveLength(3)
      await Promise.all(all.map(({ job }) => job.remove()))
    }
  })

  it('fault 32: taking over names the lock; the former holder can not begin anything with it', async () => {
    const first = wanted({ seconds: 1 })
    const former = ours(await ana.lock(first))
    const wrong = await ben.lock(rival(first, { over: ['nothere1'] }))
    expect(wrong.is).toBe('theirs')
    const second = rival(first, { over: [first.id] })
    const lock = ours(await ben.lock(second))
    expect(lock.over).toMatchObject([{ lock: first.id, by: 'ana@laptop', running: false }])
    const { job, result } = await ended(ana, `former-${first.id}`, 'echo ran', former.joining())
    expect(job.refused).toBeDefined()
    expect(result.lockedBy).toMatchObject({ lock: second.id, by: 'ben@desk' })
    await former.release()
    expect((await ana.lock(rival(first))).is).toBe('theirs')
    await lock.release()
    expect(records(first.resources[0] ?? '')).toEqual([])
  })

  it('one that only looks is waited for a moment, until it is given back or kept', async () => {
    const first = wanted({ looks: true })
    const lock = ours(await ana.lock(first))
    const waiting = ben.lock(rival(first))
    setTimeout(() => void lock.release(), 300)
    const got = ours(await waiting)
    // Another had it a moment ago: what was seen meanwhile has to be looked at again.
    expect(got.recent).toBeLessThan(5)
    await got.release()

    const second = wanted({ looks: true })
    const kept = ours(await ana.lock(second))
    const other = ben.lock(rival(second))
    setTimeout(() => kept.keep(), 300)
    expect(await other).toMatchObject({ is: 'theirs', holder: { lock: second.id } })
    await kept.release()
  })

  it('hostile words in a request and in a record change nothing', async () => {
    const evil = "x'\n$(touch /tmp/sitrep-evil)`id`;\u001b[2J\tuntil 99999999"
    const first = wanted({
      resources: [`file:${evil}${crypto.randomUUID()}`],
      by: evil,
      incident: evil,
      step: evil,
    })
    const lock = ours(await ana.lock(first))
    const answer = await ben.lock(rival(first))
    expect(answer).toMatchObject({ is: 'theirs', holder: { lock: first.id, resource: first.resources[0] } })
    if (answer.is === 'theirs') expect(answer.holder.by).toMatch(/^x' \$\(touch/)
    await lock.release()
    expect(existsSync('/tmp/sitrep-evil')).toBe(false)
  })
})

describe('a lock and the end of what holds it', () => {
  it('fault 32: a link that says nothing loses it after its time, and a job can not go on with it once another had it', async () => {
    const bench = await ssh2Bench()
    const link = await startProxy(bench.sshd.port)
    try {
      const ana = await bench.open({
        port: link.port,
        hostKeyAlias: `[${bench.sshd.address}]:${bench.sshd.port}`,
      })
      const ben = await bench.open()
      const first = wanted({ seconds: 2 })
      const former = ours(await ana.lock(first))
      link.hold(true)
      expect((await ben.lock(rival(first))).is).toBe('theirs')
      const lock = await until('it ran out', async () => {
        const answer = await ben.lock(rival(first))
        return answer.is === 'ours' ? answer.lock : undefined
      })
      await lock.release()
      link.hold(false)
      const { job } = await ended(ana, `late-${first.id}`, 'echo ran', former.joining())
      expect(job.refused).toContain('another had it meanwhile')
      await former.release()
    } finally {
      await link.close()
      await bench.close()
    }
  })

  it.each([
    ['ssh2', ssh2Bench],
    ['openssh', opensshBench],
  ] as const)(
    'fault 37: MaxSessions 1 over %s: it is kept without a channel while a command needs that, and given back',
    async (_, makeBench) => {
      const bench = await makeBench(['MaxSessions 1'])
      const other = await ssh2Bench()
      try {
        const [ana, ben] = await Promise.all([bench.open(), other.open()])
        const first = wanted({ seconds: 3 })
        // A second lane is asked for meanwhile, and the host is heard to give none: before the keeper comes.
        await Promise.all([1, 2].map(() => ana.run({ argv: ['sleep', '1.5'] })))
        const lock = ours(await ana.lock(first))
        const marker = join(bench.state, 'ran')
        const running = ended(ana, `one-${first.id}`, `touch ${marker}; echo ran`, lock.joining())
        // Long before the host would be given up for having no channel.
        await until('the command ran', () => existsSync(marker), 10_000)
        const { result } = await running
        expect(text(result).out).toBe('ran\n')
        // Longer than it lasts where nobody renews it.
        const end = Date.now() + 5000
        await until('its time to be over', async () => {
          expect((await ben.lock(rival(first))).is).toBe('theirs')
          return Date.now() > end || undefined
        })
        await lock.release()
        expect(records(first.resources[0]!)).toEqual([])
      } finally {
        await bench.close()
        await other.close()
      }
    },
    60_000,
  )
})
