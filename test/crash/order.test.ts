import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { writeBook } from '../e2e/helpers/book.ts'
import { program } from '../e2e/helpers/sitrep.ts'
import { newDesk } from './helpers/heldRun.ts'
import { whyNoStrace } from './helpers/strace.ts'
import { logging, type Op, readWriteLog } from './helpers/writeLog.ts'

/** The last place before `at` where something was done; -1 where nowhere. */
const lastBefore = (ops: readonly Op[], at: number, is: (op: Op) => boolean) =>
  ops.slice(0, at).findLastIndex(is)

/** Where the file that has this name in the end was synced before `at`, under any name that it had. */
function syncedBefore(ops: readonly Op[], path: string, at: number): number {
  const renamed = ops.find((op) => op.is === 'named' && op.path === path && op.from !== undefined)
  const names = renamed?.is === 'named' && renamed.from !== undefined ? [path, renamed.from] : [path]
  return lastBefore(ops, at, (op) => op.is === 'synced' && names.includes(op.path))
}

describe.skipIf(whyNoStrace !== undefined)(
  `fault 44: what an event names${whyNoStrace ? ` (${whyNoStrace})` : ''}`,
  () => {
    it('is on disk, and its name too, before the event is written: artifacts, closed logs, the postmortem', async () => {
      const at = newDesk()
      const log = join(at.cwd, 'app.log')
      writeFileSync(log, '')
      writeBook(
        at,
        [
          { id: 'long', with: { run: 'seq 20000' } },
          { id: 'logged', with: { run: `seq 100 >> ${log}; sleep 1` } },
        ],
        { logs: [{ file: log }] },
      )
      const trace = join(at.cwd, 'strace')
      const [command = '', ...args] = logging(trace)
      const ended = await execa(command, [...args, ...program, 'run', 'book.yaml', '--yes', '--json'], {
        cwd: at.cwd,
        env: at.env,
        extendEnv: false,
        stdin: 'ignore',
      })
      const ops = await readWriteLog(trace, at.home)
      const dir = join(at.home, 'incidents', at.incident())
      // Every file that has its final name in the incident's folder, but the journal's own.
      const kept = ops.flatMap((op, index) =>
        op.is === 'named' && /\/(artifacts|logs)\/.*\.gz$|\/postmortem\.md$/.test(op.path)
          ? [{ ...op, index }]
          : [],
      )
      const kinds = new Set<string>()
      for (const { path, folder, index } of kept) {
        const name = path.startsWith(join(dir, 'artifacts'))
          ? basename(path, '.gz')
          : path.slice(dir.length + 1)
        const event = ops.findIndex(
          (op, place) =>
            place > index && op.is === 'write' && op.path.endsWith('.jsonl') && op.bytes.includes(name),
        )
        expect(event, `no event names ${name}`).toBeGreaterThan(0)
        expect.soft(syncedBefore(ops, path, event), `${name} was not synced`).toBeGreaterThan(0)
        const folderSynced = lastBefore(ops, event, (op) => op.is === 'synced' && op.path === folder)
        expect.soft(folderSynced, `the folder of ${name} was not synced`).toBeGreaterThan(index)
        kinds.add(path.slice(dir.length + 1).split('/')[0] ?? '')
      }
      expect.soft([...kinds].sort()).toEqual(['artifacts', 'logs', 'postmortem.md'])
      // Told on stdout: nothing that was not written and synced before.
      for (const [place, op] of ops.entries()) {
        // What the steps' own commands print is said by others.
        if (op.is !== 'said' || !op.text.startsWith('{"v":1')) continue
        for (const { id } of at.events(op.text)) {
          const written = lastBefore(
            ops,
            place,
            (op) => op.is === 'write' && op.bytes.includes(`"id":"${id}"`),
          )
          const synced = lastBefore(ops, place, (op) => op.is === 'synced' && op.path.endsWith('.jsonl'))
          expect(written).toBeGreaterThan(0)
          expect(synced).toBeGreaterThan(written)
        }
      }
      expect(ended.exitCode).toBe(0)
    })
  },
)
