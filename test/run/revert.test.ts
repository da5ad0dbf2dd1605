import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventLines } from '../../src/cli/print/events.ts'
import type { Change, Plan } from '../../src/model/action.ts'
import { revertText, whyNotArmed } from '../../src/run/revert/body.ts'
import { counting } from '../../src/run/revert/countdown.ts'
import { parseState } from '../../src/run/revert/orders.ts'
import { withRevert } from '../../src/run/revert/plan.ts'
import { decoded } from '../helpers/act.ts'
import { localBench } from '../hosts/helpers/machine.ts'
import { type LaidDown, layDown, uptime } from './helpers/reverts.ts'

const sha = (text: string) => createHash('sha256').update(text).digest('hex')
const run = (text: string, more: object = {}): Change => ({
  say: 'run it',
  run: { argv: ['sh', '-c', text], ...more },
})

let dir: string
let open: LaidDown[]
const at = (name: string) => join(dir, name)
const read = (name: string) => readFileSync(at(name), 'utf8')
const write = (name: string, text: string) => writeFileSync(at(name), text)
const lay = (...args: Parameters<typeof layDown>) => {
  const laid = layDown(...args)
  open.push(laid)
  return laid
}

/** A file `conf` that a step replaced: `former` became `new`, with a backup; a reload is written down. */
const replaced = (): Change[] => {
  write('conf', 'new\n')
  write('backup', 'former\n')
  const put = {
    path: at('conf'),
    content: { copy: at('backup'), sha256: sha('former\n') },
    expect: sha('new\n'),
  }
  return [{ say: 'put it back', put }, run(`cat '${at('conf')}' >>'${at('reloaded')}'`)]
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sitrep-revert-files-'))
  open = []
})
afterEach(() => {
  for (const laid of open) laid[Symbol.dispose]()
  rmSync(dir, { recursive: true, force: true })
})

describe('fault 46: a revert on the host', () => {
  it('fires at its time: puts the file back, reloads, looks, and says what it did', async () => {
    const laid = lay([replaced()])
    expect(await laid.wait().ended).toBe(0)
    expect(read('conf')).toBe('former\n')
    expect(read('reloaded')).toBe('former\n')
    const state = laid.order('state')
    expect(state).toMatchObject({ is: 'fired', verdict: 'ok' })
    expect(state).toMatchObject({
      detail: expect.stringContaining(`${at('conf')} put back; run it; as before`),
    })
    laid.order('forget')
    expect(existsSync(laid.folder)).toBe(false)
  })

  it('waits until its time, and says how much is left', () => {
    const laid = lay([replaced()], { env: { UNTIL: uptime() + 40 } })
    const state = laid.order('look')
    expect(state.is === 'armed' && state.left > 30 && state.left <= 40).toBe(true)
  })

  it('after a reboot the clock decides, and it never waits for longer than was asked for', async () => {
    const soon = lay([replaced()], { env: { BOOT: 'another', UNTIL: uptime() + 9999 } })
    expect(await soon.wait().ended).toBe(0)
    expect(read('conf')).toBe('former\n')
    const wrongClock = { BOOT: 'another', AFTER: 30, DEADLINE: Math.floor(Date.now() / 1000) + 99_999 }
    expect(lay([replaced()], { env: wrongClock }).order('look')).toEqual({ is: 'armed', left: 30 })
  })

  it('of a confirmation and the firing exactly one happens, whenever they meet', async () => {
    const counts = { confirmed: 0, fired: 0 }
    const rounds = process.env.SITREP_FULL ? 300 : 40
    for (let round = 0; round < rounds; round++) {
      const laid = lay([replaced()])
      rmSync(at('reloaded'), { force: true })
      const { ended } = laid.wait()
      // The start of the waiter takes a few milliseconds, which are not the same each time: the two meet at all distances.
      await new Promise((resolve) => setTimeout(resolve, round % 8))
      const asked = laid.order('confirm')
      await ended
      const is = laid.order('state').is
      expect(is === 'confirmed' || is === 'fired').toBe(true)
      if (asked.is === 'confirmed') expect(is).toBe('confirmed')
      expect({ is, conf: read('conf'), reloaded: existsSync(at('reloaded')) }).toEqual(
        is === 'confirmed'
          ? { is, conf: 'new\n', reloaded: false }
          : { is, conf: 'former\n', reloaded: true },
      )
      counts[is as 'confirmed' | 'fired']++
      laid[Symbol.dispose]()
    }
    expect(counts.confirmed + counts.fired).toBe(rounds)
  })

  it('two consoles that confirm get the same answer, and a confirmed one never fires', async () => {
    const laid = lay([replaced()])
    expect(laid.order('confirm')).toEqual({ is: 'confirmed' })
    expect(laid.order('confirm')).toEqual({ is: 'confirmed' })
    expect(await laid.wait().ended).toBe(0)
    expect(read('conf')).toBe('new\n')
    expect(laid.order('begin', '0', 'late')).toEqual({ is: 'confirmed' })
  })

  it('takes back nothing that was not begun, and what was begun newest first', async () => {
    const say = (word: string): Change[] => [run(`echo ${word} >>'${at('said')}'`)]
    const laid = lay([say('one'), say('two'), say('three')], {
      begun: 'begun 0 a\nended a\nbegun 1 b\nended b\n',
    })
    await laid.wait().ended
    expect(read('said')).toBe('two\none\n')
  })

  it('reloads nothing where the step never came so far as to replace the file', async () => {
    const undo = replaced()
    write('conf', 'former\n')
    rmSync(at('backup'))
    const laid = lay([undo])
    await laid.wait().ended
    expect(existsSync(at('reloaded'))).toBe(false)
    expect(laid.order('state')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringMatching(/^nothing had to/),
    })
  })

  it('reloads where a console died between the return of the file and its reload', async () => {
    const undo = replaced()
    write('conf', 'former\n')
    const laid = lay([undo])
    await laid.wait().ended
    expect(read('reloaded')).toBe('former\n')
  })

  it('leaves a file alone that somebody changed since, and says so', async () => {
    const undo = replaced()
    write('conf', 'of somebody else\n')
    const laid = lay([undo])
    await laid.wait().ended
    expect(read('conf')).toBe('of somebody else\n')
    expect(existsSync(at('reloaded'))).toBe(false)
    const state = laid.order('state')
    expect(state).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('is not as the step left it'),
    })
  })

  it('removes a new file, puts content without a backup back, turns a link', async () => {
    write('made', 'made\n')
    write('edited', 'after\n')
    const undo: Change[] = [
      { say: 'remove it', remove: { path: at('made'), expect: sha('made\n') } },
      {
        say: 'put it back',
        put: { path: at('edited'), content: { text: "it's\n" }, expect: sha('after\n'), mode: '0600' },
      },
      { say: 'turn it', link: { path: at('link'), target: at('edited'), expect: 'absent' } },
    ]
    const laid = lay([undo])
    await laid.wait().ended
    expect(laid.order('state')).toMatchObject({ verdict: 'ok' })
    expect(existsSync(at('made'))).toBe(false)
    expect(read('edited')).toBe("it's\n")
    expect(read('link')).toBe("it's\n")
  })

  it('a command that fails or hangs is told, with its last words', async () => {
    const failed = lay([[run('echo why it failed >&2; exit 3')]])
    const hung = lay([[run('sleep 600', { timeoutMs: 1000 })]])
    await Promise.all([failed.wait().ended, hung.wait().ended])
    expect(failed.order('state')).toMatchObject({
      verdict: 'failed',
      detail: 'run it: exit 3: why it failed',
    })
    expect(hung.order('state')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('exit 124'),
    })
  })

  it('gets arguments, environment, folder and stdin as they are', async () => {
    const awkward = `it's "$HOME" \`x\` \\ \n end`
    mkdirSync(at('in here'))
    const argv = [
      'sh',
      '-c',
      'printf "%s|%s|%s|" "$1" "$V" "${PWD##*/}" >"$2"; cat >>"$2"',
      'sh',
      awkward,
      at('got'),
    ]
    const laid = lay([[{ say: 'x', run: { argv, env: { V: awkward }, cwd: at('in here'), stdin: awkward } }]])
    await laid.wait().ended
    expect(read('got')).toBe(`${awkward}|${awkward}|in here|${awkward}`)
  })

  it('goes on where what waits was killed in the midst of it', async () => {
    const undo = [run(`echo began >>'${at('said')}'; [ -e '${at('go')}' ] || sleep 600`)]
    const laid = lay([undo])
    const first = laid.wait()
    while (!existsSync(at('said'))) await new Promise((resolve) => setTimeout(resolve, 20))
    process.kill(-(first.child.pid ?? 0), 'SIGKILL')
    await first.ended
    expect(laid.order('look').is).toBe('died')
    write('go', '')
    expect(await laid.wait().ended).toBe(0)
    expect(laid.order('state')).toMatchObject({ is: 'fired', verdict: 'ok' })
    expect(read('said')).toBe('began\nbegan\n')
  })

  it('says when a file was changed after the host had taken the step back', async () => {
    const laid = lay([replaced()])
    await laid.wait().ended
    write('conf', 'later\n')
    expect(laid.order('state')).toMatchObject({
      detail: expect.stringContaining('now not as before the step'),
    })
  })
})

describe('fault 46: the jobs of a step whose time is over', () => {
  it('one that still runs is ended first, one that has not started can never start, each is told', async () => {
    const bench = await localBench()
    try {
      const session = await bench.open()
      const jobs = join(bench.state, 'sitrep', 'jobs')
      const long = `echo $$ >'${at('pid')}'; trap '' HUP; sleep 600; echo late >'${at('late')}'`
      const job = await session.job('job-0', { argv: ['sh', '-c', long] })
      while (!existsSync(at('pid')) || read('pid') === '')
        await new Promise((resolve) => setTimeout(resolve, 20))
      const laid = lay([[run(`echo first >>'${at('said')}'`)], [run(`echo second >>'${at('said')}'`)]], {
        env: { JOBS: jobs },
        begun: 'begun 0 job-0\nbegun 1 job-1\n',
      })
      await laid.wait().ended
      const ended = await job.done
      expect(ended.exitCode === 0).toBe(false)
      expect(existsSync(`/proc/${read('pid').trim()}`)).toBe(false)
      expect(laid.order('state')).toMatchObject({ is: 'fired', verdict: 'ok' })
      expect(read('said')).toBe('first\n')

      const late = await session.job('job-1', { argv: ['touch', at('late')] })
      const result = await late.done
      expect(result).toMatchObject({ endedBy: 'exit', exitCode: 125 })
      expect(Buffer.from(result.stderr.bytes).toString()).toContain('the time of its revert was over')
      expect(existsSync(at('late'))).toBe(false)
      await job.remove()
      await late.remove()
    } finally {
      await bench.close()
    }
  })
})

describe('what can be armed', () => {
  const host = { path: [], env: {} }
  it.each<[string, Change, string]>([
    ['a secret in its environment', run('x', { secrets: { T: { secret: 't' } } }), 'needs a secret'],
    ['a secret on its stdin', run('x', { stdin: [{ secret: 't' }] }), 'needs a secret'],
    [
      'a secret in a file',
      { say: 'put', put: { path: '/x', content: { text: ['a', { secret: 't' }] }, expect: 'absent' } },
      'holds a secret',
    ],
    [
      'a file of the operator',
      { say: 'put', put: { path: '/x', content: { local: '/y', sha256: 'z' }, expect: 'absent' } },
      'not on the host',
    ],
    [
      'a command of the operator',
      { say: 'tell', local: { argv: ['true'] } },
      "runs on the operator's machine",
    ],
    ['a question', { say: 'ask', ask: { question: '?' } }, 'asks a person'],
    ['another user', { ...run('x'), as: 'postgres' }, 'it runs as postgres, and the revert as root'],
  ])('%s can not', (_, change, reason) => {
    expect(whyNotArmed([[{ ...change, as: change.as ?? 'root' }]], 'root')).toContain(reason)
    expect(() => revertText({ undos: [[{ ...change, as: change.as ?? 'root' }]], as: 'root', host })).toThrow(
      reason,
    )
  })

  it('a change that knows no undo can not, with its reason', () => {
    expect(whyNotArmed([[], { impossible: 'it was in no file' }], undefined)).toBe('it was in no file')
  })

  it('the plan says after what time it goes back, or why it can not', () => {
    const plan = (undo: Plan['changes'][number]['undo']): Plan => ({
      outcome: 'would_change',
      because: 'differs',
      changes: [{ do: run('x'), undo }],
    })
    expect(withRevert(plan([run('y')]), { revertAfter: 90 }, undefined).because).toBe(
      'differs; goes back by itself after 90 s unless confirmed',
    )
    expect(withRevert(plan([]), {}, undefined).because).toBe('differs')
    expect(withRevert(plan({ impossible: 'no' }), { revertAfter: 90 }, undefined)).toEqual({
      outcome: 'cannot_tell',
      because: "revert_after can't be armed: no",
      changes: [],
    })
  })
})

describe('what a host says of it', () => {
  it.each([
    ['armed 12\n', { is: 'armed', left: 12 }],
    [
      'fired ok 1700000000 /x put back\n',
      { is: 'fired', verdict: 'ok', when: '2023-11-14T22:13:20.000Z', detail: '/x put back' },
    ],
    ['banner\nconfirmed\n', { is: 'confirmed' }],
    ['firing\n', { is: 'firing' }],
    ['', undefined],
    ['armed soon\n', undefined],
    ['fired well 1 x\n', undefined],
  ])('%j', (said, state) => {
    expect(parseState(said, decoded)).toEqual(state)
  })

  it('what is journaled before the host is asked says no more than that', () => {
    const data = { run: 'r', step: 's', host: 'h', revert: 'x', after: 90, undo: [] }
    const record = { id: 'e', at: '2026-11-20T03:04:05Z', type: 'revert.armed', by: { user: 'u' }, data }
    expect(eventLines(record as never, (_, text) => text)).toEqual([
      '    arming: goes back after 90 s unless confirmed',
    ])
  })

  it('the progress of a step counts down', () => {
    const told: unknown[] = []
    const now = new Date(0)
    const running = { now: () => now, progress: (one: unknown) => told.push(one) }
    const { context, stop } = counting(running as never, 42_000)
    context.progress({ step: 'a', host: 'h', doing: 'verifying' })
    context.progress(undefined)
    stop()
    expect(told).toEqual([
      { step: 'a', host: 'h', doing: 'verifying; goes back in 42 s unless confirmed' },
      undefined,
    ])
  })
})
