import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachJob } from '../../src/hosts/session.ts'
import type { Session } from '../../src/model/command.ts'
import { type Bench, localBench, opensshBench, ssh2Bench, text, until } from './helpers/machine.ts'

/** Every transport is to behave the same; the host and the user of the openssh one are known by certificates alone. */
const transports: Record<string, () => Promise<Bench>> = {
  local: localBench,
  ssh2: () => ssh2Bench(),
  openssh: () => opensshBench(),
}

/** Processes of this machine whose command line holds the text. */
function running(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
    return cmdline(pid).includes(mark)
  })
}

function cmdline(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** The living `sleep` processes of exactly this long. */
const sleeping = (seconds: string) => running(seconds).filter((pid) => cmdline(pid) === `sleep ${seconds} `)

/** A number of seconds that no other sleep uses, so that its process can be found. */
let sleeps = 0
const longSleep = () => `${500_000 + process.pid}.${++sleeps}${Date.now() % 1000}`

describe.each(Object.keys(transports))('a session over %s', (name) => {
  let bench: Bench
  let session: Session
  let folder: string
  /** The jobs of this bench live in a state folder of their own. */
  const jobs = () => join(bench.state, 'sitrep', 'jobs')
  beforeAll(async () => {
    bench = await transports[name]!()
    session = await bench.open()
    folder = mkdtempSync(join(tmpdir(), 'sitrep-conformance-'))
  })
  afterAll(async () => {
    await bench.close()
    rmSync(folder, { recursive: true })
  })

  describe('run', () => {
    it('gives exit code, both streams and the time', async () => {
      const result = await session.run({ argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] })
      expect(result).toMatchObject({ endedBy: 'exit', exitCode: 3 })
      expect(text(result)).toEqual({ out: 'out\n', err: 'err\n' })
      expect(result.ms).toBeGreaterThan(0)
      expect(result.problem).toBeUndefined()
    })

    it('sets folder, PATH, environment of host and command, and stdin', async () => {
      const own = await bench.open({ path: ['/opt/my tools'], env: { FROM: 'host', BOTH: 'host' } })
      const result = await own.run({
        argv: ['sh', '-c', 'echo "${PATH%%:*}|$FROM|$BOTH|$(pwd)"; cat'],
        cwd: folder,
        env: { BOTH: "it's $HOME\n\\" },
        stdin: 'typed\nin',
      })
      expect(text(result).out).toBe(`/opt/my tools|host|it's $HOME\n\\|${folder}\ntyped\nin`)
    })

    it('gives binary stdin as it is, and an empty one where there is none', async () => {
      const base64 = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('base64')
      const back = await session.run({ argv: ['cat'], stdin: { base64 } })
      expect(Buffer.from(back.stdout.bytes).toString('base64')).toBe(base64)
      expect(await session.run({ argv: ['cat'] })).toMatchObject({ exitCode: 0, stdout: { total: 0 } })
    })

    it('tells a program that is not there, and a folder that is not', async () => {
      expect(await session.run({ argv: ['no-such-program'] })).toMatchObject({
        endedBy: 'exit',
        exitCode: 127,
      })
      const result = await session.run({ argv: ['true'], cwd: '/no/such/folder' })
      expect(result).toMatchObject({ endedBy: 'exit', problem: expect.stringContaining('/no/such/folder') })
      expect(result.exitCode).toBeUndefined()
    })

    it('tells a signal from an exit', async () => {
      const result = await session.run({ argv: ['sh', '-c', 'kill -9 $$'] })
      expect(result).toMatchObject({ endedBy: 'signal', signal: 'SIGKILL' })
    })

    it('gives each of many commands at once its own output and exit, also 255', async () => {
      const codes = [0, 1, 2, 126, 127, 254, 255, ...Array.from({ length: 13 }, (_, n) => n)]
      const results = await Promise.all(
        codes.map((code, n) =>
          session.run({ argv: ['sh', '-c', 'echo "$0"; exit "$1"', String(n), String(code)] }),
        ),
      )
      expect(results.map((result) => [result.exitCode, text(result).out])).toEqual(
        codes.map((code, n) => [code, `${n}\n`]),
      )
    })

    it('fault 38: keeps 1 MiB of each stream, counts all of it, and reads both', async () => {
      const argv = ['sh', '-c', 'head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2']
      let heard = 0
      const result = await session.run({ argv }, { onOutput: (_, chunk) => (heard += chunk.length) })
      expect(result.stdout).toMatchObject({ total: 5_000_000, cut: true })
      expect(result.stdout.bytes.length).toBe(1024 * 1024)
      expect(result.stderr).toMatchObject({ total: 3_000_000, cut: true })
      expect(heard).toBe(8_000_000)
    })

    it('streams output while the command runs', async () => {
      const release = join(folder, 'release')
      const argv = ['sh', '-c', 'echo first; while [ ! -e "$0" ]; do sleep 0.02; done; echo last', release]
      const heard: string[] = []
      const result = await session.run(
        { argv },
        {
          onOutput: (_, chunk) => {
            heard.push(Buffer.from(chunk).toString())
            if (heard.length === 1) writeFileSync(release, '')
          },
        },
      )
      expect(heard).toEqual(['first\n', 'last\n'])
      expect(result.exitCode).toBe(0)
    })

    it('fault 34: on a timeout the whole process group is gone', async () => {
      const [one, two] = [longSleep(), longSleep()]
      const argv = ['sh', '-c', `trap '' TERM; sleep ${one} & sleep ${two}`]
      const result = await session.run({ argv, timeoutMs: 300 })
      expect(result).toMatchObject({ endedBy: 'timeout' })
      expect(result.problem).toBeUndefined()
      expect([...sleeping(one), ...sleeping(two)]).toEqual([])
    })

    it('fault 34: on an abort the whole process group is gone', async () => {
      const seconds = longSleep()
      const stop = new AbortController()
      const argv = ['sh', '-c', `echo up; sleep ${seconds}; echo never`]
      const result = await session.run({ argv }, { signal: stop.signal, onOutput: () => stop.abort() })
      expect(result).toMatchObject({ endedBy: 'cancel' })
      expect(text(result).out).toBe('up\n')
      expect(sleeping(seconds)).toEqual([])
      expect(await session.run({ argv: ['true'] }, { signal: stop.signal })).toMatchObject({
        endedBy: 'cancel',
      })
    })

    it('ends though a background process keeps the streams open', async () => {
      const seconds = longSleep()
      const result = await session.run({ argv: ['sh', '-c', `sleep ${seconds} & echo done`] })
      expect(text(result).out).toBe('done\n')
      for (const pid of sleeping(seconds)) process.kill(Number(pid))
    })

    it('fault 20: a secret arrives and is in no command line on either side', async () => {
      const [left, right] = [`s3cr3t-${v7()}`, v7()]
      const value = `${left}${right} 'x'\n`
      bench.secrets.register('token', 'prompt', value)
      // What is looked for is given in two halves, or the look would find its own question.
      const look =
        'case $(cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " ") in *"$1$2"*) echo found >&2;; *) echo clean >&2;; esac'
      const seen: string[] = []
      const result = await session.run(
        {
          argv: ['sh', '-c', `printf %s "$TOKEN"; cat; ${look}`, 'sh', left, right],
          secrets: { TOKEN: { secret: 'token' } },
          stdin: ['password=', { secret: 'token' }],
        },
        { onOutput: () => seen.push(...running(left + right)) },
      )
      expect(text(result)).toEqual({ out: `${value}password=${value}`, err: 'clean\n' })
      expect(seen).toEqual([])
    })

    it('refuses what would be taken for an option or an assignment', async () => {
      await expect(session.run({ argv: ['-x'] })).rejects.toThrow(/named -x/)
      await expect(session.run({ argv: ['A=b'] })).rejects.toThrow(/named A=b/)
      await expect(session.run({ argv: ['true'], as: '-u' })).rejects.toThrow(/user/)
      await expect(session.run({ argv: ['true'], env: { 'A;B': '' } })).rejects.toThrow(/variable/)
      await expect(session.run({ argv: ['echo', 'a\0b'] })).rejects.toThrow(/NUL/)
    })
  })

  describe('read', () => {
    it('gives the bytes of a file, and the words of the host where it can not', async () => {
      const path = join(folder, '-n file')
      writeFileSync(path, Buffer.from([0, 1, 255, 10]))
      expect([...(await session.read(path))]).toEqual([0, 1, 255, 10])
      await expect(session.read(join(folder, 'nowhere'))).rejects.toThrow(/No such file/)
    })
  })

  describe('job', () => {
    it('runs a command to its end, with its input and both streams', async () => {
      const id = v7()
      let heard = ''
      const job = await session.job(
        id,
        { argv: ['sh', '-c', 'cat; umask; echo err >&2; exit 7'], stdin: 'in\n', cwd: folder },
        { onOutput: (stream, chunk) => (heard += `${stream}:${chunk.length} `) },
      )
      const result = await job.done
      expect(result).toMatchObject({ endedBy: 'exit', exitCode: 7 })
      expect(text(result)).toMatchObject({ out: expect.stringMatching(/^in\n0022\n$/), err: 'err\n' })
      expect(heard).toContain('stdout:')
      expect(readFileSync(join(jobs(), id, 'command'), 'utf8')).toContain('cat; umask')
      await job.remove()
      expect(readdirSync(jobs())).not.toContain(id)
    })

    it('starts once by its id: a second start attaches', async () => {
      const id = v7()
      const file = join(folder, id)
      const command = { argv: ['sh', '-c', 'echo run >> "$0"; echo out; sleep 0.3; echo end', file] }
      const both = await Promise.all([session.job(id, command), session.job(id, command)])
      const results = await Promise.all(both.map((job) => job.done))
      for (const result of results) {
        expect(result).toMatchObject({ endedBy: 'exit', exitCode: 0 })
        expect(text(result).out).toBe('out\nend\n')
      }
      expect(readFileSync(file, 'utf8')).toBe('run\n')
      await both[0].remove()
    })

    it('fault 29: says not started, running, done', async () => {
      const id = v7()
      expect(await session.jobState(id)).toEqual({ is: 'not_started' })
      expect(await attachJob(session, id)).toBeUndefined()
      const release = join(folder, `${id}-release`)
      const argv = ['sh', '-c', 'echo said; while [ ! -e "$0" ]; do sleep 0.02; done; exit 4', release]
      const job = await session.job(id, { argv })
      expect(await session.jobState(id)).toEqual({ is: 'running' })
      const attached = await attachJob(session, id, { from: { stdout: 3, stderr: 0 } })
      writeFileSync(release, '')
      expect(text(await attached!.done).out).toBe('d\n')
      await job.done
      const state = await session.jobState(id)
      expect(state).toMatchObject({
        is: 'done',
        result: { endedBy: 'exit', exitCode: 4, stdout: { total: 5 } },
      })
      await job.remove()
      expect(await session.jobState(id)).toEqual({ is: 'not_started' })
    })

    it('fault 34: a cancelled job is gone, proven by a look', async () => {
      const [one, two] = [longSleep(), longSleep()]
      const argv = ['sh', '-c', `trap '' TERM; sleep ${one} & sleep ${two}; sleep ${one}`]
      const job = await session.job(v7(), { argv })
      await until('its sleeps', () => sleeping(one).length > 0 && sleeping(two).length > 0)
      expect(await job.cancel()).toMatchObject({ gone: true })
      expect([...sleeping(one), ...sleeping(two)]).toEqual([])
      expect(await job.done).toMatchObject({ endedBy: 'cancel' })
      expect(await job.cancel()).toMatchObject({ gone: true })
      await job.remove()
    }, 30_000)

    it('ends a job that takes too long', async () => {
      const seconds = longSleep()
      const job = await session.job(v7(), { argv: ['sleep', seconds] }, { timeoutMs: 200 })
      expect(await job.done).toMatchObject({ endedBy: 'timeout' })
      expect(sleeping(seconds)).toEqual([])
      await job.remove()
    })

    it.each([
      ['empty', ''],
      ['torn', '1'],
      ['not a number', 'x\n'],
    ])('fault 30: an exit file that is %s is unknown, never 0', async (_, content) => {
      const id = v7()
      const job = await session.job(id, { argv: ['true'] })
      expect(await job.done).toMatchObject({ exitCode: 0 })
      writeFileSync(join(jobs(), id, 'exit'), content)
      expect(await session.jobState(id)).toMatchObject({
        is: 'unknown',
        reason: expect.stringContaining('exit file'),
      })
      const again = await session.job(id, { argv: ['true'] })
      const result = await again.done
      expect(result).toMatchObject({ endedBy: 'lost', problem: expect.stringContaining('exit file') })
      expect(result.exitCode).toBeUndefined()
      await job.remove()
    })

    it('fault 33: a reboot in between is named', async () => {
      const id = v7()
      const job = await session.job(id, { argv: ['true'] })
      await job.done
      rmSync(join(jobs(), id, 'exit'))
      writeFileSync(join(jobs(), id, 'boot'), 'another-boot\n')
      expect(await session.jobState(id)).toMatchObject({
        is: 'unknown',
        reason: expect.stringContaining('rebooted'),
      })
      await job.remove()
    })

    it('a supervisor that was killed gives unknown, in time', async () => {
      const id = v7()
      const seconds = longSleep()
      const job = await session.job(id, { argv: ['sleep', seconds] })
      await until('its sleep', () => sleeping(seconds).length > 0)
      const [pid] = readFileSync(join(jobs(), id, 'pgid'), 'utf8').split(' ')
      process.kill(-Number(pid), 'SIGKILL')
      expect(await job.done).toMatchObject({ endedBy: 'lost', problem: expect.stringContaining('killed') })
      expect(await session.jobState(id)).toMatchObject({ is: 'unknown' })
      await job.remove()
    })

    it('fault 33: a job folder that can not be made is named, and nothing runs', async () => {
      const file = join(folder, 'no-folder')
      writeFileSync(file, '')
      // A wrapper cannot change the state folder of a session, so the id collides with a file of that name.
      const id = v7()
      writeFileSync(join(jobs(), id), 'a file')
      const job = await session.job(id, { argv: ['sh', '-c', 'echo ran >> "$0"', file] })
      const result = await job.done
      expect(result.problem).toMatch(/^job folder: .*File exists/)
      expect(result.exitCode).toBeUndefined()
      expect(readFileSync(file, 'utf8')).toBe('')
      rmSync(join(jobs(), id))
    })

    it('takes a secret on stdin, and leaves none in its folder', async () => {
      const value = `job-secret-${v7()}`
      bench.secrets.register('job', 'prompt', value)
      const id = v7()
      const job = await session.job(id, {
        argv: ['sh', '-c', 'printf %s "$S" | wc -c; wc -c'],
        secrets: { S: { secret: 'job' } },
        stdin: [{ secret: 'job' }],
      })
      const result = await job.done
      expect(text(result).out.split('\n').map(Number)).toEqual([value.length, value.length, 0])
      for (const file of readdirSync(join(jobs(), id))) {
        expect(readFileSync(join(jobs(), id, file), 'utf8')).not.toContain(value)
      }
      await job.remove()
    })

    it('a supervisor that was killed alone: its command is told to run still', async () => {
      const id = v7()
      const seconds = longSleep()
      const job = await session.job(id, { argv: ['sleep', seconds] })
      await until('its sleep', () => sleeping(seconds).length > 0)
      const [pid] = readFileSync(join(jobs(), id, 'pgid'), 'utf8').split(' ')
      process.kill(Number(pid), 'SIGKILL')
      expect(await job.done).toMatchObject({
        endedBy: 'lost',
        problem: expect.stringMatching(/^still running: pid \d+/),
      })
      const left = { is: 'unknown', reason: expect.stringMatching(/^still running: pid \d+/) }
      expect(await session.jobState(id)).toMatchObject(left)
      expect((await session.jobs()).find((one) => one.id === id)).toMatchObject(left)
      process.kill(-Number(pid), 'SIGKILL')
      await until('its end', () => sleeping(seconds).length === 0)
      await job.remove()
    })

    it('a folder that goes while a job is followed is no reboot', async () => {
      const [id, seconds] = [v7(), longSleep()]
      await session.job(id, { argv: ['sleep', seconds] })
      const other = await session.job(id, { argv: [] }, { attach: true })
      await until('its sleep', () => sleeping(seconds).length > 0)
      const [pid] = readFileSync(join(jobs(), id, 'pgid'), 'utf8').split(' ')
      rmSync(join(jobs(), id), { recursive: true })
      expect(await other.done).toMatchObject({
        endedBy: 'lost',
        removed: true,
        problem: expect.stringContaining('not on the host any more'),
      })
      process.kill(-Number(pid), 'SIGKILL')
    })

    it('fault 29: an id that was claimed never starts, however late its order comes', async () => {
      const [id, mark] = [v7(), join(folder, v7())]
      expect(await session.jobState(id, { claim: true })).toEqual({ is: 'not_started' })
      const late = await session.job(id, { argv: ['touch', mark] })
      expect(await late.done).toMatchObject({ endedBy: 'exit', exitCode: 125, began: 'no' })
      expect(await session.jobState(id, { claim: true })).toMatchObject({
        is: 'done',
        result: { began: 'no' },
      })
      const [found] = (await session.jobs()).filter((one) => one.id === id)
      expect(found).toMatchObject({ is: 'done', unbegun: true, ageMs: expect.any(Number) })
      expect(await late.cancel()).toMatchObject({ gone: true })
      expect(existsSync(mark)).toBe(false)
      await late.remove()
      // Only attaching starts nothing either.
      const none = await session.job(id, { argv: ['touch', mark] }, { attach: true })
      expect(await none.done).toMatchObject({ endedBy: 'lost', removed: true })
      expect(existsSync(mark)).toBe(false)
    })

    it('refuses an id that is a path', async () => {
      await expect(session.job('../x', { argv: ['true'] })).rejects.toThrow(/named/)
    })
  })

  describe('follow', () => {
    it('gives lines as they come, and leaves no process behind when it is stopped', async () => {
      const file = join(folder, `log-${v7()}`)
      writeFileSync(file, 'one\n')
      let heard = ''
      let ended = ''
      const following = session.follow(
        { argv: ['tail', '-n', '5', '-f', file] },
        {
          chunk: (_, chunk) => {
            heard += Buffer.from(chunk).toString()
          },
          end: (reason) => {
            ended += reason
          },
        },
      )
      await until('the first line', () => heard === 'one\n')
      writeFileSync(file, 'two\n', { flag: 'a' })
      await until('the second line', () => heard === 'one\ntwo\n')
      await following.stop()
      expect(ended).toBe('stopped')
      await until('no process is left', () => running(file).length === 0)
    })

    it('ends by KILL what does not hear TERM', async () => {
      const seconds = longSleep()
      let heard = ''
      const following = session.follow(
        { argv: ['sh', '-c', `trap '' TERM; echo up; while :; do sleep ${seconds}; done`] },
        { chunk: (_, chunk) => (heard += Buffer.from(chunk).toString()), end: () => {} },
      )
      await until('its first word', () => heard === 'up\n')
      await following.stop()
      expect(sleeping(seconds)).toEqual([])
    }, 20_000)

    it('says why it ended by itself', async () => {
      const reasons: string[] = []
      const sink = { chunk: () => {}, end: (reason: string) => reasons.push(reason) }
      await session.follow({ argv: ['sh', '-c', 'exit 3'] }, sink).ended
      await session.follow({ argv: ['true'], cwd: '/nowhere' }, sink).ended
      expect(reasons).toEqual(['exit 3', expect.stringContaining('/nowhere')])
    })
  })

  it('a job goes on when its session is closed, and nothing of the session stays behind', async () => {
    const id = v7()
    const release = join(folder, `${id}-release`)
    const own = await bench.open()
    const job = await own.job(id, {
      argv: ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.02; done; exit 6', release],
    })
    await own[Symbol.asyncDispose]()
    expect(await job.done).toMatchObject({ endedBy: 'lost' })
    expect(await session.jobState(id)).toEqual({ is: 'running' })
    // Only the supervisor and the command are left of it, not the shell that followed its output.
    await until('the end of what followed it', () =>
      running(release).every((pid) => !cmdline(pid).includes('wc -c')),
    )
    writeFileSync(release, '')
    const again = await session.job(id, { argv: ['true'] })
    expect(await again.done).toMatchObject({ endedBy: 'exit', exitCode: 6 })
    await again.remove()
  })

  it('after its end, says lost', async () => {
    const own = await bench.open()
    const states: string[] = []
    own.onState((state) => states.push(state.is))
    await own[Symbol.asyncDispose]()
    expect(states).toEqual(['lost'])
    expect(await own.run({ argv: ['true'] })).toMatchObject({
      endedBy: 'lost',
      problem: expect.stringContaining('closed'),
    })
    const job = await own.job(v7(), { argv: ['true'] })
    expect(await job.done).toMatchObject({ began: 'no', problem: expect.stringContaining('closed') })
  })
})
