import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeep } from '../../src/compose/keep.ts'
import { keepOutput } from '../../src/compose/keepOutput.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { readArtifact } from '../../src/journal/artifacts.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { SitrepError } from '../../src/model/errors.ts'
import type { Append, EventData } from '../../src/model/event.ts'
import { emptyIncident } from '../../src/model/reduce.ts'
import type { Kept, OutputKeeper } from '../../src/run/keep.ts'
import { tempDir } from '../journal/setup.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const shaOf = (text: string) => createHash('sha256').update(text).digest('hex')

/** A keeper in a folder of its own; what it journals is folded as far as it looks at it. */
async function bench() {
  const dir = await tempDir()
  const secrets = createSecretStore()
  const added: EventData<'artifact.added'>[] = []
  const incident = emptyIncident('x')
  let refuse: Error | undefined
  const append = (async (_type: string, data: EventData<'artifact.added'>) => {
    if (refuse !== undefined) throw refuse
    added.push(data)
    incident.artifacts[data.sha256] = { bytes: data.bytes, name: data.name, host: data.host ?? '' }
  }) as unknown as Append
  const make = () => createKeep({ dir, pipe: createPipe(secrets), append, read: () => incident })
  return {
    dir,
    secrets,
    added,
    make,
    keep: make(),
    pipe: createPipe(secrets),
    refuse: (error: Error | undefined) => {
      refuse = error
    },
    text: async ({ artifact }: Kept) => readArtifact(dir, artifact?.sha256 ?? 'no artifact'),
  }
}

function feed(keeper: OutputKeeper, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
  keeper.chunk(stream, bytes(text))
}

describe('an output', () => {
  it('that the event shows whole is not kept beside it', async () => {
    const b = await bench()
    const keeper = b.keep.output()
    feed(keeper, 'line\n'.repeat(20))
    feed(keeper, 'x'.repeat(2000), 'stderr')
    expect(await keeper.end()).toEqual({})
    expect(existsSync(join(b.dir, 'artifacts'))).toBe(false)
  })

  it.each([
    ['has more lines', 'line\n'.repeat(21)],
    ['is longer', 'x'.repeat(2001)],
  ])('that %s than the event shows is kept whole', async (_, text) => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const b = await bench()
      const keeper = b.keep.output()
      feed(keeper, text, stream)
      const kept = await b.text(await keeper.end())
      expect(kept.replaceAll('‹stderr› ', '').trimEnd()).toBe(text.trimEnd())
      expect(kept.startsWith('‹stderr› ')).toBe(stream === 'stderr')
    }
  })

  it('is kept far beyond what a result holds, both streams in the order in which they came', async () => {
    const b = await bench()
    const keeper = b.keep.output()
    const want: string[] = []
    for (let i = 0; i < 300; i++) {
      const [stream, mark] = i % 3 === 0 ? (['stderr', '‹stderr› '] as const) : (['stdout', ''] as const)
      const line = `${i} ${'abcdefgh '.repeat(2000)}\n`
      feed(keeper, line, stream)
      want.push(mark + line)
    }
    const kept = await keeper.end()
    expect(kept.artifact?.bytes).toBeGreaterThan(5 * 1024 * 1024)
    expect(kept.artifact).not.toHaveProperty('cut')
    expect(await b.text(kept)).toBe(want.join(''))
  })

  it('beyond the limit is cut, and what is missing is told without being made clean first', async () => {
    const b = await bench()
    const keeper = keepOutput({ dir: b.dir, pipe: b.pipe, limit: 4000 })
    for (let i = 0; i < 100; i++) feed(keeper, `${'y'.repeat(99)}\n`)
    const kept = await keeper.end()
    expect(kept.artifact?.cut).toBe(true)
    expect(await b.text(kept)).toBe(`${`${'y'.repeat(99)}\n`.repeat(40)}\n‹cut: 6000 more bytes›\n`)
  })

  it('fault 24: holds no secret, however it is cut into chunks', async () => {
    const b = await bench()
    b.secrets.register('TOKEN', 'stdin', 'a-very-secret-token')
    const text = `${'filler\n'.repeat(30)}before a-very-secret-token after\n\u001b[2Jdone\n`
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (sizes) => {
        const keeper = b.keep.output()
        const all = bytes(text)
        for (let at = 0, i = 0; at < all.length; i++) {
          const size = sizes[i % sizes.length] ?? 1
          keeper.chunk('stdout', all.subarray(at, at + size))
          at += size
        }
        const kept = await b.text(await keeper.end())
        expect(kept).toContain('before ‹secret:TOKEN› after\n')
        expect(kept).not.toMatch(/very-secret|\u001b/)
      }),
      { numRuns: 30 },
    )
  })

  it('that the disk does not take is told, and is no error', async () => {
    const b = await bench()
    await writeFile(join(b.dir, 'artifacts'), '')
    const keeper = b.keep.output()
    feed(keeper, 'line\n'.repeat(100))
    const kept = await keeper.end()
    expect(kept).toEqual({ unkept: expect.stringMatching(/^(EEXIST|ENOTDIR): [a-z ]+$/) })
  })

  it('that is given up leaves nothing, and nothing that comes later is kept', async () => {
    const b = await bench()
    const keeper = b.keep.output()
    feed(keeper, 'line\n'.repeat(100))
    await keeper.abandon()
    feed(keeper, 'line\n'.repeat(100))
    expect(await keeper.end()).toEqual({})
    expect(await readdir(join(b.dir, 'artifacts'))).toEqual([])
  })
})

describe('what was found on a host', () => {
  const file = { host: 'edge-1', name: 'file /etc/app.conf', text: 'port 80\n', original: shaOf('port 80\n') }

  it('is kept with the sha256 of its own bytes, once', async () => {
    const b = await bench()
    expect(await b.keep.found([file])).toBeUndefined()
    await b.keep.found([file, { ...file }])
    // Another console of the same incident has kept nothing itself yet.
    await b.make().found([file])
    expect(b.added).toEqual([
      {
        sha256: expect.any(String),
        bytes: 8,
        name: file.name,
        host: 'edge-1',
        original: file.original,
        cut: false,
      },
    ])
    expect(await readArtifact(b.dir, b.added[0]?.sha256 ?? '')).toBe('port 80\n')
    await b.keep.found([{ ...file, text: 'port 81\n' }])
    await b.keep.found([{ ...file, host: 'edge-2' }])
    expect(b.added.map(({ host }) => host)).toEqual(['edge-1', 'edge-1', 'edge-2'])
  })

  it('shows no secret: neither a known value, nor what its name or its shape tells', async () => {
    const b = await bench()
    b.secrets.register('edge-1:/opt/.env:DB_PASS', 'host:edge-1', 'swordfish-17')
    const text = 'DB_PASS=swordfish-17\nAPI_TOKEN: abc9d\nauth_token hunter22\nPORT=3002\n'
    await b.keep.found([{ ...file, text: bytes(text), original: shaOf(text) }])
    const kept = await readArtifact(b.dir, b.added[0]?.sha256 ?? '')
    expect(kept).toContain('‹secret:edge-1:/opt/.env:DB_PASS›')
    expect(kept).toContain('PORT=3002')
    expect(kept).not.toMatch(/swordfish|abc9d|hunter22/)
    expect(b.added[0]?.original).toBe(shaOf(text))
  })

  it('is made inert, and told where it is binary', async () => {
    const b = await bench()
    await b.keep.found([{ ...file, text: new Uint8Array([27, 91, 50, 74, 255, 10]) }])
    await b.keep.found([{ ...file, text: new Uint8Array([0, 1, 2]) }])
    const [odd, binary] = b.added
    expect(await readArtifact(b.dir, odd?.sha256 ?? '')).not.toContain('\u001b')
    expect(binary?.cut).toBe(true)
    expect(await readArtifact(b.dir, binary?.sha256 ?? '')).toBe('‹cut: 3 bytes, binary›\n')
  })

  it('is told where the disk does not take it, and tried again the next time', async () => {
    const b = await bench()
    await writeFile(join(b.dir, 'artifacts'), '')
    expect(await b.keep.found([file])).toMatch(/^file \/etc\/app.conf: (EEXIST|ENOTDIR): [a-z ]+$/)
    await rm(join(b.dir, 'artifacts'))
    expect(await b.keep.found([file])).toBeUndefined()
    expect(b.added).toHaveLength(1)
  })

  it('throws what keeps it from being recorded', async () => {
    const b = await bench()
    b.refuse(new SitrepError('recording', 'RECORDING STOPPED: EIO'))
    await expect(b.keep.found([file])).rejects.toThrow('RECORDING STOPPED')
    b.refuse(undefined)
    expect(await b.keep.found([file])).toBeUndefined()
    expect(b.added).toHaveLength(1)
  })
})
