import { expect, it } from 'vitest'
import { ssh2Bench, text, until } from './helpers/machine.ts'
import { startProxy } from './helpers/proxy.ts'

it('fault 37: a job for which no channel can be had was not started: that is known, and said', async () => {
  const bench = await ssh2Bench()
  const link = await startProxy(bench.sshd.port)
  try {
    const { address, port } = bench.sshd
    const session = await bench.open(
      { port: link.port, hostKeyAlias: `[${address}]:${port}` },
      { times: { back: 200 } },
    )
    link.refuse(true)
    link.cut()
    await until('the link to be lost', () => session.state().is !== 'ready')
    const job = await session.job('never-begun', { argv: ['true'] })
    const result = await job.done
    expect(result).toMatchObject({
      endedBy: 'exit',
      began: 'no',
      problem: expect.stringMatching(/; the command was not started$/),
    })
    expect(result.exitCode).toBeUndefined()
    expect(text(result)).toEqual({ out: '', err: '' })
    // What an earlier process began under the id may run: that is not known then.
    const attached = await session.job('perhaps-begun', { argv: ['true'] }, { attach: true })
    expect(await attached.done).toMatchObject({ endedBy: 'lost' })
  } finally {
    await link.close()
    await bench.close()
  }
})
