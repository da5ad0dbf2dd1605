import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { laneText, readOrder, takeOrder } from '../../src/hosts/lanes/text.ts'
import { quote } from '../../src/hosts/quote.ts'
import type { Session } from '../../src/model/command.ts'
import { type Bench, localBench, ssh2Bench, text, until } from './helpers/machine.ts'
import { startProxy } from './helpers/proxy.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sitrep-lanes-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
const path = () => join(folder, v7())

/** Waits on the host until the file is there. */
const waitFor = 'while [ ! -e "$0" ]; do sleep 0.02; done'
const alive = (pid: number) => existsSync(`/proc/${pid}`)
/** Bash reads TMOUT and PATH from what it is started with. */
const shells: [string, ...string[]][] = [['dash'], ['bash', '--posix']]

describe.each(shells)('the loop of a lane in %s', (shell, ...options) => {
  async function loop(orders: string, env: Record<string, string> = {}) {
    const child = spawn(shell, [...options, '-c', laneText('LANE')], { env: { ...process.env, ...env } })
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
    child.stdin.end(orders)
    const code = await new Promise((resolve) => child.on('close', resolve))
    return {
      code,
      ...said,
      out: said.out.replace(/^LANE:lane \d+ \w+\n/, ''),
      err: said.err.replace(/^LANE:lane \d+ \w+\n/, ''),
    }
  }
  const read = (nonce: string, order: string, input = '') => readOrder({ nonce, text: order, input })

  it('frames both streams and the status of each order, and gives the channel to the last', async () => {
    const orders = [
      read('a', 'echo out; echo err >&2; exit 3'),
      read('b', 'read -r l; printf "%s|" "$l"; cat', 'first line\nrest\n'),
      read('c', "exec sh -c 'kill -9 $$'"),
      takeOrder('d', 'printf "taken "; exec cat'),
      'its stdin',
    ]
    expect(await loop(orders.join(''))).toEqual({
      code: 0,
      out: 'out\na:lane-exit 3\na:lane-free\nfirst line|rest\nb:lane-exit 0\nb:lane-free\nc:lane-exit 137\nc:lane-free\ntaken its stdin',
      err: 'err\na:lane-exit 3\na:lane-free\nb:lane-exit 0\nb:lane-free\nc:lane-exit 137\nc:lane-free\n',
    })
  })

  it('an order leaves neither folder, variables nor unread input to the next', async () => {
    const orders = [
      read('a', 'cd /; X=1; umask 0; exec >/dev/null; exit 1', 'never read\n'.repeat(5000)),
      read('b', 'pwd; echo "[$X]"; umask'),
    ]
    const { out } = await loop(orders.join(''))
    expect(out).toContain(`a:lane-free\n${process.cwd()}\n[]\n0022\nb:lane-exit 0\n`)
  })

  it('what an order leaves in the background writes into its own frame only', async () => {
    const release = path()
    const orders = [
      read(
        'a',
        `(while [ ! -e ${quote(release)} ]; do sleep 0.02; done; echo late) & echo now; : > ${quote(release)}`,
      ),
      read('b', 'echo next'),
    ]
    const { out } = await loop(orders.join(''))
    const [first, second] = out.split('a:lane-free\n')
    expect(first?.split('\n').sort()).toEqual(['', 'a:lane-exit 0', 'late', 'now'])
    expect(second).toBe('next\nb:lane-exit 0\nb:lane-free\n')
  })

  it('takes orders one by one where `head` reads ahead', async () => {
    const bin = mkdtempSync(join(folder, 'bin-'))
    writeFileSync(join(bin, 'head'), '#!/bin/sh\ndd bs=65536 count=1 2>/dev/null\n')
    chmodSync(join(bin, 'head'), 0o755)
    const orders = [read('a', 'echo one'), read('b', 'cat', 'two'), takeOrder('c', 'exec cat'), 'three']
    const { out } = await loop(orders.join(''), { PATH: `${bin}:${process.env.PATH}` })
    expect(out).toBe('one\na:lane-exit 0\na:lane-free\ntwob:lane-exit 0\nb:lane-free\nthree')
  })

  it('fault 35: an order that was torn is not run', async () => {
    const file = path()
    const whole = read('a', `touch ${quote(file)}; cat`, 'some input')
    for (let cut = 1; cut < whole.length; cut += 3) await loop(whole.slice(0, cut))
    expect(existsSync(file)).toBe(false)
  })
})

describe.each(['local', 'ssh2'])('kept channels over %s', (name) => {
  let bench: Bench
  let session: Session
  beforeAll(async () => {
    bench = name === 'local' ? await localBench() : await ssh2Bench()
    session = await bench.open()
  })
  afterAll(() => bench.close())
  /** The session of a command on the host: that of the channel it runs in. */
  const sid = async () => text(await session.run({ argv: ['sh', '-c', 'ps -o sid= -p $$'] })).out.trim()

  /** The session of a channel that is used again. */
  const kept = () =>
    until('a kept channel', async () => {
      const one = await sid()
      return (await sid()) === one && one
    })

  it('commands one after the other share a channel', async () => {
    const one = await kept()
    expect(await sid()).toBe(one)
  })

  it('commands side by side get each their own input, output and exit', async () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ out: bytes, err: bytes, code: fc.nat(120) }), { maxLength: 12 }),
        async (all) => {
          const results = await Promise.all(
            all.map(({ out, err, code }) =>
              session.run({
                argv: [
                  'sh',
                  '-c',
                  `cat; printf %s "$0" | base64 -d >&2; exit ${code}`,
                  Buffer.from(err).toString('base64'),
                ],
                stdin: { base64: Buffer.from(out).toString('base64') },
              }),
            ),
          )
          expect(
            results.map(({ stdout, stderr, exitCode }) => [[...stdout.bytes], [...stderr.bytes], exitCode]),
          ).toEqual(all.map(({ out, err, code }) => [[...out], [...err], code]))
        },
      ),
      { numRuns: process.env.SITREP_FULL ? 100 : 8 },
    )
  })

  it('fast commands do not wait for slow ones before them', async () => {
    const release = path()
    const slow = Array.from({ length: 5 }, () =>
      session.run({ argv: ['sh', '-c', `${waitFor}; echo slow`, release] }),
    )
    const fast = await Promise.all(Array.from({ length: 9 }, () => session.run({ argv: ['echo', 'fast'] })))
    expect(fast.map((result) => text(result).out)).toEqual(Array(9).fill('fast\n'))
    writeFileSync(release, '')
    expect((await Promise.all(slow)).map((result) => text(result).out)).toEqual(Array(5).fill('slow\n'))
  })

  it('fault 34: ends one that takes too long, and asks again what stood behind it', async () => {
    const pids: number[] = []
    const hang = { argv: ['sh', '-c', 'echo $$; sleep 1000'], timeoutMs: 700 }
    const onOutput = (_: string, chunk: Uint8Array) => pids.push(Number(Buffer.from(chunk).toString()))
    const all = await Promise.all(
      Array.from({ length: 16 }, (_, at) =>
        at % 3 === 0 ? session.run(hang, { onOutput }) : session.run({ argv: ['echo', String(at)] }),
      ),
    )
    for (const [at, result] of all.entries()) {
      if (at % 3 === 0) expect(result).toMatchObject({ endedBy: 'timeout' })
      else expect(text(result).out).toBe(`${at}\n`)
    }
    expect(pids.length).toBeGreaterThan(0)
    await until('the end of all of them', () => pids.every((pid) => !alive(pid)), 20_000)
  })

  it('fault 34: one that was cancelled before it began does not go on on the host', async () => {
    const mark = `5${Date.now()}`
    const stop = new AbortController()
    const running = () =>
      readdirSync('/proc').some(
        (pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/cmdline`).includes(`sleep\0${mark}`),
      )
    const all = Array.from({ length: 12 }, () =>
      session.run({ argv: ['sleep', mark] }, { signal: stop.signal }),
    )
    stop.abort()
    for (const result of await Promise.all(all)) expect(result.endedBy).toBe('cancel')
    expect(text(await session.run({ argv: ['echo', 'next'] })).out).toBe('next\n')
    await until('no such command is left', () => !running(), 20_000)
  }, 40_000)

  it('a channel whose shell was killed is replaced, for reads and for jobs', async () => {
    for (const next of ['read', 'job']) {
      const group = Number(await kept())
      process.kill(-group, 'SIGKILL')
      if (next === 'read') expect(text(await session.run({ argv: ['echo', 'here'] })).out).toBe('here\n')
      else {
        const job = await session.job(v7(), { argv: ['echo', 'here'] })
        expect(text(await job.done).out).toBe('here\n')
        await job.remove()
      }
    }
  })

  it('a long script and a long input arrive', async () => {
    const own = await bench.open()
    const long = 'x'.repeat(90_000)
    const results = await Promise.all([
      own.run({ argv: ['sh', '-c', 'echo "${#1}"', 'sh', long] }),
      own.run({ argv: ['wc', '-c'], stdin: long.repeat(3) }),
    ])
    expect(results.map((result) => text(result).out.trim())).toEqual(['90000', '270000'])
  })

  it('a session that is closed has finished what nobody waited for', async () => {
    const own = await bench.open()
    const id = v7()
    const job = await own.job(id, { argv: ['true'] })
    await job.done
    const removed = job.remove()
    await own[Symbol.asyncDispose]()
    expect(readdirSync(join(bench.state, 'sitrep', 'jobs'))).not.toContain(id)
    await removed
  })
})

describe('kept channels of a host that', () => {
  let bench: (Bench & { sshd: { port: number } }) | undefined
  afterEach(() => bench?.close())

  it('fault 37: allows one channel at once (MaxSessions 1): everything works, one after the other', async () => {
    bench = await ssh2Bench(['MaxSessions 1'])
    const session = await bench.open()
    for (let round = 0; round < 3; round++) {
      const reads = await Promise.all(
        Array.from({ length: 6 }, (_, at) => session.run({ argv: ['echo', String(at)] })),
      )
      expect(reads.map((result) => text(result).out)).toEqual([0, 1, 2, 3, 4, 5].map((at) => `${at}\n`))
      const job = await session.job(v7(), { argv: ['echo', 'job'] })
      expect(text(await job.done).out).toBe('job\n')
      await job.remove()
    }
  }, 60_000)

  it('prints a banner before every command: it is dropped', async () => {
    bench = await ssh2Bench([`ForceCommand echo hello; echo there >&2; eval "$SSH_ORIGINAL_COMMAND"`])
    const session = await bench.open()
    for (let at = 0; at < 3; at++) {
      expect(text(await session.run({ argv: ['sh', '-c', 'echo a; echo b >&2'] }))).toEqual({
        out: 'a\n',
        err: 'b\n',
      })
      const job = await session.job(v7(), { argv: ['echo', 'job'] })
      expect(text(await job.done)).toEqual({ out: 'job\n', err: '' })
    }
  })

  it('runs no commands: says in its own words why', async () => {
    bench = await ssh2Bench([`ForceCommand echo this account is closed; exit 1`])
    const session = await bench.open()
    for (let at = 0; at < 3; at++) {
      expect((await session.run({ argv: ['true'] })).problem).toBe(
        'the login shell did not run the command: this account is closed',
      )
    }
    const job = await session.job(v7(), { argv: ['true'] })
    expect((await job.done).problem).toContain('this account is closed')
  })

  it('fault 35: is lost in the middle of a read: it is asked once more when the link is back', async () => {
    bench = await ssh2Bench()
    const link = await startProxy(bench.sshd.port)
    const known = path()
    writeFileSync(
      known,
      read(bench.host.knownHosts![0]!).replaceAll(`:${bench.sshd.port} `, `:${link.port} `),
    )
    const session = await bench.open(
      { port: link.port, knownHosts: [known] },
      { retry: { first: 20, most: 50 } },
    )
    const [begun, release] = [path(), path()]
    const argv = ['sh', '-c', `echo run >> ${quote(begun)}; ${waitFor}; echo done`, release]
    const lines = () => (existsSync(begun) ? read(begun).split('\n').length - 1 : 0)

    const result = session.run({ argv })
    await until('its begin', () => lines() === 1)
    link.cut()
    await until('its second begin', () => lines() === 2)
    writeFileSync(release, '')
    expect(text(await result).out).toBe('done\n')

    let heard = ''
    const told = session.run(
      { argv: ['sh', '-c', 'echo first; sleep 1000'] },
      { onOutput: (_, chunk) => (heard += Buffer.from(chunk).toString()) },
    )
    await until('its first line', () => heard !== '')
    link.cut()
    expect(await told).toMatchObject({ endedBy: 'lost' })
    expect(heard).toBe('first\n')
    expect(text(await session.run({ argv: ['echo', 'back'] })).out).toBe('back\n')
    await link.close()
  })
})

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
