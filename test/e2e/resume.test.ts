import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventRecord } from '../../src/model/event.ts'
import { childrenOf, membersOf, type Running, recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

type Data = Record<string, unknown>

describe('kill -9 of a run, and the run that goes on', () => {
  let at: Desk
  let running: Running | undefined
  const file = (name: string) => join(at.cwd, name)
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')
  const write = (steps: string) =>
    writeFileSync(
      file('book.yaml'),
      `runbook: book-${process.pid}\ntitle: A book\nhosts: here\nsteps:\n${steps}`,
    )
  const step = (id: string, run: string, more = '') =>
    `  - id: ${id}\n    title: Step ${id}\n    uses: shell\n    with:\n      run: ${JSON.stringify(run)}\n${more}`
  const append = (word: string) => `echo ${word} >> ${file('done')}`
  // Ends with the desk too, so that a test that fails leaves nothing running.
  const wait = () => `while [ -e ${file('book.yaml')} ] && [ ! -e ${file('go')} ]; do sleep 0.05; done`
  const of = (type: string, id?: string) =>
    recorded(at).filter(
      (event) => event.type === type && (id === undefined || (event.data as Data).step === id),
    )
  const resume = (...args: string[]) =>
    at.sitrep('run', 'book.yaml', '--incident', at.incident(), '--yes', '--json', ...args)
  const killed = async (when: () => unknown) => {
    running = start(at, 'run', 'book.yaml', '--yes', '--json')
    let over = false
    void running.ended.then(() => {
      over = true
    })
    await until(
      () => `the moment to kill the run\n${running?.stderr()}${running?.stdout()}`,
      () => over || when(),
    )
    running.kill('SIGKILL')
    expect(await running.ended).toBe('SIGKILL')
  }
  const writers = (events: EventRecord[]) => new Set(events.map(({ writer }) => writer)).size
  const jobsLeft = () => {
    const jobs = join(at.cwd, 'host-state', 'sitrep', 'jobs')
    return existsSync(jobs) ? readdirSync(jobs) : []
  }

  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeFileSync(file('sitrep.yaml'), 'hosts:\n  here: { transport: local }\n')
  })
  afterEach(async () => {
    running?.kill('SIGKILL')
    await running?.ended
    at[Symbol.dispose]()
  })

  it('between two steps: goes on from the second, and the timeline tells both halves', async () => {
    // The second step waits in its guard, which is an inspection: nothing of it is begun when the run is killed.
    const guard = `${wait()}; false`
    const steps = (unless: string) =>
      step('one', `${append('one')}; echo word`, '    register: first\n') +
      step('two', append('two'), unless) +
      step('three', `echo {{ steps.first.output }} three >> ${file('done')}`)
    write(steps(`      unless: ${JSON.stringify(guard)}\n`))
    await killed(() => of('step.verified', 'one').length === 1)
    expect(read('done')).toBe('one\n')
    write(steps(''))
    writeFileSync(file('go'), '')

    const { exitCode, stdout, stderr } = await resume('--from', 'two')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining(at.incident()) })
    expect(read('done')).toBe('one\ntwo\nword three\n')
    const events = at.events(stdout)
    expect(events[0]).toMatchObject({ type: 'incident.declared', data: { incident: at.incident() } })
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', data: { exit: 0, incident: at.incident() } })
    const opened = of('runbook.opened').map(({ data }) => data as Data)
    expect(opened.map(({ from }) => from)).toEqual([undefined, 'two'])
    expect(opened[0]?.run).not.toBe(opened[1]?.run)
    expect(of('step.applied').map(({ data }) => [(data as Data).step, (data as Data).run])).toEqual([
      ['one', opened[0]?.run],
      ['two', opened[1]?.run],
      ['three', opened[1]?.run],
    ])
    const timeline = await at.sitrep('timeline', at.incident(), '--json')
    expect(writers(at.events(timeline.stdout))).toBe(2)
    const lines = (await at.sitrep('timeline', at.incident())).stdout
    expect(lines).toMatch(
      /Opened runbook book[\s\S]*Verified: Step one[\s\S]*from step two[\s\S]*Verified: Step three/,
    )
    expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    const postmortem = at.postmortem()
    for (const id of ['one', 'two', 'three']) expect(postmortem).toContain(`Step ${id}`)
    expect(jobsLeft()).toEqual([])
  })

  /** Three steps; the second says when it began, waits to be let go on, and ends with this exit code. */
  const waiting = (code = 0, more = '') =>
    write(
      step('one', append('one')) +
        step('two', `${append('begun')}; ${wait()}; ${append('ended')}; exit ${code}`, more) +
        step('three', append('three')),
    )
  const goOn = () => writeFileSync(file('go'), '')

  it('within a step: attaches to the job that still runs, waits for it, and never starts it again', async () => {
    waiting()
    await killed(() => read('done').includes('begun'))
    const [started] = of('step.started', 'two')
    running = start(at, 'run', 'book.yaml', '--incident', at.incident(), '--yes', '--from', 'two')
    await until(
      () => 'the second run',
      () => of('host.connected').length === 2,
    )
    expect(read('done')).toBe('one\nbegun\n')
    goOn()
    expect(await running.ended).toBe(0)
    expect(read('done')).toBe('one\nbegun\nended\nthree\n')
    const applied = of('step.applied', 'two')
    expect(applied).toHaveLength(1)
    expect(applied[0]?.data).toMatchObject({
      started: started?.id,
      exitCode: 0,
      run: (started!.data as Data).run,
    })
    expect(applied[0]?.writer).not.toBe(started?.writer)
    expect(of('step.started', 'two')).toHaveLength(1)
    expect(of('step.verified', 'two').map(({ data }) => (data as Data).verdict)).toEqual(['ok'])
    expect(at.postmortem()).not.toContain('Never verified')
    expect(jobsLeft()).toEqual([])
  })

  const rounds = process.env.SITREP_FULL === undefined ? 1 : 25
  const exitFile = () => {
    const folder = join(file('host-state'), 'sitrep', 'jobs')
    return jobsLeft().some((job) => existsSync(join(folder, job, 'exit')))
  }
  it.each([
    ['before its start', () => of('step.approved', 'two').length > 0],
    ['after its start', () => of('step.started', 'two').length > 0],
    ['before its exit', () => read('done').includes('begun')],
    [
      'after its exit',
      () => read('done').includes('ended') && (exitFile() || of('step.applied', 'two').length > 0),
    ],
  ])(
    'fault 29: killed %s, the step is carried out exactly once, and nothing is left on the host',
    async (point, when) => {
      for (let round = 0; round < rounds; round++) {
        waiting()
        // Only the last point needs a job that ends by itself.
        if (point === 'after its exit') goOn()
        await killed(when)
        goOn()
        // A step that is done is done again where somebody names it: the run goes on behind it.
        const from = of('step.verified', 'two').length > 0 ? 'three' : 'two'
        expect((await resume('--from', from)).exitCode).toBe(0)
        expect(read('done')).toBe('one\nbegun\nended\nthree\n')
        expect(of('step.applied', 'two').filter(({ data }) => (data as Data).exitCode === 0)).toHaveLength(1)
        // An id that was claimed stays taken for an hour: nothing begins under it any more.
        const claimed = (job: string) =>
          readFileSync(join(file('host-state'), 'sitrep', 'jobs', job, 'command'), 'utf8') === 'not begun\n'
        expect(jobsLeft().filter((job) => !claimed(job))).toEqual([])
        rmSync(file('done'))
        rmSync(file('go'))
        rmSync(at.home, { recursive: true })
      }
    },
  )

  it('within a step that ended meanwhile: its true result is recorded, also by a run of the whole runbook', async () => {
    waiting()
    await killed(() => read('done').includes('begun'))
    goOn()
    await until(
      () => 'the end of the job',
      () => read('done').includes('ended'),
    )
    const { exitCode } = await resume()
    expect(exitCode).toBe(0)
    // The first step was done, and may be done again; the interrupted one is not run a second time.
    expect(read('done')).toBe('one\nbegun\nended\none\nthree\n')
    expect(of('step.started', 'two')).toHaveLength(1)
  })

  it('within a step that failed meanwhile: exit 1 with the true reason; then --from runs it again', async () => {
    waiting(7)
    await killed(() => read('done').includes('begun'))
    goOn()
    await until(
      () => 'the end of the job',
      () => read('done').includes('ended'),
    )
    expect((await resume('--from', 'two')).exitCode).toBe(1)
    expect(of('step.applied', 'two').map(({ data }) => (data as Data).exitCode)).toEqual([7])
    expect(of('step.verified', 'two')[0]?.data).toMatchObject({ verdict: 'failed', reason: 'exit 7' })
    expect(read('done')).toBe('one\nbegun\nended\n')
    waiting(0)
    expect((await resume('--from', 'two')).exitCode).toBe(0)
    expect(read('done')).toBe('one\nbegun\nended\nbegun\nended\nthree\n')
  })

  it('within a step that was killed without an exit code: unknown, exit 5, not run again; --from goes past it', async () => {
    waiting()
    await killed(() => read('done').includes('begun'))
    // The folder of the first step may not be removed yet.
    const folder = join(file('host-state'), 'sitrep', 'jobs')
    const [job = ''] = jobsLeft().filter((one) => !existsSync(join(folder, one, 'exit')))
    const group = Number(
      readFileSync(join(file('host-state'), 'sitrep', 'jobs', job, 'pgid'), 'utf8').split(' ')[0],
    )
    process.kill(-group, 'SIGKILL')
    expect((await resume('--from', 'two')).exitCode).toBe(5)
    expect((await resume()).exitCode).toBe(5)
    expect(read('done')).toBe('one\nbegun\n')
    expect(of('step.unknown', 'two').length).toBeGreaterThan(0)
    expect((await resume('--from', 'three')).exitCode).toBe(5)
    expect(read('done')).toBe('one\nbegun\nthree\n')
  })

  it('SIGINT while it waits for the job of the first run: cancelled, its group gone, exit 130', async () => {
    waiting()
    await killed(() => read('done').includes('begun'))
    const [job = ''] = jobsLeft()
    const group = Number(
      readFileSync(join(file('host-state'), 'sitrep', 'jobs', job, 'pgid'), 'utf8').split(' ')[0],
    )
    running = start(at, 'run', 'book.yaml', '--incident', at.incident(), '--yes', '--from', 'two')
    await until(
      () => 'the second run',
      () => of('host.connected').length === 2,
    )
    // Whatever follows a job looks at it again and again, and sleeps in between.
    const naps = (pid: number): boolean =>
      childrenOf(pid).some((child) => /^sleep.0\.2/.test(child.command) || naps(child.pid))
    await until(
      () => 'the shell that follows the job',
      () => naps(running?.pid ?? 0),
    )
    running.kill('SIGINT')
    expect(await running.ended).toBe(130)
    expect(membersOf(group)).toEqual([])
    expect(of('step.cancelled', 'two')[0]?.data).toMatchObject({ gone: true })
    expect(read('done')).toBe('one\nbegun\n')
  })

  it('on the first of two hosts: the second gets the steps before it too', async () => {
    writeFileSync(file('sitrep.yaml'), 'hosts:\n  h1: { transport: local }\n  h2: { transport: local }\n')
    write(
      step('one', `echo one-{{ host.name }} >> ${file('done')}`) +
        step('two', `echo two-{{ host.name }} >> ${file('done')}; ${wait()}`),
    )
    writeFileSync(
      file('book.yaml'),
      readFileSync(file('book.yaml'), 'utf8').replace('hosts: here', 'hosts: [h1, h2]'),
    )
    await killed(() => read('done').includes('two-h1'))
    goOn()
    expect((await resume('--from', 'two')).exitCode).toBe(0)
    expect(read('done').trim().split('\n')).toEqual(['one-h1', 'two-h1', 'one-h2', 'two-h2'])
  })

  it('--from with nothing interrupted begins there; an unknown step is refused and declares nothing', async () => {
    write(step('one', append('one')) + step('two', append('two')) + step('three', append('three')))
    const refused = await at.sitrep('run', 'book.yaml', '--yes', '--from', 'nope')
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toContain('its steps: one, two, three')
    expect(recorded(at)).toEqual([])
    expect((await at.sitrep('run', 'book.yaml', '--yes', '--from', 'two')).exitCode).toBe(0)
    expect(read('done')).toBe('two\nthree\n')
  })

  it('secrets: output that came meanwhile is hidden by what is learned again, or stays on the host with exit 4', async () => {
    const [password, token] = ['learned-Zebra-41', 'given-Walrus-77']
    at.env.BOOK_TOKEN = token
    writeFileSync(file('.env'), `DB_PASSWORD=${password}\n`)
    const look = `  - id: look\n    title: Look\n    uses: env.require\n    with: { file: ${file('.env')}, keys: [DB_PASSWORD] }\n`
    const says = `${append('begun')}; ${wait()}; echo ${password}; echo "$BOOK_TOKEN"`
    const params = 'params:\n  token: { secret: true, from: "env:BOOK_TOKEN" }\n'
    const book = (head: string) => {
      write(look + step('two', says))
      writeFileSync(file('book.yaml'), head + readFileSync(file('book.yaml'), 'utf8'))
    }
    book(params)
    await killed(() => read('done').includes('begun'))
    goOn()
    book('')
    delete at.env.BOOK_TOKEN
    const waits = await at.sitrep('run', 'book.yaml', '--incident', at.incident(), '--yes', '--from', 'two')
    expect(waits.exitCode).toBe(4)
    expect(waits.stdout).toContain('not known here: token')
    expect(of('step.applied', 'two')).toEqual([])
    expect(jobsLeft()).toHaveLength(1)
    // Another value by now hides nothing of what was printed with the one of then.
    at.env.BOOK_TOKEN = 'rotated-Heron-12'
    for (const head of ['', params]) {
      book(head)
      const rotated = await at.sitrep(
        'run',
        'book.yaml',
        '--incident',
        at.incident(),
        '--yes',
        '--from',
        'two',
      )
      expect(rotated.exitCode).toBe(4)
      expect(rotated.stdout).toContain('the value of token is not the one of the earlier run')
      expect(of('step.applied', 'two')).toEqual([])
      expect(jobsLeft()).toHaveLength(1)
    }
    expect(statSync(join(at.home, 'secrets.key')).mode & 0o777).toBe(0o600)
    book('')
    // Its source is enough: the runbook need not name it any more.
    at.env.BOOK_TOKEN = token
    expect((await at.sitrep('note', at.incident(), `saw ${token}`)).exitCode).toBe(0)
    expect((await at.sitrep('set', at.incident(), `impact=shows ${token}`)).exitCode).toBe(0)
    expect(of('note.added')[0]?.data).toMatchObject({ text: 'saw ‹secret:token›' })
    expect(of('incident.changed')[0]?.data).toMatchObject({ impact: 'shows ‹secret:token›' })
    expect((await resume('--from', 'two')).exitCode).toBe(0)
    expect((of('step.applied', 'two')[0]!.data as Data).stdout).toBe(
      `‹secret:here:${file('.env')}:DB_PASSWORD›\n‹secret:token›`,
    )
    expect(JSON.stringify(recorded(at)) + at.postmortem()).not.toMatch(/Zebra|Walrus|Heron/)
  })
})
