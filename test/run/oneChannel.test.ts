import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ssh2Bench } from '../hosts/helpers/machine.ts'
import { runBench } from './bench.ts'

it.each(['ssh2', 'openssh'] as const)(
  'fault 37: MaxSessions 1 over %s: steps that look first are locked, looked at, applied and verified over the one channel',
  async (transport) => {
    const site = await ssh2Bench(['MaxSessions 1'])
    const dir = mkdtempSync(join(tmpdir(), 'sitrep-test-'))
    const sync = (id: string) => ({
      id,
      uses: 'file.sync',
      with: { source: { text: `${id}\n` }, path: join(dir, id), reload: `test -s ${join(dir, id)}` },
    })
    try {
      await using b = await runBench({
        reach: { ...site.host, transport },
        locks: true,
        steps: [sync('one'), sync('two')],
      })
      // While these take their time a second lane is asked for, and the host is heard to give none: before the lock comes.
      const session = await b.context.session('here')
      await Promise.all([1, 2].map(() => session.run({ argv: ['sleep', '1.5'] })))
      expect(session.state()).toMatchObject({ is: 'ready', reason: expect.stringContaining('MaxSessions') })
      for (const id of ['one', 'two']) {
        expect(await b.run(b.unit(id))).toMatchObject({ end: 'ok', code: 0 })
        expect(readFileSync(join(dir, id), 'utf8')).toBe(`${id}\n`)
      }
      expect(b.of('lock.taken')).toHaveLength(2)
    } finally {
      await site.close()
      rmSync(dir, { recursive: true, force: true })
    }
  },
  120_000,
)
