import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tempDir, testJournal } from '../journal/setup.ts'
import { type Fault, whyNoStrace, withFault } from './helpers/strace.ts'
import { type Acknowledged, expectWhole } from './helpers/whole.ts'
import { startWriter } from './helpers/writer.ts'

const note = { text: 'the next start', at: '2026-11-20T22:16:00.000Z' }

/** Kills a writer in its `nth` call; false where it came to its end before that. */
async function killIn(calls: string, nth: number, path?: (dir: string) => string): Promise<boolean> {
  const dir = `${await tempDir()}/incident`
  const fault: Fault = {
    calls,
    signal: 'SIGKILL',
    when: `${nth}`,
    ...(path === undefined ? {} : { path: path(dir) }),
  }
  const writing = startWriter(
    { dir, writer: 'struck', events: 12, together: 3, sizes: [300, 9000, 40] },
    withFault(fault),
  )
  await writing.over
  expect(writing.refused).toEqual([])
  const kept: Acknowledged[] = [...writing.kept]
  if (existsSync(`${dir}/journal/struck.jsonl`)) await expectWhole(dir, kept)
  const next = await testJournal(dir)
  const { writer, seq, id } = await next.append('note.added', note)
  await next.close()
  await expectWhole(dir, [...kept, { writer, seq, id }])
  return !writing.ended
}

// What a random moment finds rarely is looked for here: the kill comes just before each call that changes the disk.
describe.skipIf(whyNoStrace !== undefined)(
  `fault 40: kill -9 at each call that changes the disk${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    const calls: [call: string, atLeast: number, path?: (dir: string) => string][] = [
      ['mkdir', 2],
      ['chmod', 2],
      ['fsync', 2],
      ['fdatasync', 4],
      ['rename', 1],
      ['write', 4, (dir) => `${dir}/journal/struck.jsonl`],
    ]
    for (const [call, atLeast, path] of calls) {
      it(`${call}: acknowledged events stay, nothing is glued, the next start works`, async () => {
        let nth = 1
        while (await killIn(call, nth, path)) nth++
        expect(nth - 1).toBeGreaterThanOrEqual(atLeast)
      })
    }
  },
)
