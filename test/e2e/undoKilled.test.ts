import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Running, recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

describe('fault 29: kill -9 of `sitrep undo`', () => {
  let at: Desk
  let running: Running | undefined
  const file = (name: string) => join(at.cwd, name)
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')
  const jobs = () => readdirSync(join(file('host-state'), 'sitrep', 'jobs'))
  const undone = () => recorded(at).filter(({ type }) => type === 'step.undone')

  beforeEach(async () => {
    at = desk()
    at.env.XDG_STATE_HOME = file('host-state')
    writeFileSync(file('sitrep.yaml'), 'hosts:\n  here: { transport: local }\n')
    const undo = `echo undo >> ${file('done')}; while [ -e ${file('book.yaml')} ] && [ ! -e ${file('go')} ]; do sleep 0.05; done; echo back >> ${file('done')}`
    writeFileSync(
      file('book.yaml'),
      `runbook: book-${process.pid}\ntitle: A book\nhosts: here\nsteps:\n  - id: one\n    title: One\n    uses: shell\n    with:\n      run: echo one >> ${file('done')}\n      undo: ${JSON.stringify(undo)}\n`,
    )
    expect((await at.sitrep('run', 'book.yaml', '--yes')).exitCode).toBe(0)
  })
  afterEach(async () => {
    running?.kill('SIGKILL')
    await running?.ended
    at[Symbol.dispose]()
  })

  it('the next one waits for the undo that runs, records its result, and only then begins anything', async () => {
    running = start(at, 'undo', at.incident(), '--yes')
    await until(
      () => `the undo\n${running?.stderr()}`,
      () => read('done').includes('undo'),
    )
    running.kill('SIGKILL')
    await running.ended
    expect(undone()).toEqual([])
    running = start(at, 'undo', at.incident(), '--yes')
    const started = recorded(at)
      .filter(({ type }) => type === 'step.started')
      .at(-1)
    await until(
      () => `the second console\n${running?.stderr()}`,
      () => recorded(at).filter(({ type }) => type === 'host.connected').length === 3,
    )
    // It waits beside the first undo: nothing is begun a second time while that runs.
    expect(read('done')).toBe('one\nundo\n')
    writeFileSync(file('go'), '')
    // It was an undo by a command: what that did can't be seen, so it is done again only where a person says so.
    expect(await running.ended).toBe(4)
    expect(running.stdout() + running.stderr()).toContain('it would be done a second time')
    expect(read('done')).toBe('one\nundo\nback\n')
    const applied = recorded(at).filter(
      ({ type, data }) => type === 'step.applied' && (data as { started: string }).started === started?.id,
    )
    expect(applied).toMatchObject([{ data: { exitCode: 0 } }])
    expect(jobs()).toEqual([])
  })
})
