import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EventRecord } from '../../src/model/event.ts'
import { labSuite } from '../lab/needs.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { writeInventory } from './helpers/book.ts'
import { type Running, recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

type Data = Record<string, unknown>

/** Two people's ways to one host, and a shell there. */
interface Site {
  ways: () => [Record<string, unknown>, Record<string, unknown>]
  sh(text: string): Promise<string>
}

/** Two consoles that are processes of their own, with state folders of their own, at one host. */
function suite({ ways, sh }: Site): void {
  let ana: Desk
  let ben: Desk
  let running: Running[]
  let name: string
  let folder: string
  const book = (steps: string, title = 'A book') => {
    for (const at of [ana, ben])
      writeFileSync(
        join(at.cwd, 'book.yaml'),
        `runbook: ${name}\ntitle: ${title}\nhosts: here\nsteps:\n${steps}`,
      )
  }
  const shell = (run: string) =>
    `  - id: one\n    title: One\n    uses: shell\n    with: { run: ${JSON.stringify(run)} }\n`
  /** Says that it began, and leaves a file when it may end. */
  const waiting = () =>
    shell(
      `touch ${folder}/begun; while [ -d ${folder} ] && [ ! -e ${folder}/go ]; do sleep 0.05; done; touch ${folder}/ran-$$`,
    )
  const ran = async () => Number(await sh(`ls ${folder} | grep -c ran; :`))
  const begin = (at: Desk, ...args: string[]) => {
    const run = start(at, 'run', 'book.yaml', '--yes', '--json', ...args)
    running.push(run)
    return run
  }
  const of = (at: Desk, type: string) =>
    recorded(at)
      .filter((event: EventRecord) => event.type === type)
      .map(({ data }) => data as Data)
  const begun = async (at: Desk) => {
    await until(
      () => `the step to begin\n${running.map((one) => one.stderr()).join('\n')}`,
      async () => (await sh(`ls ${folder}`)).includes('begun') || of(at, 'run.finished').length > 0,
    )
  }
  /** What is left of locks whose records speak of this test's runbook. */
  const left = () => sh(`grep -l 'step ${name}/' /run/lock/sitrep/*/* 2>/dev/null; :`)
  const lockOf = (at: Desk) => String(of(at, 'lock.taken').at(-1)?.lock)

  beforeEach(async () => {
    ana = desk()
    ben = desk()
    running = []
    name = `book-${crypto.randomUUID().slice(0, 8)}`
    folder = `/tmp/sitrep-locks-${name}`
    const [a, b] = ways()
    writeInventory(ana, { here: a })
    writeInventory(ben, { here: b })
    await sh(`mkdir -m 777 ${folder}; chmod 777 ${folder}`)
  })
  afterEach(async () => {
    for (const run of running) run.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
    await sh(`rm -rf ${folder}`)
    for (const at of [ana, ben]) at[Symbol.dispose]()
  })

  it('fault 31: two consoles race for one step, over and over: exactly one runs, the other names it', async () => {
    const wins = { ana: 0, ben: 0 }
    for (let round = 0; round < (process.env.SITREP_FULL ? 20 : 5); round++) {
      // Whoever comes second comes while the first is at work.
      book(shell(`echo ran >> ${folder}/ran-${round}; sleep 4`), `Race ${String(round).padStart(2, '0')}`)
      const codes = await Promise.all([begin(ana), begin(ben)].map(({ ended }) => ended))
      expect(await sh(`cat ${folder}/ran-${round}`)).toBe('ran\n')
      expect(codes.toSorted()).toEqual([0, 4])
      const [winner, loser] = codes[0] === 0 ? [ana, ben] : [ben, ana]
      wins[winner === ana ? 'ana' : 'ben'] += 1
      const reason = String(of(loser, 'step.skipped').at(-1)?.reason)
      expect(reason).toMatch(/^stopped: \S+@\S+ has step:\S+ since \S+Z, for \S+\/one in /)
      expect(reason).toContain(`(lock ${lockOf(winner)}; a command of it runs on the host)`)
      expect(of(loser, 'lock.taken')).toEqual([])
    }
    expect(wins.ana + wins.ben).toBe(process.env.SITREP_FULL ? 20 : 5)
    expect(await left()).toBe('')
  })

  it('fault 32: kill -9 of the holder: its command keeps the lock for as long as it runs, then it is free', async () => {
    book(waiting())
    const first = begin(ana)
    await begun(ana)
    first.kill('SIGKILL')
    await first.ended
    const refused = begin(ben)
    expect(await refused.ended).toBe(4)
    expect(String(of(ben, 'step.skipped').at(-1)?.reason)).toContain('a command of it runs on the host')
    await sh(`touch ${folder}/go`)
    await until(
      () => 'the orphaned command to end',
      async () => (await ran()) === 1,
    )
    const second = begin(ben)
    expect(await second.ended).toBe(0)
    expect(await ran()).toBe(2)
    expect(await left()).toBe('')
  })

  const sync = (text: string, settle: number) =>
    `  - id: one\n    title: One\n    uses: file.sync\n    settle: ${settle}\n    with: { path: ${folder}/file, source: { text: ${text} } }\n`

  it('fault 32: kill -9 of the holder with no command of it at work: the lock is free at once', async () => {
    book(sync('one', 60))
    const first = begin(ana)
    await until(
      () => `the step to be verified\n${first.stderr()}`,
      () => of(ana, 'step.applied').length > 0,
    )
    const lock = lockOf(ana)
    book(sync('another', 0))
    const refused = begin(ben)
    expect(await refused.ended).toBe(4)
    expect(String(of(ben, 'step.skipped').at(-1)?.reason)).toContain(
      `(lock ${lock}; no command of it runs on the host just now)`,
    )
    first.kill('SIGKILL')
    await first.ended
    await until(
      () => 'the lock to be free',
      async () => (await left()) === '',
    )
    // What the step then comes to is a matter of the file's owner.
    expect(await begin(ben).ended).not.toBe(4)
    expect(of(ben, 'lock.taken')).toMatchObject([{ resources: [`file:${folder}/file`, `step:${name}/one`] }])
    expect(await left()).toBe('')
  })

  it('fault 32: --take-over names the lock of a live holder, and it is journaled', async () => {
    book(waiting())
    const first = begin(ana)
    await begun(ana)
    const refused = begin(ben)
    expect(await refused.ended).toBe(4)
    const [, lock = ''] = /--take-over (\S+)/.exec(String(of(ben, 'step.skipped').at(-1)?.reason)) ?? []
    await until(
      () => 'the holder to record its lock',
      () => lockOf(ana) === lock,
    )
    const over = begin(ben, '--take-over', lock)
    await until(
      () => `the lock to be taken over\n${over.stderr()}`,
      () => of(ben, 'lock.taken').length > 0,
    )
    expect(of(ben, 'lock.taken_over')).toMatchObject([
      { over: lock, lock: lockOf(ben), holder: expect.stringContaining('@'), resource: `step:${name}/one` },
    ])
    await sh(`touch ${folder}/go`)
    expect(await Promise.all([first.ended, over.ended])).toEqual([0, 0])
    expect(await ran()).toBe(2)
    expect(await left()).toBe('')
  })
}

const sshdSite = () => {
  let sshd: PrivateSshd
  beforeAll(async () => {
    sshd = await privateSshd()
  })
  afterAll(() => sshd.stop())
  const way = () => ({
    address: sshd.address,
    port: sshd.port,
    user: sshd.user,
    identity_file: sshd.identityFile,
    known_hosts: sshd.knownHosts,
  })
  suite({
    ways: () => [way(), way()],
    sh: async (text) => (await execa('sh', ['-c', text], { stripFinalNewline: false })).stdout,
  })
}

describe.runIf(hasSshd())('locks over a private sshd, two processes', sshdSite)

labSuite(
  'locks on a real host, two login users',
  (lab) => {
    const way = (user: string) => {
      const { address, port, identityFile, knownHosts } = lab.hosts['core-1']!
      return { address, port, user, identity_file: identityFile, known_hosts: knownHosts }
    }
    suite({
      ways: () => [way('deploy'), way('ops')],
      sh: async (text) => (await lab.exec('core-1', ['sh', '-c', text])).stdout,
    })
  },
  { hosts: ['core-1'], fresh: false },
)
