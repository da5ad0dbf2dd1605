import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

describe('sitrep doctor', () => {
  let at: Desk
  const file = (name: string) => join(at.cwd, name)
  const jobs = () => join(file('host-state'), 'sitrep', 'jobs')
  const report = async (...args: string[]) => {
    const { stdout, exitCode } = await at.sitrep('doctor', '--json', ...args)
    return { exitCode, ...JSON.parse(stdout) }
  }

  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeFileSync(file('sitrep.yaml'), 'hosts:\n  here: { transport: local }\n')
  })
  afterEach(() => at[Symbol.dispose]())

  it('on a host where nothing was left says so, and what it found here', async () => {
    const { exitCode, stdout } = await at.sitrep('doctor')
    expect(stdout).toContain(`Node ${process.versions.node}`)
    expect(stdout).toContain(`records in ${at.home}`)
    // Locks hold for the whole machine, on which other tests run beside.
    expect(stdout).toMatch(/here {2}reached[\s\S]*(no jobs, locks or reverts are left|lock )/)
    expect(stdout).not.toMatch(/ job .*change of/)
    expect(exitCode).toBe(0)
    // It only looks: no incident, and no folder on the host.
    expect(existsSync(at.home)).toBe(false)
    expect(existsSync(jobs())).toBe(false)
  })

  it('lists a job that a dead console left, with its step and incident; --clean removes it only when it is recorded', async () => {
    const run = `echo begun > ${file('begun')}; while [ ! -e ${file('go')} ]; do sleep 0.05; done`
    writeFileSync(
      file('book.yaml'),
      `runbook: book-${process.pid}\ntitle: A book\nhosts: here\nsteps:\n  - id: wait\n    title: Wait\n    uses: shell\n    with:\n      run: ${JSON.stringify(run)}\n`,
    )
    const running = start(at, 'run', 'book.yaml', '--yes')
    await until(
      () => 'the job',
      () => existsSync(file('begun')),
    )
    running.kill('SIGKILL')
    await running.ended
    const job = recorded(at).find(({ type }) => type === 'step.started')?.id
    const running1 = await report('--clean')
    expect(running1.hosts[0].jobs).toMatchObject([
      { id: job, is: 'running', incident: at.incident(), of: 'change of wait', recorded: false },
    ])
    const own = ({ step }: { step: string }) => step === `book-${process.pid}/wait`
    expect(running1.hosts[0].locks.filter(own)).toMatchObject([{ incident: at.incident(), running: true }])
    expect((await at.sitrep('doctor')).stdout).toContain(`change of wait in ${at.incident()}`)
    writeFileSync(file('go'), '')
    await until(
      () => 'its end',
      async () => (await report()).hosts[0].jobs[0]?.is === 'done',
    )
    // Its result stands nowhere but on the host: it is not removed.
    expect((await report('--clean')).hosts[0].jobs[0]).toMatchObject({ id: job, recorded: false })
    expect(readdirSync(jobs())).toEqual([job])
    expect((await report()).hosts[0].locks.filter(own)).toEqual([])
    const resumed = await at.sitrep('run', 'book.yaml', '--incident', at.incident(), '--yes')
    expect(resumed.exitCode).toBe(0)
    expect(readdirSync(jobs())).toEqual([])
  })

  it('a host that is not reached is exit 3; a key that others can read is exit 1, and each says what to do', async () => {
    expect((await at.sitrep('declare', 'An incident')).exitCode).toBe(0)
    writeFileSync(join(at.home, 'secrets.key'), 'x')
    chmodSync(join(at.home, 'secrets.key'), 0o644)
    const here = await at.sitrep('doctor')
    expect(here.stdout).toContain(`chmod go= ${join(at.home, 'secrets.key')}`)
    expect(here.exitCode).toBe(1)
    writeFileSync(file('sitrep.yaml'), 'hosts:\n  gone: { address: 127.0.0.1, port: 1 }\n')
    const gone = await at.sitrep('doctor')
    expect(gone.stdout).toMatch(/gone {2}not reached\n {2}.*refused/)
    expect(gone.exitCode).toBe(3)
  })
})
