import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { settleOthers } from '../../src/compose/resume.ts'
import { begunOf, isRecorded, sweepJobs } from '../../src/run/begun.ts'
import { until } from '../hosts/helpers/machine.ts'
import { type RunBench, runBench } from './bench.ts'

const settle = (b: RunBench) => settleOthers(b.context, b.incident, ['here'])
const jobsLeft = (b: RunBench) => {
  const folder = b.at('host-state', 'sitrep', 'jobs')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Records that an undo begins, and starts its job as a console does that then dies. */
async function undo(b: RunBench, script: string, o = { job: true }) {
  const { id } = await b.context.append('step.started', {
    run: b.context.run,
    step: 'none',
    host: 'here',
    change: -1,
    of: 1,
    say: 'put it back',
    undo: { impossible: 'this is itself an undo' },
    undoHash: '',
  })
  const session = await b.context.session('here')
  return { id, job: o.job ? await session.job(id, { argv: ['sh', '-c', script] }) : undefined }
}

/** The same of a responder's own command. */
async function command(b: RunBench, text: string, o = { job: true }) {
  const { id } = await b.context.append('command.started', { host: 'here', command: text })
  const session = await b.context.session('here')
  return { id, job: o.job ? await session.job(id, { argv: ['sh', '-c', text] }) : undefined }
}

describe('fault 29: what a console began beside its steps, and did not see the end of', () => {
  it('an undo that runs is waited for, its true result recorded, and it is not begun again', async () => {
    await using b = await runBench()
    const [log, go] = [b.at('log'), b.at('go')]
    const script = `echo ran >> ${log}; while [ ! -e ${go} ]; do sleep 0.02; done; echo back; exit 3`
    const { id } = await undo(b, script)
    await until('its start', () => existsSync(log))
    const settling = settle(b)
    writeFileSync(go, '')
    expect(await settling).toMatchObject([
      { is: 'failed', reason: 'exit 3: back', begun: { id, is: 'undo' } },
    ])
    expect(b.of('step.applied')).toMatchObject([{ started: id, exitCode: 3, stdout: 'back' }])
    expect(readFileSync(log, 'utf8')).toBe('ran\n')
    expect(begunOf(b.incident.read())).toEqual([])
    await until('an empty folder', () => jobsLeft(b).length === 0)
  })

  it('an undo and a command that never came to the host are told as that', async () => {
    await using b = await runBench()
    await undo(b, 'true', { job: false })
    await command(b, 'uptime', { job: false })
    expect(await settle(b)).toMatchObject([
      { is: 'ok', reason: 'it never began on the host' },
      { is: 'ok', reason: 'it never began on the host' },
    ])
    expect(b.of('command.ran')).toMatchObject([{ endedBy: 'cancel', problem: 'it never began on the host' }])
    expect(await settle(b)).toEqual([])
  })

  it('a command that ended meanwhile is recorded with its output; one that runs is left alone', async () => {
    await using b = await runBench()
    const go = b.at('go')
    const ended = await command(b, 'echo said; exit 4')
    await ended.job?.done
    const runs = await command(b, `while [ ! -e ${go} ]; do sleep 0.02; done; echo late`)
    expect(await settle(b)).toMatchObject([
      { is: 'failed', reason: 'exit 4: said' },
      { is: 'running', begun: { id: runs.id } },
    ])
    expect(b.of('command.ran')).toMatchObject([{ started: ended.id, exitCode: 4, stdout: 'said' }])
    expect(await (await b.context.session('here')).jobState(runs.id)).toEqual({ is: 'running' })
    writeFileSync(go, '')
    await runs.job?.done
    expect(await settle(b)).toMatchObject([{ is: 'ok' }])
    expect(b.of('command.ran')[1]).toMatchObject({ started: runs.id, exitCode: 0, stdout: 'late' })
    await until('an empty folder', () => jobsLeft(b).length === 0)
  })

  it('one that was killed is unknown: recorded once, looked at again, and its folder stays', async () => {
    await using b = await runBench()
    const { id, job } = await command(b, 'sleep 300')
    const file = b.at('host-state', 'sitrep', 'jobs', id, 'pgid')
    process.kill(-Number(readFileSync(file, 'utf8').split(' ')[0]), 'SIGKILL')
    await job?.done
    for (let look = 0; look < 2; look++)
      expect(await settle(b)).toMatchObject([{ is: 'unknown', reason: expect.stringContaining('killed') }])
    expect(b.of('command.ran')).toMatchObject([
      { endedBy: 'lost', problem: expect.stringContaining('killed') },
    ])
    expect(b.incident.read().commands).toHaveLength(1)
    expect(jobsLeft(b)).toEqual([id])
  })
})

describe('the folders of jobs', () => {
  it('go once their results are recorded, and no others', async () => {
    await using b = await runBench()
    const [recorded, open] = [await command(b, 'true'), await command(b, 'true')]
    await Promise.all([recorded.job?.done, open.job?.done])
    const session = await b.context.session('here')
    // Its console died between the record and the removal.
    const ran = { started: recorded.id, host: 'here', command: 'true', endedBy: 'exit', exitCode: 0 }
    await b.context.append('command.ran', { ...ran, ms: 1, stdout: '', stderr: '' })
    const other = await session.job('of-another-console', { argv: ['true'] })
    await other.done
    expect(await sweepJobs(session, b.incident.read())).toBe(1)
    expect(jobsLeft(b).toSorted()).toEqual([open.id, 'of-another-console'].toSorted())
  })

  it('stay while a revert that is armed may ask whether the change was begun', async () => {
    await using b = await runBench()
    const ref = { run: b.context.run, step: 'none', host: 'here' }
    const undo: [] = []
    await b.context.append('revert.armed', { ...ref, revert: 'r1', after: 60, undo })
    const start = { change: 0, of: 1, say: 'it', undo, undoHash: '' }
    const { id } = await b.context.append('step.started', { ...ref, ...start })
    const end = { started: id, endedBy: 'exit', exitCode: 0, ms: 1, stdout: '', stderr: '' }
    await b.context.append('step.applied', { ...ref, ...end })
    expect(isRecorded(b.incident.read(), { id, is: 'done' })).toBe(false)
    await b.context.append('revert.confirmed', { ...ref, revert: 'r1', reason: 'it holds' })
    expect(isRecorded(b.incident.read(), { id, is: 'done' })).toBe(true)
    expect(isRecorded(b.incident.read(), { id, is: 'running' })).toBe(false)
  })

  it('stay where a cancel could not end the job: its own end is to come', async () => {
    await using b = await runBench()
    const { id } = await command(b, 'true', { job: false })
    const ran = {
      started: id,
      host: 'here',
      command: 'true',
      endedBy: 'cancel',
      ms: 1,
      stdout: '',
      stderr: '',
    }
    await b.context.append('command.ran', { ...ran, problem: 'still running: sleep (pid 7)' })
    expect(isRecorded(b.incident.read(), { id, is: 'done' })).toBe(false)
    expect(begunOf(b.incident.read())).toMatchObject([{ id, ended: 'lost' }])
  })
})
