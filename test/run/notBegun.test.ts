import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { undoIncident } from '../../src/compose/undo.ts'
import type { RunResult } from '../../src/model/command.ts'
import { applyChanges } from '../../src/run/apply.ts'
import { mayBeAsked } from '../../src/run/begun.ts'
import { inspectUnit, plannedData } from '../../src/run/inspect.ts'
import { hasBegun } from '../../src/run/left.ts'
import { ownUnit, type RunBench, runBench, shellPlan, yes } from './bench.ts'

const none = { bytes: new Uint8Array(), total: 0, cut: false }
const lost: RunResult = { endedBy: 'lost', stdout: none, stderr: none, ms: 1, problem: 'cut' }

/** Journals the plan and the start of a unit's first change, as a console does that is then killed. */
async function killedAtStart(b: RunBench): Promise<string> {
  const plan = shellPlan({ run: 'true', undo: `echo undone >> ${b.at('log')}` })
  const unit = ownUnit({ plan: () => plan })
  const { shown } = await inspectUnit(b.context, unit, b.outputs, '20261120T030405Z')
  await b.context.append('step.planned', plannedData(shown))
  const dying = { ...b.context, carry: () => Promise.reject(new Error('killed')) }
  await expect(applyChanges(dying, { step: 'own', host: 'here' }, plan.changes)).rejects.toThrow('killed')
  return b.state('own')?.changes[0]?.started ?? ''
}

const undo = async (b: RunBench) => {
  writeFileSync(b.at('sitrep.yaml'), 'hosts:\n  here: { transport: local }\n')
  return undoIncident(b.incident, {
    hosts: [],
    inventory: b.at('sitrep.yaml'),
    asking: {},
    approve: async () => yes,
    signal: new AbortController().signal,
  })
}

describe('a change that surely never ran', () => {
  it('is not taken back where the step fails', async () => {
    await using b = await runBench()
    const plan = shellPlan({ run: 'true', undo: `echo undone >> ${b.at('log')}` })
    const [first] = plan.changes
    if (first === undefined || !('run' in first.do)) throw new Error('nothing to run')
    first.do.run.cwd = b.at('no', 'such', 'folder')
    const end = await b.run(ownUnit({ plan: () => plan, onFail: 'undo' }))
    expect(end).toMatchObject({ end: 'failed', reason: expect.stringContaining('is not there') })
    expect(b.of('step.applied')).toMatchObject([{ began: 'no' }])
    expect(existsSync(b.at('log'))).toBe(false)
    expect(b.state('own')?.changes.filter(hasBegun)).toEqual([])
    expect(await undo(b)).toMatchObject({ code: 0, reason: 'nothing to undo' })
  })

  it('fault 29: is found out by `sitrep undo`, where its console was killed before its order came to the host', async () => {
    await using b = await runBench()
    await killedAtStart(b)
    expect(await undo(b)).toMatchObject({ code: 0, reason: expect.stringContaining('never began') })
    expect(existsSync(b.at('log'))).toBe(false)
    expect(b.of('step.applied')).toMatchObject([{ problem: 'it never began on the host', began: 'no' }])
  })

  it('one that runs still is not taken back beside itself', async () => {
    await using b = await runBench()
    const id = await killedAtStart(b)
    const session = await b.context.session('here')
    const script = 'while [ ! -e "$0" ]; do sleep 0.02; done'
    const job = await session.job(id, { argv: ['sh', '-c', script, b.at('go')] })
    expect(await undo(b)).toMatchObject({ code: 5, reason: expect.stringContaining('still running') })
    expect(existsSync(b.at('log'))).toBe(false)
    writeFileSync(b.at('go'), '')
    await job.done
    expect(await undo(b)).toMatchObject({ code: 0 })
    expect(existsSync(b.at('log'))).toBe(true)
  })
})

describe('fault 28: a change whose link was lost, and whose end another console recorded', () => {
  it('has that end: nothing is journaled over it', async () => {
    await using b = await runBench()
    const plan = shellPlan({ run: 'true', undo: 'true' })
    const known: RunResult = { ...lost, endedBy: 'exit', exitCode: 0 }
    delete known.problem
    const applied = await applyChanges(
      {
        ...b.context,
        endOf: () => known,
        carry: async (_change, _id, deps) => {
          expect(deps.over?.()).toBe(true)
          await deps.journaled(lost)
          return lost
        },
      },
      { step: 'own', host: 'here' },
      plan.changes,
    )
    expect(applied.bad).toBeUndefined()
    expect(applied.results).toEqual([known])
    expect(b.of('step.applied')).toEqual([])
  })
})

describe('the folder of a job that another console looked after', () => {
  it('stays for an hour: its own console may give its order once more', async () => {
    await using b = await runBench()
    const job = { is: 'change' as const, host: 'here', at: '', by: '', say: '', elsewhere: true as const }
    const incident = { ...b.incident.read(), jobs: { a: job } }
    const far = { ...b.context.host('here'), transport: 'ssh2' as const }
    const near = b.context.host('here')
    expect(mayBeAsked(far, incident, { id: 'a', ageMs: 60_000 })).toBe(true)
    expect(mayBeAsked(far, incident, { id: 'a', ageMs: 4_000_000 })).toBe(false)
    expect(mayBeAsked(near, incident, { id: 'a', ageMs: 60_000 })).toBe(false)
    expect(mayBeAsked(near, incident, { id: 'a', ageMs: 60_000, unbegun: true })).toBe(true)
  })
})
