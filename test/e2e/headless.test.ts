import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EventRecord } from '../../src/model/event.ts'
import { keyPair, knownHostsLines } from '../lab/keys.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { bookName, writeBook, writeInventory } from './helpers/book.ts'
import { membersOf, type Running, recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

type Data = Record<string, unknown>

let at: Desk
let running: Running | undefined
const file = (name: string) => join(at.cwd, name)
const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')
const touch = (name: string) => ({ run: `echo ${name} >> ${file(name)}` })
const run = (...args: string[]) => at.sitrep('run', 'book.yaml', ...args)
const of = (events: readonly EventRecord[], type: string) =>
  events.filter((event) => event.type === type).map(({ data }) => data as Data)

beforeEach(() => {
  at = desk()
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
})
afterEach(async () => {
  running?.kill('SIGKILL')
  await running?.ended
  running = undefined
  at[Symbol.dispose]()
})

describe('a runbook with five different mistakes', () => {
  it('gives five messages with their positions, exit 2, and makes no connection', async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    writeInventory(at, { here: { address: '127.0.0.1', port } })
    writeFileSync(
      file('book.yaml'),
      [
        'runbook: book',
        'title: A book',
        'hosts: here',
        'steps:',
        '  - id: one',
        '    title: Unknown action',
        '    uses: pm2.restrat',
        '  - id: two',
        '    title: Unknown key',
        '    uses: shell',
        '    with: { rum: x }',
        '  - id: three',
        '    title: Unknown parameter',
        '    uses: shell',
        '    with: { run: "echo {{ params.nope }}" }',
        '  - id: four',
        '    title: Wrong type',
        '    uses: env.require',
        '    with: { file: /x/.env, keys: 7 }',
        '  - id: one',
        '    title: The same id',
        '    uses: manual',
        '    confirm: maybe',
        '',
      ].join('\n'),
    )
    for (const command of ['plan', 'run', 'check', 'lint']) {
      const { exitCode, stdout, stderr } = await at.sitrep(command, 'book.yaml')
      expect(exitCode).toBe(2)
      const lines = new Set(`${stdout}\n${stderr}`.match(/book\.yaml:\d+:\d+: /g))
      expect([...lines].length).toBeGreaterThanOrEqual(5)
      for (const line of [7, 11, 15, 19, 23]) expect(`${stdout}${stderr}`).toContain(`book.yaml:${line}:`)
    }
    expect(connections).toBe(0)
    expect(recorded(at)).toEqual([])
    // The server does count: without the mistakes the same inventory is contacted.
    writeBook(at, [{ id: 'one', with: touch('done') }])
    expect((await run('--yes')).exitCode).toBe(3)
    expect(connections).toBeGreaterThan(0)
    server.close()
  })
})

describe.skipIf(!hasSshd())(`who a host is${hasSshd() ? '' : ' (no openssh-server here)'}`, () => {
  let sshd: PrivateSshd
  beforeAll(async () => {
    sshd = await privateSshd()
  })
  afterAll(() => sshd.stop())
  const box = (knownHosts: string, port = sshd.port) =>
    writeInventory(at, {
      here: {
        address: sshd.address,
        port,
        user: sshd.user,
        identity_file: sshd.identityFile,
        known_hosts: knownHosts,
      },
    })

  it('unknown: exit 3, shows the SHA256 fingerprint, and nothing runs', async () => {
    writeFileSync(file('known_hosts'), '')
    box(file('known_hosts'))
    writeBook(at, [{ id: 'one', with: touch('done') }])
    for (const args of [
      ['plan', 'book.yaml'],
      ['run', 'book.yaml', '--yes'],
    ]) {
      const { exitCode, stdout, stderr } = await at.sitrep(...args)
      expect(exitCode).toBe(3)
      expect(stdout).toContain(sshd.hostKeyFingerprint)
      expect(stderr).toContain('sitrep trust here')
    }
    expect(read('done')).toBe('')
    expect(of(recorded(at), 'host.refused')[0]).toMatchObject({
      phase: 'host key',
      fingerprints: [sshd.hostKeyFingerprint],
    })
  })

  it('fault 2: changed: exit 3, and both fingerprints are shown and journaled', async () => {
    const other = await keyPair(file('other'))
    writeFileSync(file('known_hosts'), knownHostsLines(sshd.address, sshd.port, [other]))
    box(file('known_hosts'))
    writeBook(at, [{ id: 'one', with: touch('done') }])
    const { exitCode, stdout } = await run('--yes', '--json')
    expect(exitCode).toBe(3)
    const [refused] = of(at.events(stdout), 'host.refused')
    const prints = refused?.fingerprints as string[]
    expect(prints).toHaveLength(2)
    expect(prints[0]).toBe(sshd.hostKeyFingerprint)
    for (const print of prints) expect(refused?.reason).toContain(print)
    expect(of(at.events(stdout), 'run.finished')).toMatchObject([{ exit: 3 }])
    expect(read('done')).toBe('')
  })

  it('unreachable: exit 3 with the reason', async () => {
    box(sshd.knownHosts, 1)
    writeBook(at, [{ id: 'one', with: touch('done') }])
    const { exitCode, stdout } = await run('--yes')
    expect(exitCode).toBe(3)
    expect(stdout).toContain('refused')
  })

  it('known: runs there, and a kill -9 within the step is gone on with over SSH', async () => {
    box(sshd.knownHosts)
    writeBook(at, [
      {
        id: 'one',
        with: {
          run: `echo begun >> ${file('done')}; while [ -e ${file('book.yaml')} ] && [ ! -e ${file('go')} ]; do sleep 0.05; done; echo ended >> ${file('done')}`,
        },
      },
      { id: 'two', with: touch('done') },
    ])
    running = start(at, 'run', 'book.yaml', '--yes')
    await until(
      () => `the step\n${running?.stderr()}`,
      () => read('done') !== '',
    )
    running.kill('SIGKILL')
    await running.ended
    running = start(at, 'run', 'book.yaml', '--yes', '--incident', at.incident(), '--from', 'one')
    await until(
      () => 'the second run',
      () => of(recorded(at), 'host.connected').length === 2,
    )
    writeFileSync(file('go'), '')
    expect(await running.ended).toBe(0)
    expect(read('done')).toBe('begun\nended\ndone\n')
  })
})

describe('approval without a terminal', () => {
  it('no --yes: exit 4, it says so, and nothing is changed', async () => {
    writeBook(at, [
      { id: 'look', with: { run: 'true', changes: false } },
      { id: 'one', with: touch('done') },
    ])
    const { exitCode, stdout } = await run('--json')
    expect(exitCode).toBe(4)
    expect(read('done')).toBe('')
    const events = at.events(stdout)
    expect(of(events, 'step.approved')).toMatchObject([{ step: 'look', how: 'auto' }])
    expect(of(events, 'step.skipped')[0]?.reason).toContain('no terminal to ask on, and no --yes')
  })

  it('confirm: typed and production want --target: 4 without it, with it they run', async () => {
    writeBook(at, [{ id: 'one', confirm: 'typed', with: touch('done') }])
    expect((await run('--yes')).exitCode).toBe(4)
    expect((await run('--target', 'here')).exitCode).toBe(4)
    expect((await run('--yes', '--target', 'elsewhere')).exitCode).toBe(4)
    expect(read('done')).toBe('')
    expect((await run('--yes', '--target', 'here')).exitCode).toBe(0)
    expect(read('done')).toBe('done\n')

    writeInventory(at, { here: { transport: 'local', production: true } })
    writeBook(at, [
      { id: 'one', with: touch('production') },
      { id: 'two', confirm: 'auto', with: touch('production') },
    ])
    const refused = await run('--yes')
    expect(refused.exitCode).toBe(4)
    expect(refused.stdout).toContain('--target here')
    expect(read('production')).toBe('')
    expect((await run('--yes', '--target', 'here')).exitCode).toBe(0)
    expect(read('production')).toBe('production\nproduction\n')
  })

  it('more hosts than confirm_over want every target', async () => {
    const local = { transport: 'local' }
    writeInventory(at, { a: local, b: local, c: local, d: local })
    writeBook(at, [{ id: 'one', with: touch('done') }], { hosts: ['a', 'b', 'c', 'd'] })
    const refused = await run('--yes', '--target', 'a')
    expect(refused.exitCode).toBe(4)
    expect(refused.stdout).toContain('--target a,b,c,d')
    expect((await run('--yes', ...['a', 'b', 'c', 'd'].flatMap((name) => ['--target', name]))).exitCode).toBe(
      0,
    )
    expect(read('done')).toBe('done\n'.repeat(4))
  })

  it('a manual step is recorded as needing a person, is listed as unverified, and the run goes on', async () => {
    writeBook(at, [
      { id: 'ask', uses: 'manual', with: { ask: 'Is the light green?' } },
      { id: 'one', with: touch('done') },
    ])
    const { exitCode, stdout } = await run('--yes', '--json')
    expect(exitCode).toBe(0)
    expect(of(at.events(stdout), 'step.skipped')).toMatchObject([{ step: 'ask', reason: 'needs a person' }])
    expect(read('done')).toBe('done\n')
    expect(at.postmortem().split('## Undone, skipped or never verified')[1]).toMatch(/Step ask/)
  })

  it('a secret on the command line is refused with exit 2, and is not repeated', async () => {
    writeBook(at, [{ id: 'one', with: { run: 'true' } }], { params: { token: { secret: true } } })
    const { exitCode, stdout, stderr } = await run('--yes', '--param', 'token=hunter2-hunter2', '--debug')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('token=@FILE')
    expect(stdout + stderr).not.toContain('hunter2')
    expect(recorded(at)).toEqual([])
  })
})

describe('how a run ends', () => {
  it('a failing step: 1, and the steps after it do not run', async () => {
    writeBook(at, [
      { id: 'one', with: { run: 'echo why >&2; exit 3' } },
      { id: 'two', with: touch('done') },
    ])
    const { exitCode, stdout } = await run('--yes')
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/exit 3[\s\S]*why[\s\S]*failed: exit 3: why/)
    expect(read('done')).toBe('')
  })

  it('a check that fails before does not touch the code; one that fails after gives 1', async () => {
    const checks = [{ id: 'there', command: { run: `test -e ${file('done')}` } }]
    writeBook(at, [{ id: 'one', with: touch('done') }], { checks })
    const good = await run('--yes', '--json')
    expect(good.exitCode).toBe(0)
    const seen = of(at.events(good.stdout), 'check.observed').map(({ phase, verdict }) => [phase, verdict])
    expect(seen).toEqual([
      ['before', 'failed'],
      ['after', 'ok'],
    ])
    writeBook(at, [{ id: 'one', with: { run: `rm -f ${file('done')}` } }], { checks })
    expect((await run('--yes')).exitCode).toBe(1)
    const check = await at.sitrep('check', 'book.yaml', '--json')
    expect(check.exitCode).toBe(1)
    expect(JSON.parse(check.stdout)).toEqual({
      checks: [
        {
          id: 'there',
          title: 'there',
          host: 'here',
          kind: 'command',
          verdict: 'failed',
          expected: expect.any(String),
          observed: expect.any(String),
          ms: expect.any(Number),
        },
      ],
    })
  })

  it('fault 34: SIGINT during a long step: exit 130, the remote group is gone, and both are journaled', async () => {
    writeBook(at, [
      { id: 'long', with: { run: `echo $$ > ${file('pid')}; sleep 300 & wait` } },
      { id: 'two', with: touch('done') },
    ])
    running = start(at, 'run', 'book.yaml', '--yes', '--json')
    await until(
      () => `the step\n${running?.stderr()}`,
      () => read('pid').endsWith('\n'),
    )
    const group = Number(
      readFileSync(`/proc/${read('pid').trim()}/stat`, 'utf8')
        .split(') ')
        .at(-1)
        ?.split(' ')[2],
    )
    expect(membersOf(group).length).toBeGreaterThan(1)
    running.kill('SIGINT')
    expect(await running.ended).toBe(130)
    expect(membersOf(group)).toEqual([])
    const events = at.events(running.stdout())
    expect(of(events, 'step.applied')).toMatchObject([{ step: 'long', endedBy: 'cancel' }])
    expect(of(events, 'step.cancelled')).toMatchObject([{ step: 'long', gone: true }])
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', data: { exit: 130 } })
    expect(read('done')).toBe('')
  })

  it('a state folder that can not be written: exit 6, and nothing is changed', async () => {
    writeBook(at, [{ id: 'one', with: touch('done') }])
    mkdirSync(join(at.cwd, 'blocked'))
    writeFileSync(file('blocked/state'), '')
    at.env.SITREP_HOME = file('blocked/state')
    const { exitCode, stderr } = await run('--yes')
    expect(exitCode).toBe(6)
    expect(stderr).toContain('RECORDING STOPPED')
    expect(read('done')).toBe('')
    expect((await at.sitrep('declare', 'x')).exitCode).toBe(6)
  })

  it('plan --exit-code: 0 in sync, 7 would change, 5 can not tell; it changes nothing', async () => {
    const plan = async () => (await at.sitrep('plan', 'book.yaml', '--exit-code')).exitCode
    writeBook(at, [{ id: 'one', with: { ...touch('done'), creates: file('book.yaml') } }])
    expect(await plan()).toBe(0)
    writeBook(at, [{ id: 'one', with: touch('done') }])
    expect(await plan()).toBe(7)
    writeBook(at, [
      { id: 'one', with: touch('done') },
      { id: 'two', uses: 'env.require', with: { file: file('no.env'), keys: ['A_KEY'] } },
    ])
    expect(await plan()).toBe(5)
    expect(read('done')).toBe('')
    expect(existsSync(at.home)).toBe(false)
    expect(existsSync(file('host-state'))).toBe(false)
  })
})

describe('the forms of --json', () => {
  it('plan and run', async () => {
    writeBook(
      at,
      [
        { id: 'one', with: { ...touch('done'), undo: `rm ${file('done')}` }, register: 'said' },
        { id: 'two', with: { run: 'echo {{ steps.said.output }}' } },
      ],
      { checks: [{ id: 'up', title: 'It is up', command: 'true' }] },
    )
    const plan = JSON.parse((await at.sitrep('plan', 'book.yaml', '--json')).stdout)
    expect(plan).toEqual({
      runbook: bookName,
      hosts: [
        {
          host: 'here',
          reached: true,
          steps: [
            {
              id: 'one',
              title: 'Step one',
              uses: 'shell',
              outcome: 'would_change',
              because: 'runs every time',
              changes: [
                {
                  say: `run echo done >> ${file('done')}`,
                  run: expect.stringContaining('echo done'),
                  undo: [`run rm ${file('done')}`],
                },
              ],
            },
            {
              id: 'two',
              title: 'Step two',
              uses: 'shell',
              outcome: 'after_step:one',
              because: 'uses the output of one',
              changes: [],
            },
          ],
        },
      ],
      checks: [
        expect.objectContaining({
          id: 'up',
          title: 'It is up',
          host: 'here',
          kind: 'command',
          verdict: 'ok',
        }),
      ],
    })
    const ran = await run('--yes', '--json')
    const events = at.events(ran.stdout)
    expect(events[0]).toMatchObject({
      v: 1,
      type: 'incident.declared',
      seq: 1,
      data: { incident: at.incident() },
    })
    expect(events.at(-1)).toMatchObject({
      type: 'run.finished',
      data: {
        exit: 0,
        incident: at.incident(),
        postmortem: join(at.home, 'incidents', at.incident(), 'postmortem.md'),
      },
    })
    expect(events).toEqual(recorded(at))
    expect(ran.stderr).toContain(`incident ${at.incident()}`)
  })

  it('a host that is not reached is in the plan with its reason', async () => {
    writeInventory(at, { here: { address: '127.0.0.1', port: 1 } })
    writeBook(at, [{ id: 'one', with: touch('done') }])
    const { exitCode, stdout } = await at.sitrep('plan', 'book.yaml', '--json')
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout).hosts).toEqual([
      { host: 'here', reached: false, reason: expect.any(String), steps: [] },
    ])
  })
})
