import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { finishRun, leavePostmortem } from '../../src/compose/finish.ts'
import * as postmortem from '../../src/compose/postmortem.ts'
import { SitrepError } from '../../src/model/errors.ts'
import { runBench } from './bench.ts'

vi.mock('../../src/compose/postmortem.ts', { spy: true })

describe('the end of a run', () => {
  it('is recorded though the postmortem can not be written', async () => {
    await using b = await runBench()
    mkdirSync(join(b.incident.dir, 'postmortem.md'))
    const ended = await finishRun(b.incident, { run: b.context.run, exit: 0 })
    expect(ended).toEqual({ exit: 1, postmortem: undefined })
    const [finished] = b.of('run.finished')
    expect(finished).toMatchObject({ exit: 1, summary: expect.stringContaining("can't be written") })
    expect(finished).not.toHaveProperty('postmortem')
  })

  it('exits 6 where the disk is full', async () => {
    await using b = await runBench()
    const cause = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    vi.mocked(postmortem.writePostmortem).mockRejectedValueOnce(new SitrepError('failed', 'full', { cause }))
    expect(await finishRun(b.incident, { run: b.context.run, exit: 1 })).toMatchObject({ exit: 6 })
    expect(b.of('run.finished')).toMatchObject([{ exit: 6, summary: 'full' }])
  })

  it('exits 6 without a postmortem while recording is stopped: what room is left is for events', async () => {
    await using b = await runBench()
    vi.mocked(postmortem.writePostmortem).mockClear()
    const stopped = { ...b.incident, stopped: () => 'ENOSPC' }
    expect(await finishRun(stopped, { run: b.context.run, exit: 0 })).toEqual({
      exit: 6,
      postmortem: undefined,
    })
    expect(b.of('run.finished')).toMatchObject([{ exit: 6, summary: 'recording stopped: ENOSPC' }])
    expect(await leavePostmortem(stopped)).toBeUndefined()
    expect(postmortem.writePostmortem).not.toHaveBeenCalled()
  })

  it('leaving a console says RECORDING STOPPED where the disk is to blame for a missing postmortem', async () => {
    await using b = await runBench()
    expect(await leavePostmortem(b.incident)).toBe(join(b.incident.dir, 'postmortem.md'))
    const cause = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    vi.mocked(postmortem.writePostmortem).mockRejectedValueOnce(new SitrepError('failed', 'full', { cause }))
    await expect(leavePostmortem(b.incident)).rejects.toMatchObject({
      kind: 'recording',
      message: 'RECORDING STOPPED: full',
    })
    const other = new SitrepError('failed', 'a template is broken')
    vi.mocked(postmortem.writePostmortem).mockRejectedValueOnce(other)
    await expect(leavePostmortem(b.incident)).rejects.toBe(other)
  })
})
