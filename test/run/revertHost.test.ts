import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../src/model/action.ts'
import { armText } from '../../src/run/revert/armText.ts'
import { revertText } from '../../src/run/revert/body.ts'
import { until } from '../hosts/helpers/machine.ts'
import { type LaidDown, layDown, uptime } from './helpers/reverts.ts'

let dir: string
let open: LaidDown[]
const at = (name: string) => join(dir, name)
const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '')
const run = (text: string): Change => ({ say: 'run it', run: { argv: ['sh', '-c', text] } })
const lay = (...args: Parameters<typeof layDown>) => {
  const laid = layDown(...args)
  open.push(laid)
  return laid
}
const waiterOf = (laid: LaidDown) => Number(readFileSync(join(laid.folder, 'waiter'), 'utf8').split(' ')[0])
const resultOf = (laid: LaidDown) => until('the result', async () => laid.is('result'))
const root = process.getuid?.() === 0
const nobody = 65_534

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sitrep-revert-host-'))
  open = []
})
afterEach(() => {
  for (const laid of open) laid[Symbol.dispose]()
  rmSync(dir, { recursive: true, force: true })
})

describe('fault 46: who does it, and how often', () => {
  it('the console lets it fire: once, also where its time comes meanwhile', async () => {
    const undo = [run(`echo began >>'${at('said')}'; sleep 2; echo done >>'${at('said')}'`)]
    const laid = lay([undo], { env: { UNTIL: uptime() + 2 } })
    const { ended } = laid.wait()
    await until('what waits', async () => laid.is('waiter'))
    expect(laid.order('fire').is).toBe('firing')
    await ended
    expect(laid.order('fire')).toMatchObject({ is: 'fired', verdict: 'ok' })
    expect(read('said')).toBe('began\ndone\n')
  })

  it('two that wait fire once', async () => {
    const laid = lay([[run(`echo began >>'${at('said')}'; sleep 1`)]])
    await Promise.all([laid.wait().ended, laid.wait().ended])
    expect(read('said')).toBe('began\n')
  })

  it.each([
    ['armed', 2],
    ['firing', 0],
  ])('one that was ended while %s is started again by whoever asks, but not by doctor', async (is, left) => {
    const text = `echo began >>'${at('said')}'; [ -e '${at('go')}' ] || sleep 600`
    const laid = lay([[run(text)]], { env: { UNTIL: uptime() + left } })
    const first = laid.wait()
    await until('it to wait', async () => laid.is('waiter') && (is === 'armed' || read('said') !== ''))
    process.kill(-(first.child.pid ?? 0), 'SIGTERM')
    await first.ended
    writeFileSync(at('go'), '')
    expect(laid.order('look').is).toBe(is === 'armed' ? 'armed' : 'died')
    const before = waiterOf(laid)
    laid.order('state')
    expect(waiterOf(laid) === before).toBe(false)
    await resultOf(laid)
    expect(laid.order('state')).toMatchObject({ is: 'fired', verdict: 'ok' })
  })

  it('what can not write its result does not do it again, and keeps what starts it after a reboot', async () => {
    const laid = lay([[run(`echo began >>'${at('said')}'`)]], { env: cron('* * * * * job\n') })
    writeFileSync(at('crontab.txt'), `${read('crontab.txt')}@reboot /bin/sh '${laid.folder}/revert'\n`)
    symlinkSync('/dev/full', join(laid.folder, 'result.new'))
    const { child, ended } = laid.wait()
    await until('it to fire', async () => read('said') !== '')
    const { pid } = child
    await until('it to have tried', async () =>
      spawnSync('ps', ['-o', 'args=', '--ppid', `${pid}`], { encoding: 'utf8' }).stdout.includes('sleep 5'),
    )
    expect(laid.order('look').is).toBe('firing')
    expect(read('crontab.txt')).toContain('@reboot')
    rmSync(join(laid.folder, 'result.new'))
    await ended
    expect(laid.order('state')).toMatchObject({ is: 'fired', verdict: 'ok' })
    expect(read('said')).toBe('began\n')
    expect(read('crontab.txt')).toBe('* * * * * job\n')
  }, 20_000)
})

/** A crontab of its own, with these lines; `broken` is what its list says instead. Gives the environment that finds it. */
function cron(lines: string | undefined, broken?: string): { PATH: string; KEEPER: string } {
  mkdirSync(at('bin'), { recursive: true })
  const file = at('crontab.txt')
  if (lines !== undefined) writeFileSync(file, lines)
  const list =
    broken === undefined
      ? `[ -e '${file}' ] || { echo "no crontab for me" >&2; exit 1; }; cat '${file}'`
      : `head -n 1 '${file}'; echo '${broken}' >&2; exit 1`
  const text = `#!/bin/sh
echo "$*" >>'${at('calls')}'
case $1 in
  -l) ${list} ;;
  -r) rm '${file}' ;;
  -) cat >'${file}.new' && mv '${file}.new' '${file}' ;;
  *) cp "$1" '${file}' ;;
esac
`
  writeFileSync(at('bin/crontab'), text)
  chmodSync(at('bin/crontab'), 0o755)
  return { PATH: `${at('bin')}:${process.env.PATH}`, KEEPER: 'cron' }
}

describe("the user's crontab", () => {
  const ours = (laid: LaidDown) => `@reboot /bin/sh '${laid.folder}/revert'\n`

  it('keeps the lines of the user, in a folder that has no room, too', async () => {
    const laid = lay([[run('true')]], { env: cron('# mine\n0 4 * * * job 100%\n') })
    writeFileSync(at('crontab.txt'), `# mine\n${ours(laid)}0 4 * * * job 100%\n`)
    symlinkSync('/dev/full', join(laid.folder, 'crontab'))
    expect(laid.order('confirm').is).toBe('confirmed')
    expect(read('crontab.txt')).toBe('# mine\n0 4 * * * job 100%\n')
    expect(read('calls')).not.toContain('-r')
  })

  it('goes as a whole only where our line was all of it', () => {
    const laid = lay([[run('true')]], { env: cron('') })
    writeFileSync(at('crontab.txt'), ours(laid))
    laid.order('confirm')
    expect(existsSync(at('crontab.txt'))).toBe(false)
    const other = lay([[run('true')]], { env: cron('') })
    other.order('confirm')
    expect(existsSync(at('crontab.txt'))).toBe(true)
  })

  it('stays as it is where it can not be read', () => {
    const laid = lay([[run('true')]], { env: cron('', 'crontab: the spool can not be read') })
    const all = `# mine\n${ours(laid)}0 4 * * * job\n`
    writeFileSync(at('crontab.txt'), all)
    laid.order('confirm')
    expect(read('crontab.txt')).toBe(all)
  })

  /** Arms by the script itself, as where cron is what starts it again. */
  const arm = (env: { PATH: string }) => {
    const text = armText.replace(
      /# Who starts it again[\s\S]*?\nUNIT=[^\n]*\n/,
      () => 'KEEPER=cron UNIT= UNITS=\n',
    )
    const program = revertText({ undos: [], as: undefined, host: { path: [], env: {} } })
    const sha = createHash('sha256').update(program).digest('hex')
    const { uid, gid, username } = userInfo()
    const args = ['-c', text, 'sh', 'id', '60', at('jobs'), sha, '', `${uid}`, `${gid}`, username]
    mkdirSync(at('state'))
    return spawnSync('sh', args, {
      input: program,
      encoding: 'utf8',
      env: { ...process.env, ...env, HOME: dir, XDG_STATE_HOME: at('state') },
    })
  }

  it('is not touched where arming can not read it', () => {
    const env = cron('# mine\n0 4 * * * job\n', 'crontab: the spool can not be read')
    const armed = arm(env)
    expect(armed.status).toBe(1)
    expect(armed.stderr).toContain('the crontab can not be read: crontab: the spool')
    expect(read('crontab.txt')).toBe('# mine\n0 4 * * * job\n')
    expect(existsSync(at('state/sitrep/reverts'))).toBe(false)
  })

  it.each([undefined, '# mine\n0 4 * * * job 100%\n'])(
    'gets one line more, and then is as before: %j',
    (lines) => {
      const armed = arm(cron(lines))
      expect(armed).toMatchObject({ status: 0, stderr: '' })
      const program = at('state/sitrep/reverts/id/revert')
      expect(read('crontab.txt')).toBe(`${lines ?? ''}@reboot /bin/sh '${program}'\n`)
      expect(execFileSync('sh', [program, 'confirm'], { encoding: 'utf8' })).toBe('confirmed\n')
      expect(read('crontab.txt')).toBe(lines ?? '')
    },
  )
})

describe.runIf(root)('a revert of root, with the jobs of a login user', () => {
  const owner = { OWNER: nobody, OWNER_GROUP: nobody, OWNER_NAME: 'nobody' }
  const jobs = () => {
    chmodSync(dir, 0o755)
    mkdirSync(at('jobs'))
    chownSync(at('jobs'), nobody, nobody)
    return at('jobs')
  }

  it('keeps a job from starting as that user, never as root', async () => {
    const laid = lay([[run(`echo undone >>'${at('said')}'`)]], {
      env: { ...owner, JOBS: jobs() },
      begun: 'begun 0 job-0\n',
    })
    await laid.wait().ended
    expect(statSync(at('jobs/job-0')).uid).toBe(nobody)
    expect(readdirSync(at('jobs/job-0')).map((name) => statSync(at(`jobs/job-0/${name}`)).uid)).toEqual(
      Array(7).fill(nobody),
    )
    expect(read('jobs/job-0/exit')).toBe('125\n')
    expect(read('said')).toBe('')
  })

  it('makes nothing where a link leads, which that user could not make', async () => {
    chmodSync(dir, 0o755)
    mkdirSync(at('of root'))
    symlinkSync(at('of root'), at('jobs'))
    const laid = lay([[run('true')]], { env: { ...owner, JOBS: at('jobs') }, begun: 'begun 0 job-0\n' })
    await laid.wait().ended
    expect(readdirSync(at('of root'))).toEqual([])
    expect(laid.order('state')).toMatchObject({ verdict: 'ok' })
  })

  it('ends no group that the folder of the job names', async () => {
    const victim = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
    try {
      const [, birth] = /^(?:\S+ ){21}(\d+)/.exec(readFileSync(`/proc/${victim.pid}/stat`, 'utf8')) ?? []
      mkdirSync(join(jobs(), 'job-0'))
      writeFileSync(at('jobs/job-0/pgid'), `${victim.pid} ${birth}\n`)
      const laid = lay([[run('true')]], { env: { ...owner, JOBS: at('jobs') }, begun: 'begun 0 job-0\n' })
      await laid.wait().ended
      expect(victim.signalCode).toBe(null)
      expect(existsSync(`/proc/${victim.pid}`)).toBe(true)
    } finally {
      victim.kill('SIGKILL')
    }
  })

  it('ends what the job of that user still runs, and nothing that only calls itself so', async () => {
    const folder = join(jobs(), 'job-0')
    mkdirSync(folder)
    const like = (uid: number) =>
      spawn('sh', ['-c', 'sleep 600; :', 'sitrep', folder], {
        detached: true,
        stdio: 'ignore',
        cwd: '/',
        uid,
      })
    const [job, other] = [like(nobody), like(0)]
    try {
      const ended = new Promise((resolve) => job.once('exit', (_, signal) => resolve(signal)))
      const laid = lay([[run('true')]], { env: { ...owner, JOBS: at('jobs') }, begun: 'begun 0 job-0\n' })
      await laid.wait().ended
      expect(await ended).toBe('SIGTERM')
      expect(existsSync(`/proc/${other.pid}`)).toBe(true)
      expect(other.signalCode).toBe(null)
    } finally {
      for (const child of [job, other]) {
        child.kill('SIGKILL')
        try {
          process.kill(-(child.pid ?? 0), 'SIGKILL')
        } catch {
          // Its group is gone already.
        }
      }
    }
  })

  it('says so where it can not act as that user', async () => {
    const none = { OWNER: 4_000_000, OWNER_GROUP: 4_000_000, OWNER_NAME: 'no-such-user' }
    const laid = lay([[run('true')]], {
      env: { ...none, JOBS: jobs(), PATH: `${at('bin')}:${process.env.PATH}` },
      begun: 'begun 0 job-0\n',
    })
    mkdirSync(at('bin'))
    writeFileSync(at('bin/setpriv'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    await laid.wait().ended
    expect(laid.order('state')).toMatchObject({
      detail: expect.stringContaining('a job of it may still begin: root can not act as no-such-user'),
    })
    expect(readdirSync(at('jobs'))).toEqual([])
  })
})
