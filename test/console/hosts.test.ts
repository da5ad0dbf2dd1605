import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cameThrough, sayEnd } from '../../src/console/ended.ts'
import { createConsole } from '../../src/console.ts'
import type { Unit } from '../../src/run/context.ts'
import type { UnitEnd } from '../../src/run/end.ts'
import { writeBook, writeInventory } from '../e2e/helpers/book.ts'
import { type Desk, desk } from '../e2e/helpers/sitrep.ts'

describe('the end of a run on several hosts', () => {
  const unit = (host: string, number: number, mayFail: number) =>
    ({ step: { id: `s${number}` }, host, block: { number, atATime: 2, mayFail } }) as Unit
  const units = [unit('a', 0, 1), unit('b', 0, 1), unit('c', 0, 1), unit('a', 1, 0), unit('b', 1, 0)]
  const ended = (...ends: [at: number, end: UnitEnd['end'], code: number][]) =>
    cameThrough(units, {
      ends: ends.map(([at, end, code]) => ({
        unit: units[at]!,
        end: { end, code, reason: 'why' } as UnitEnd,
      })),
    })

  it('is reached where as many failed as each block bears, and nobody stopped it', () => {
    expect(ended([0, 'ok', 0], [1, 'ok', 0], [2, 'ok', 0])).toBe(true)
    expect(ended([0, 'ok', 0], [1, 'failed', 1], [2, 'ok', 0], [3, 'ok', 0])).toBe(true)
    expect(ended([0, 'failed', 1], [1, 'failed', 1])).toBe(false)
    expect(ended([0, 'ok', 0], [3, 'failed', 1])).toBe(false)
    expect(ended([0, 'stopped', 4])).toBe(false)
    expect(ended([0, 'cancelled', 130])).toBe(false)
  })

  it('says which hosts did not come to theirs, and how the checks are', () => {
    expect(sayEnd(undefined, 0)).toBe('all steps are done and all checks pass')
    expect(sayEnd(undefined, 2)).toBe('all steps are done; 2 checks fail')
    expect(sayEnd('failed: a (s0: exit 1)', 1)).toBe(
      'the run is at its end: 1 check fails; failed: a (s0: exit 1)',
    )
  })
})

describe('a run on several hosts in the console', () => {
  let at: Desk
  beforeEach(() => {
    at = desk()
    vi.stubEnv('SITREP_HOME', at.home)
    vi.stubEnv('XDG_STATE_HOME', join(at.cwd, 'host-state'))
    const local = { transport: 'local' }
    writeInventory(at, { 'web-1': local, 'web-2': local, 'web-3': local })
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    at[Symbol.dispose]()
  })

  /** Approves what comes until the run has come to a stand; gives what was at work at each question, and the room. */
  async function runAll(mayFail: number) {
    writeBook(at, [{ id: 'set', with: { run: '[ {{ host.name }} != web-1 ]' }, max_failures: mayFail }], {
      hosts: ['web-1', 'web-2', 'web-3'],
      checks: [{ id: 'up', title: 'It is up', command: 'true' }],
    })
    const sitrep = await createConsole({
      inventory: join(at.cwd, 'sitrep.yaml'),
      declare: { title: 'Hosts' },
      runbook: { runbook: join(at.cwd, 'book.yaml') },
    })
    const run = () => sitrep.getState().room?.run
    await vi.waitUntil(() => run()?.phase === 'ready', { timeout: 20_000 })
    const go = () =>
      sitrep.send({ do: 'run' }).then(
        () => true,
        () => false,
      )
    await vi.waitUntil(go, { timeout: 20_000 })
    const asked: { host: string; atWork: string[] }[] = []
    const news = () => {
      const { message, room } = sitrep.getState()
      return (message ?? room?.approval) && { request: room?.approval, over: message !== undefined }
    }
    for (;;) {
      const { request, over } = await vi.waitUntil(news, { timeout: 20_000 })
      if (over || request === undefined) break
      asked.push({ host: request.plan.host, atWork: Object.keys(run()?.atWork ?? {}) })
      const { id, confirm, target = '' } = request
      await sitrep.send({ do: 'approve', request: id, ...(confirm === 'typed' ? { typed: target } : {}) })
    }
    await vi.waitUntil(() => run()?.phase !== 'running', { timeout: 20_000 })
    const { message, room } = sitrep.getState()
    const end = { asked, message, run: room?.run, checks: Object.values(room?.incident.checks ?? {}) }
    await sitrep.close()
    return { ...end, exit: sitrep.exit() }
  }

  it('is finished with its last checks after failures that max_failures bears, and says which hosts failed', async () => {
    const { asked, message, run, checks, exit } = await runAll(1)
    // A host that is done is no more at work while the next is asked for.
    expect(asked).toEqual(['web-1', 'web-2', 'web-3'].map((host) => ({ host, atWork: [host] })))
    expect(run).toMatchObject({ phase: 'finished', exit: 1, atWork: {} })
    expect(message?.text).toMatch(/^the run is at its end: all checks pass; failed: web-1 \(set: /)
    expect(message?.bad).toBe(true)
    expect(checks.length).toBeGreaterThan(0)
    expect(checks.every(({ after }) => after?.verdict === 'ok')).toBe(true)
    expect(exit).toBe(1)
  })

  it('stands ready to go on after one that it does not bear, and says which hosts are untouched', async () => {
    const { asked, message, run, checks } = await runAll(0)
    expect(asked.map(({ host }) => host)).toEqual(['web-1'])
    expect(run).toMatchObject({ phase: 'ready', atWork: {} })
    expect(message?.text).toMatch(/failed: web-1 \(set: .*; not touched: web-2, web-3/)
    expect(checks.some(({ after }) => after !== undefined)).toBe(false)
  })
})
