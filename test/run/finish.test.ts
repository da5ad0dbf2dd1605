import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { finishRun } from '../../src/compose/finish.ts'
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
})
