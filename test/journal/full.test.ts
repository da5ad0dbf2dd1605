import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openJournal } from '../../src/journal/open.ts'
import { readJournal } from '../../src/journal/read.ts'
import { tempDir } from './setup.ts'

const canMount = process.platform === 'linux' && process.getuid?.() === 0

/** A real file system of one size, gone at the test's end; undefined where mounting is not allowed. */
async function smallDisk(): Promise<string | undefined> {
  const dir = join(await tempDir(), 'disk')
  await mkdir(dir)
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { reject: false })
  if (mounted.failed) return undefined
  onTestFinished(async () => {
    await execa('umount', [dir], { reject: false })
  })
  return dir
}

describe('fault 41: a full disk', () => {
  it.skipIf(!canMount)(
    'RECORDING STOPPED with the cause; every acknowledged record is there, none after it',
    async (context) => {
      const dir = await smallDisk()
      if (dir === undefined) return context.skip('mounting a tmpfs is not allowed here')
      const journal = await openJournal({
        dir: join(dir, 'incident'),
        by: 'ana@laptop',
        clean: (value) => value,
      })
      const told: string[] = []
      journal.onStopped((cause) => told.push(cause))
      const acknowledged: string[] = []
      const write = async (text: string) => {
        const record = await journal.append('note.added', { text, at: '2026-11-20T22:16:00.000Z' })
        acknowledged.push(record.id)
      }
      const filling = (async () => {
        for (;;) await write('x'.repeat(3000))
      })()
      await expect(filling).rejects.toMatchObject({
        kind: 'recording',
        message: expect.stringMatching(/^RECORDING STOPPED: ENOSPC/),
      })
      await expect(write('short')).rejects.toThrow('RECORDING STOPPED')
      expect(told).toHaveLength(1)
      expect(journal.stopped()).toContain('ENOSPC')
      await journal.close()
      const { records } = await readJournal(join(dir, 'incident'))
      expect(records.map(({ id }) => id)).toEqual(acknowledged)
      expect(acknowledged.length).toBeGreaterThan(3)
    },
  )
})
