import { spawn } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { sourceFolder } from '../../src/logs/store/names.ts'
import { readLog } from '../../src/logs/store/read.ts'
import { createLogStore } from '../../src/logs/store/store.ts'
import type { Append, EventData } from '../../src/model/event.ts'
import { tempDir } from '../journal/setup.ts'

const source = { host: 'core-1', kind: 'file', name: '/var/log/app.log' }
const store = join(import.meta.dirname, '../../src/logs/store/store.ts')

/** A console that keeps a busy log in small parts, and prints what it records. */
const program = `
const [dir, writer] = process.argv.slice(1)
const { createLogStore } = await import(${JSON.stringify(store)})
const append = async (type, data) => { process.stdout.write(JSON.stringify(data) + '\\n') }
const store = createLogStore({ dir, writer, append, recorded: () => false, alive: () => true, rotateAt: 300000 })
const file = store.open(${JSON.stringify(source)})
let n = 0
setInterval(() => {
  const at = new Date().toISOString()
  for (const end = n + 1000; n < end; n++) file.write({ at, stream: 'stdout', text: n + ' ' + 'x'.repeat(100) })
}, 5)
process.stdout.write('begun\\n')
`

const loops = process.env.SITREP_FULL ? 50 : 5

it(
  'kill -9 at random moments: what stands is whole and in order, and the next console closes all of it',
  async () => {
    for (let loop = 0; loop < loops; loop++) {
      const dir = await tempDir()
      const dead = 'ana-laptop-99-dddddddddddd'
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, dir, dead], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      const ended = new Promise((resolve) => child.once('close', resolve))
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString()
          resolve()
        })
      })
      const ms = randomInt(20, 900)
      await sleep(ms)
      child.kill('SIGKILL')
      await ended
      // The last line may have been cut by the kill.
      const kept = said
        .split('\n')
        .slice(1, -1)
        .map((line) => JSON.parse(line) as EventData<'log.kept'>)
      const next = createLogStore({
        dir,
        writer: 'ana-laptop-100-eeeeeeeeeeee',
        append: (async (_: string, data: unknown) =>
          void kept.push(data as EventData<'log.kept'>)) as unknown as Append,
        recorded: (file) => kept.some((part) => part.file === file),
        alive: (writer) => writer !== dead,
      })
      await next.open(source).close()
      await next.close()
      let count = 0
      for await (const { text } of readLog(dir, source)) {
        // The kill may have cut the last line anywhere, also before its number.
        const cut = text.endsWith('‹cut: the console ended here›')
        if (!cut) expect(text.split(' ')[0], `killed after ${ms} ms`).toBe(String(count))
        count++
      }
      const folder = join(dir, sourceFolder(source))
      const names = await readdir(folder).catch(() => [])
      expect(names.filter((name) => !name.endsWith('.log.gz'))).toEqual([])
      expect(kept.map(({ file }) => join(dir, file)).sort()).toEqual(
        names.map((name) => join(folder, name)).sort(),
      )
      expect(kept.reduce((sum, { lines }) => sum + lines, 0)).toBe(count)
      for (const { file, sha256 } of kept)
        expect(
          createHash('sha256')
            .update(await readFile(join(dir, file)))
            .digest('hex'),
        ).toBe(sha256)
    }
  },
  loops * 20_000,
)
