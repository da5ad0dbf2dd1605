import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { libfaketime, otherTime } from '../helpers/faketime.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const ready = hasSshd() && libfaketime !== undefined

describe.skipIf(!ready)(`clocks${ready ? '' : ' (no openssh-server or faketime here)'}`, () => {
  let at: Desk
  let sshd: PrivateSshd | undefined
  const file = (name: string) => join(at.cwd, name)
  const events = async () => at.events((await at.sitrep('timeline', at.incident(), '--json')).stdout)
  beforeEach(() => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    sshd = undefined
  })
  afterEach(async () => {
    await sshd?.stop()
    at[Symbol.dispose]()
  })

  it('fault 39: a host an hour ahead: the order is that of the record, and the offset is told with its ±', async () => {
    const env = { ...otherTime({ offset: '+1h' }), XDG_STATE_HOME: file('their-state'), SHLVL: '2' }
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    sshd = await privateSshd({ config: [`SetEnv ${set.join(' ')}`] })
    const { address, port, user, identityFile, knownHosts } = sshd
    writeInventory(at, {
      'edge-1': { address, port, user, identity_file: identityFile, known_hosts: knownHosts },
      here: { transport: 'local' },
    })
    writeBook(
      at,
      [
        {
          id: 'theirs',
          hosts: 'edge-1',
          with: { run: `date -u +%FT%TZ; touch ${file('one')}`, undo: 'true' },
        },
        { id: 'ours', hosts: 'here', with: { run: `date -u +%FT%TZ; touch ${file('two')}`, undo: 'true' } },
      ],
      { hosts: ['edge-1', 'here'] },
    )
    const ran = await at.sitrep('run', 'book.yaml', '--yes')
    expect(ran.stderr).not.toMatch(/error/i)
    expect(ran.exitCode).toBe(0)

    const all = await events()
    const clock = all.find(({ type }) => type === 'host.clock')?.data as Record<string, number> | undefined
    expect(clock).toMatchObject({ host: 'edge-1' })
    expect(Math.abs((clock?.offsetMs ?? 0) - 3_600_000)).toBeLessThanOrEqual(clock?.uncertaintyMs ?? 0)
    const applied = all.filter(({ type }) => type === 'step.applied').map(({ data }) => data) as {
      host: string
      stdout: string
    }[]
    expect(applied.map(({ host }) => host)).toEqual(['edge-1', 'here'])
    // The host did say another time, and its events stand where they happened all the same.
    const [theirs = 0, ours = 0] = applied.map(({ stdout }) => Date.parse(stdout.trim()))
    expect(theirs - ours).toBeGreaterThan(3_500_000)
    expect(all.map(({ at: when }) => when)).toEqual(all.map(({ at: when }) => when).toSorted())
    const text = (await at.sitrep('timeline', at.incident())).stdout
    expect(text).toMatch(
      /edge-1.*Clock of the host is off by 3(600\.\d|599\.9) s ± \d\.\d s|Clock of the host is off by 3(600\.\d|599\.9) s ± \d\.\d s.*edge-1/,
    )
    expect(at.postmortem()).toContain('Clock of the host is off by')
  })

  it('fault 39: our own clock is set back while a run is at work: the order stays, and the chain holds', async () => {
    writeFileSync(file('time'), '+0s')
    Object.assign(at.env, otherTime({ file: file('time') }))
    writeInventory(at)
    writeBook(at, [
      { id: 'before', with: { run: 'echo one', undo: 'true' } },
      { id: 'step', with: { run: `printf %s -2h > ${file('time')}`, undo: 'true' } },
      { id: 'after', with: { run: 'echo three', undo: 'true' } },
    ])
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
    expect((await at.sitrep('note', at.incident(), 'Seen by another console')).exitCode).toBe(0)
    const all = await events()
    // It did go back.
    const back = all.findIndex(
      (event, i) => i > 0 && Date.parse(event.at) < Date.parse(all[i - 1]!.at) - 7_000_000,
    )
    expect(back).toBeGreaterThan(0)
    expect(all.map(({ hlc }) => hlc)).toEqual(all.map(({ hlc }) => hlc).toSorted())
    const run = all.filter(({ writer }) => writer === all[0]?.writer)
    expect(run.map(({ seq }) => seq)).toEqual(run.map((_, i) => i + 1))
    const steps = all
      .filter(({ type }) => type === 'step.applied')
      .map(({ data }) => (data as { step: string }).step)
    expect(steps).toEqual(['before', 'step', 'after'])
    expect(all.at(-1)?.data).toMatchObject({ text: 'Seen by another console' })
    expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
  })
})
