import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { formatLine, parseLine } from '../../src/logs/store/lineForm.ts'
import { createMeasure } from '../../src/logs/store/measure.ts'
import { parsePart, partBase, sourceFolder } from '../../src/logs/store/names.ts'
import { hasLog, type ReadOptions, readLog, type StoredLine } from '../../src/logs/store/read.ts'
import { createLogStore, type LogStoreOptions } from '../../src/logs/store/store.ts'
import type { Append, EventData } from '../../src/model/event.ts'
import { tempDir } from '../journal/setup.ts'
import { canMount, smallDisk } from '../journal/smallDisk.ts'

const source = { host: 'core-1', kind: 'file', name: '/var/log/app.log' }
const folder = sourceFolder(source)
const start = Date.parse('2026-11-20T22:16:00.000Z')
const time = (ms: number) => new Date(start + ms).toISOString()
const line = (ms: number, text: string) => ({ at: time(ms), text, stream: 'stdout' as const })

/** A store in a folder, with what it recorded; `journal` refuses where it says why. */
function storeIn(
  dir: string,
  o: Partial<LogStoreOptions> & { journal?: { refuses?: string } } = {},
): {
  store: ReturnType<typeof createLogStore>
  kept: EventData<'log.kept'>[]
  dropped: EventData<'log.dropped'>[]
} {
  const { journal = {}, ...more } = o
  const kept: EventData<'log.kept'>[] = []
  const dropped: EventData<'log.dropped'>[] = []
  const append = async (type: string, data: unknown) => {
    if (journal.refuses !== undefined) throw new Error(journal.refuses)
    if (type === 'log.kept') kept.push(data as EventData<'log.kept'>)
    if (type === 'log.dropped') dropped.push(data as EventData<'log.dropped'>)
  }
  const store = createLogStore({
    dir,
    writer: 'ana-laptop-1-aaaaaaaaaaaa',
    append: append as unknown as Append,
    recorded: (file) => kept.some((part) => part.file === file),
    alive: () => true,
    ...more,
  })
  return { store, kept, dropped }
}

async function linesIn(dir: string, o?: ReadOptions): Promise<StoredLine[]> {
  const lines: StoredLine[] = []
  for await (const one of readLog(dir, source, o)) lines.push(one)
  return lines
}
const textsIn = async (dir: string, o?: ReadOptions) => (await linesIn(dir, o)).map(({ text }) => text)
const files = async (dir: string) => (await readdir(join(dir, folder))).sort()
const kinds = async (dir: string) => (await files(dir)).map((name) => name.replace(/^.*?\.log/, '.log'))

describe('the form of a line on disk', () => {
  it('is read back as it was written, whatever its text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' ')),
        fc.constantFrom('stdout' as const, 'stderr' as const, 'sitrep' as const),
        fc.constantFrom(undefined, '2026-11-20T22:16:04.123Z', '2026-11-20T22:16:04.123'),
        (text, stream, at) => {
          const own = at === undefined ? undefined : { at, resolutionMs: 1 }
          const written = formatLine(time(0), own, stream, text)
          expect(written.endsWith('\n')).toBe(true)
          expect(parseLine(written.slice(0, -1))).toEqual({
            received: time(0),
            ...(at === undefined ? {} : { hostTime: at }),
            stream,
            text,
          })
        },
      ),
    )
    expect(parseLine('what somebody wrote there')).toBeUndefined()
  })

  it('is measured the same over any chunking', () => {
    const text = Buffer.from(
      [0, 5, 9].map((ms) => `${time(ms)} - out é${'x'.repeat(ms)}\n`).join('') + 'torn',
    )
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        const measure = createMeasure()
        for (let n = 1; n < at.length; n++) measure.push(text.subarray(at[n - 1], at[n]))
        expect(measure.end()).toEqual({
          bytes: text.length,
          lines: 4,
          from: time(0),
          to: time(9),
          torn: true,
        })
      }),
    )
  })
})

describe('the names of files', () => {
  it('stay in the folder of logs, apart from each other, and tell when a part begins and whose it is', () => {
    const names = ['../../x', '.._.._x', 'a b', 'a_b', 'x'.repeat(300), `${'x'.repeat(300)}y`]
    const folders = names.map((name) => sourceFolder({ host: 'h', kind: 'file', name }))
    expect(new Set(folders).size).toBe(names.length)
    for (const one of folders) expect(one).toMatch(/^logs\/[A-Za-z0-9._-]{1,220}$/)
    const base = partBase(time(123), 'ana-laptop-4711-9f2c41d07b3a', 2)
    expect(base).toBe('20261120T221600.123Z-ana-laptop-4711-9f2c41d07b3a.2.log')
    const named = { base, from: time(123), writer: 'ana-laptop-4711-9f2c41d07b3a' }
    expect(parsePart(base)).toEqual({ ...named, closed: false })
    expect(parsePart(`${base}.gz`)).toEqual({ ...named, closed: true })
    expect(parsePart(`${base}.gz.x.part`)).toBeUndefined()
  })
})

describe('a log on disk', () => {
  it('has receive time, own time, stream and text of each line; private, and nothing before its first line', async () => {
    const dir = await tempDir()
    const { store, kept } = storeIn(dir)
    const file = store.open(source)
    expect(await hasLog(dir, source)).toBe(false)
    file.write(line(0, '2026-11-20T22:15:59.900Z one'))
    file.write({ at: time(1), text: 'two ‹secret:T›', stream: 'stderr' })
    await vi.waitFor(async () => expect(await textsIn(dir)).toHaveLength(2))
    const [open = ''] = await files(dir)
    expect(open).toBe('20261120T221600.000Z-ana-laptop-1-aaaaaaaaaaaa.log')
    const path = join(dir, folder, open)
    expect(await readFile(path, 'utf8')).toBe(
      `${time(0)} 2026-11-20T22:15:59.900Z out 2026-11-20T22:15:59.900Z one\n${time(1)} - err two ‹secret:T›\n`,
    )
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    for (const one of [dirname(path), join(dir, 'logs')]) expect((await stat(one)).mode & 0o777).toBe(0o700)
    await file.close()
    const stored = await readFile(`${path}.gz`)
    expect(kept).toEqual([
      {
        host: 'core-1',
        source: 'file:/var/log/app.log',
        file: `${folder}/${open}.gz`,
        sha256: createHash('sha256').update(stored).digest('hex'),
        bytes: gunzipSync(stored).length,
        lines: 2,
        from: time(0),
        to: time(1),
      },
    ])
    expect(await files(dir)).toEqual([`${open}.gz`])
    expect((await stat(`${path}.gz`)).mode & 0o777).toBe(0o600)
    expect(await linesIn(dir)).toEqual([
      {
        received: time(0),
        hostTime: '2026-11-20T22:15:59.900Z',
        stream: 'stdout',
        text: '2026-11-20T22:15:59.900Z one',
      },
      { received: time(1), stream: 'stderr', text: 'two ‹secret:T›' },
    ])
  })

  it('a source that said nothing leaves no file and no event', async () => {
    const dir = await tempDir()
    const { store, kept } = storeIn(dir)
    await store.open(source).close()
    await store.close()
    expect(kept).toEqual([])
    expect(await hasLog(dir, source)).toBe(false)
  })

  it('is rotated by size, compressed, and read back by time over all its parts, open and closed', async () => {
    const dir = await tempDir()
    const { store, kept } = storeIn(dir, { rotateAt: 200_000 })
    const file = store.open(source)
    const count = 3000
    for (let n = 0; n < count; n++) file.write(line(n, `line ${n} ${'x'.repeat(1000)}`))
    await vi.waitFor(async () => expect(await textsIn(dir)).toHaveLength(count), 10_000)
    await vi.waitFor(() => expect(kept.length).toBeGreaterThan(2), 10_000)
    const numbers = async (o: ReadOptions) =>
      (await textsIn(dir, o)).map((text) => Number(text.split(' ')[1]))
    const opened = new Set<string>()
    const endOf = (name: string) => {
      opened.add(name)
      return kept.find(({ file }) => file === name)?.to
    }
    for (const check of ['open', 'closed']) {
      if (check === 'closed') await file.close()
      expect(await numbers({})).toEqual([...Array(count).keys()])
      expect(await numbers({ from: time(1000), until: time(1003), endOf })).toEqual([1000, 1001, 1002, 1003])
      expect(await numbers({ from: time(2990.0), limit: 2, endOf })).toEqual([2990, 2991])
      expect(await numbers({ from: time(99_999), endOf })).toEqual([])
    }
    expect(opened.size).toBeGreaterThan(2)
    expect(kept.reduce((sum, { lines }) => sum + lines, 0)).toBe(count)
    expect((await files(dir)).every((name) => name.endsWith('.gz'))).toBe(true)
  })

  it('two consoles write files of their own, and are read as one stream', async () => {
    const dir = await tempDir()
    const [ana, ben] = [storeIn(dir), storeIn(dir, { writer: 'ben-laptop-2-bbbbbbbbbbbb' })]
    const [a, b] = [ana.store.open(source), ben.store.open(source)]
    for (let n = 0; n < 100; n++) (n % 3 === 0 ? a : b).write(line(n, `${n}`))
    await Promise.all([a.close(), b.close()])
    expect(await files(dir)).toHaveLength(2)
    expect(await textsIn(dir)).toEqual([...Array(100).keys()].map(String))
  })

  it('fault 39: a clock that was set back begins a new part, and what is read is in order of its times', async () => {
    const dir = await tempDir()
    const { store } = storeIn(dir)
    const file = store.open(source)
    file.write(line(0, 'first'))
    file.write(line(3_600_000, 'an hour on'))
    file.write(line(60_000, 'set back'))
    file.write(line(59_500, 'only slewed'))
    await file.close()
    expect(await files(dir)).toHaveLength(2)
    expect(await textsIn(dir)).toEqual(['first', 'set back', 'only slewed', 'an hour on'])
    expect((await linesIn(dir))[2]?.received).toBe(time(60_000))
  })

  it('keeps all logs of the incident within their bound: the oldest closed parts go, and that is recorded', async () => {
    const dir = await tempDir()
    const bound = 1_000_000
    const { store, kept, dropped } = storeIn(dir, { rotateAt: 200_000, bound })
    const file = store.open(source)
    for (let n = 0; n < 1500; n++) file.write(line(n, `${n} ${randomBytes(1000).toString('hex')}`))
    await file.close()
    const sizes = await Promise.all(
      (await files(dir)).map(async (name) => (await stat(join(dir, folder, name))).size),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(bound)
    expect(dropped.length).toBeGreaterThan(1)
    expect(dropped[0]).toEqual({
      file: kept[0]!.file,
      reason: 'the logs of this incident take at most 1000000 bytes',
    })
    expect(dropped.map(({ file }) => file)).toEqual(kept.slice(0, dropped.length).map(({ file }) => file))
    const left = (await textsIn(dir)).map((text) => Number(text.split(' ')[0]))
    expect(left.at(-1)).toBe(1499)
    expect(left).toEqual([...Array(1500).keys()].slice(-left.length))
  })

  it('drops nothing that can not be recorded, and records what was closed once the journal takes it', async () => {
    const dir = await tempDir()
    const journal: { refuses?: string } = { refuses: 'RECORDING STOPPED' }
    const { store, kept, dropped } = storeIn(dir, { journal, bound: 10 })
    const first = store.open(source)
    first.write(line(0, 'first'))
    await first.close()
    expect([kept, dropped]).toEqual([[], []])
    expect(await textsIn(dir)).toEqual(['first'])
    delete journal.refuses
    await store.close()
    expect(kept.map(({ lines }) => lines)).toEqual([1])
    expect(dropped.map(({ file }) => file)).toEqual([kept[0]!.file])
  })
})

describe('a flood', () => {
  const stored = async (dir: string) => {
    let total = 0
    for (const folder of await readdir(join(dir, 'logs')).catch(() => []))
      for (const name of await readdir(join(dir, 'logs', folder)))
        total += (await stat(join(dir, 'logs', folder, name)).catch(() => ({ size: 0 }))).size
    return total
  }

  it('holds the bound at all times within a part for each source, and tells what it could not keep', async () => {
    const dir = await tempDir()
    const [bound, rotateAt] = [8_000_000, 1_000_000]
    const { store } = storeIn(dir, { bound, rotateAt, waiting: 2_000_000 })
    const file = store.open(source)
    const noise = randomBytes(1500).toString('hex')
    let most = 0
    const count = 30_000
    for (let n = 0; n < count; n++) {
      file.write(line(n, `${n} ${noise}`))
      if (n % 200 === 0) most = Math.max(most, await stored(dir))
    }
    await file.close()
    await store.close()
    expect(Math.max(most, await stored(dir))).toBeLessThan(bound + 2 * rotateAt)
    const gaps = (await linesIn(dir)).filter(({ stream }) => stream === 'sitrep')
    expect(gaps.length).toBeGreaterThan(0)
    expect((await files(dir)).every((name) => name.endsWith('.gz'))).toBe(true)
  })

  it('writes nothing more where the bound is reached and nothing can be removed', async () => {
    const dir = await tempDir()
    const bound = 2_000_000
    const { store } = storeIn(dir, { bound, rotateAt: 500_000, journal: { refuses: 'no' }, retryMs: 20 })
    const told: string[] = []
    const file = store.open(source, (text) => told.push(text))
    for (let n = 0; n < 4000; n++) file.write(line(n, randomBytes(1000).toString('hex')))
    await vi.waitFor(() => expect(told[0]).toContain('none can go'), 10_000)
    await file.close()
    expect(await stored(dir)).toBeLessThan(bound + 1_500_000)
  })

  it('of many sources waits in one measure of memory', async () => {
    const dir = await tempDir()
    const { store } = storeIn(dir, { waiting: 200_000 })
    const open = Array.from({ length: 8 }, (_, n) => store.open({ ...source, name: `${n}` }))
    for (let n = 0; n < 500; n++) for (const file of open) file.write(line(n, 'x'.repeat(1000)))
    await Promise.all(open.map((file) => file.close()))
    await store.close()
    let lines = 0
    for (const n of open.keys()) for await (const _ of readLog(dir, { ...source, name: `${n}` })) lines++
    expect(lines).toBeGreaterThan(100)
    expect(lines).toBeLessThan(400)
  })
})

it('a line of any length is cut at 1 Mi characters, and says so', async () => {
  const dir = await tempDir()
  await mkdir(join(dir, folder), { recursive: true })
  const text = `${time(0)} - out ${'x'.repeat(20_000_000)}\n${time(1)} - out next\n`
  await writeFile(join(dir, folder, `${partBase(time(0), 'w')}.gz`), gzipSync(text))
  const [cut = '', next] = await textsIn(dir)
  expect(cut.length).toBeLessThan(1024 * 1024 + 100)
  expect(cut).toMatch(/x‹cut: \d+ characters in all›$/)
  expect(next).toBe('next')
})

describe('what a killed console left open', () => {
  const dead = 'ana-laptop-99-dddddddddddd'

  it('is read, then closed and recorded by the next console that follows the log; a torn last line says so', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, folder), { recursive: true })
    const path = join(dir, folder, partBase(time(0), dead))
    await writeFile(path, `${time(0)} - out one\n${time(1)} - out two\n${time(2)} - out thr`)
    await writeFile(`${path}.gz.${dead}.part`, 'half')
    expect(await textsIn(dir)).toEqual(['one', 'two'])
    const { store, kept } = storeIn(dir, { alive: (writer) => writer !== dead })
    const file = store.open(source)
    file.write(line(10, 'four'))
    await file.close()
    expect(kept.map(({ lines, from, to }) => [lines, from, to])).toEqual([
      [3, time(0), time(2)],
      [1, time(10), time(10)],
    ])
    const stored = gunzipSync(await readFile(`${path}.gz`))
    expect(kept[0]!.bytes).toBe(stored.length)
    expect(await textsIn(dir)).toEqual(['one', 'two', 'thr ‹cut: the console ended here›', 'four'])
    expect(await kinds(dir)).toEqual(['.log.gz', '.log.gz'])
  })

  it('is left alone while its console may be alive', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, folder), { recursive: true })
    await writeFile(join(dir, folder, partBase(time(0), dead)), `${time(0)} - out one\n`)
    const { store, kept } = storeIn(dir)
    await store.open(source).close()
    expect(kept).toEqual([])
    expect(await kinds(dir)).toEqual(['.log'])
  })

  it('is recorded where it was compressed already, and counted once where the plain file still stands', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, folder), { recursive: true })
    const path = join(dir, folder, partBase(time(0), dead))
    const text = `${time(0)} - out one\n`
    await writeFile(path, text)
    await writeFile(`${path}.gz`, gzipSync(text))
    const broken = join(dir, folder, `${partBase(time(5), dead)}.gz`)
    await writeFile(broken, gzipSync(text).subarray(0, 10))
    expect((await textsIn(dir))[0]).toBe('one')
    const { store, kept } = storeIn(dir, { alive: (writer) => writer !== dead })
    await store.open(source).close()
    expect(kept.map(({ lines }) => lines)).toEqual([1])
    expect(await kinds(dir)).toEqual(['.log.gz', '.log.gz'])
    expect(await textsIn(dir)).toEqual([
      'one',
      expect.stringMatching(/^‹sitrep: .+ can't be read from here on: /),
    ])
  })
})

describe('reading back by time', () => {
  it('gives what a sort of all lines would give, over any parts of any consoles', async () => {
    const parts = fc.array(
      fc.record({
        writer: fc.constantFrom('ana', 'ben'),
        gz: fc.boolean(),
        times: fc.array(fc.nat(50), { minLength: 1, maxLength: 12 }),
      }),
      { maxLength: 6 },
    )
    const bound = fc.option(fc.nat(60), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(
        parts,
        bound,
        bound,
        fc.option(fc.nat(20), { nil: undefined }),
        async (given, from, until, limit) => {
          const dir = await mkdtemp(join(tmpdir(), 'sitrep-read-'))
          try {
            await mkdir(join(dir, folder), { recursive: true })
            const all: { ms: number; text: string }[] = []
            const ends = new Map<string, string>()
            for (const [index, { writer, gz, times }] of given.entries()) {
              const sorted = times.toSorted((a, b) => a - b)
              const lines = sorted.map((ms, nth) => ({ ms, text: `${index} ${nth}` }))
              all.push(...lines)
              const text = lines
                .map(({ ms, text }) => formatLine(time(ms), undefined, 'stdout', text))
                .join('')
              const name = `${partBase(time(sorted[0]!), writer, index + 2)}${gz ? '.gz' : ''}`
              await writeFile(join(dir, folder, name), gz ? gzipSync(text) : text)
              if (gz) ends.set(`${folder}/${name}`, time(sorted.at(-1)!))
            }
            const wanted = all
              .filter(({ ms }) => ms >= (from ?? 0) && ms <= (until ?? 1000))
              .sort((a, b) => a.ms - b.ms)
            const read = await linesIn(dir, {
              ...(from === undefined ? {} : { from: time(from) }),
              ...(until === undefined ? {} : { until: time(until) }),
              ...(limit === undefined ? {} : { limit }),
              endOf: (file) => ends.get(file),
            })
            expect(read.map(({ received }) => received)).toEqual(
              wanted.map(({ ms }) => time(ms)).slice(0, limit),
            )
            const known = new Set(wanted.map(({ ms, text }) => `${time(ms)} ${text}`))
            expect(new Set(read.map(({ received, text }) => `${received} ${text}`)).size).toBe(read.length)
            expect(read.every(({ received, text }) => known.has(`${received} ${text}`))).toBe(true)
            for (const index of given.keys()) {
              const nths = read.flatMap(({ text }) => {
                const [part, nth] = text.split(' ').map(Number)
                return part === index ? [nth!] : []
              })
              expect(nths).toEqual(nths.toSorted((a, b) => a - b))
            }
          } finally {
            await rm(dir, { recursive: true, force: true })
          }
        },
      ),
      { numRuns: process.env.SITREP_FULL ? 1000 : 100 },
    )
  })
})

describe('a log file that was changed by hand', () => {
  it('is read all the same; a strange line has the time of the one before it', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, folder), { recursive: true })
    await writeFile(
      join(dir, folder, partBase(time(0), 'w')),
      `${time(0)} - out one\nstrange\n\n${time(5)} - out two\n`,
    )
    expect((await linesIn(dir)).map(({ received, text }) => [received, text])).toEqual([
      [time(0), 'one'],
      [time(0), 'strange'],
      [time(0), ''],
      [time(5), 'two'],
    ])
  })
})

describe('a disk that takes nothing', () => {
  it('fault 40: a removed file is begun anew; a removed incident is not made again', async () => {
    const dir = join(await tempDir(), 'incident')
    await mkdir(dir)
    const told: string[] = []
    const { store } = storeIn(dir, { retryMs: 20 })
    const file = store.open(source, (text) => told.push(text))
    file.write(line(0, 'lost with its file'))
    await vi.waitFor(async () => expect(await textsIn(dir)).toHaveLength(1))
    await rm(join(dir, 'logs'), { recursive: true })
    file.write(line(1, 'kept'))
    await vi.waitFor(async () => expect(await textsIn(dir)).toEqual(['kept']))
    await rm(dir, { recursive: true })
    file.write(line(2, 'nowhere'))
    await vi.waitFor(
      () => expect(told.at(-1)).toMatch(/not kept on disk for now: (ENOENT|the file was removed)/),
      5000,
    )
    await file.close()
    await expect(stat(dir)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('a slow disk costs the newest lines, never the memory: the gap is told', async () => {
    const dir = await tempDir()
    const told: string[] = []
    const { store } = storeIn(dir, { waiting: 10_000 })
    const file = store.open(source, (text) => told.push(text))
    for (let n = 0; n < 1000; n++) file.write(line(n, `${n} ${'x'.repeat(92)}`))
    await vi.waitFor(() => expect(told).toHaveLength(2))
    file.write(line(2000, 'goes on'))
    await file.close()
    const lines = await linesIn(dir)
    const gap = lines.find(({ stream }) => stream === 'sitrep')!
    const kept = lines.filter(({ stream }) => stream === 'stdout').length - 1
    expect(gap.text).toBe(
      `‹gap: ${1000 - kept} lines from ${time(kept)} to ${time(999)} are not kept: the disk is slower than the log›`,
    )
    expect(lines.at(-1)?.text).toBe('goes on')
    expect(told[1]).toBe(`‹sitrep: this log is kept on disk again; ${1000 - kept} lines are missing there›`)
  })

  it.skipIf(!canMount)(
    'fault 41: a full disk is said once, and with room again the log goes on, its gap told',
    async () => {
      const disk = await smallDisk('2m')
      const told: string[] = []
      const { store, kept } = storeIn(disk.dir, { leave: 0, retryMs: 20, waiting: 20_000 })
      const file = store.open(source, (text) => told.push(text))
      const long = 'x'.repeat(500)
      file.write(line(0, `0 ${long}`))
      await vi.waitFor(async () => expect(await textsIn(disk.dir)).toHaveLength(1))
      await disk.fill()
      let n = 1
      await vi.waitFor(() => {
        file.write(line(n, `${n} ${long}`))
        n++
        expect(told).toHaveLength(1)
      })
      expect(told[0]).toMatch(/^‹sitrep: this log is not kept on disk for now: ENOSPC/)
      for (const end = n + 200; n < end; n++) file.write(line(n, `${n} ${long}`))
      expect(told).toHaveLength(1)
      await disk.drain()
      await vi.waitFor(() => expect(told).toHaveLength(2))
      file.write(line(n, 'goes on'))
      await file.close()
      const lines = await linesIn(disk.dir)
      const numbers = lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text.split(' ')[0])
      expect(numbers.slice(0, -1)).toEqual([...Array(numbers.length - 1).keys()].map(String))
      const missing = n - (numbers.length - 1)
      expect(missing).toBeGreaterThan(100)
      expect(lines.find(({ stream }) => stream === 'sitrep')?.text).toMatch(
        new RegExp(`^‹gap: ${missing} lines from .+Z to .+Z are not kept`),
      )
      expect(told[1]).toBe(`‹sitrep: this log is kept on disk again; ${missing} lines are missing there›`)
      expect(lines.at(-1)?.text).toBe('goes on')
      expect(kept.reduce((sum, part) => sum + part.lines, 0)).toBe(lines.length)
    },
  )

  it.skipIf(!canMount)(
    'fault 41: a part that can not be compressed for want of room stays plain, and is closed later',
    async () => {
      const disk = await smallDisk('1m')
      const { store, kept } = storeIn(disk.dir, { leave: 0 })
      const noise = () => randomBytes(500).toString('base64')
      const file = store.open(source)
      for (let n = 0; n < 300; n++) file.write(line(n, `${n} ${noise()}`))
      await vi.waitFor(async () => expect(await textsIn(disk.dir)).toHaveLength(300))
      await disk.fill(8192)
      await file.close()
      expect(await kinds(disk.dir)).toEqual(['.log'])
      expect(kept).toEqual([])
      await disk.drain()
      await store.close()
      expect(await kinds(disk.dir)).toEqual(['.log.gz'])
      expect(kept.map(({ lines }) => lines)).toEqual([300])
      expect(await textsIn(disk.dir)).toHaveLength(300)
    },
  )
})
