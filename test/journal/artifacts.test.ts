import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createArtifact, readArtifact, storeArtifact, sweepParts } from '../../src/journal/artifacts.ts'
import { tempDir } from './setup.ts'

const full = process.env.SITREP_FULL !== undefined
const stored = (dir: string) => readdir(join(dir, 'artifacts'))

describe('an artifact', () => {
  it('stands under the sha256 of its stored bytes, 0600 in a folder of 0700, also where that had more', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, 'artifacts'))
    await chmod(join(dir, 'artifacts'), 0o755)
    const { sha256 } = await storeArtifact(dir, 'text\n')
    const path = join(dir, 'artifacts', `${sha256}.gz`)
    const bytes = await readFile(path)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    expect(gunzipSync(bytes).toString()).toBe('text\n')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dir, 'artifacts'))).mode & 0o777).toBe(0o700)
  })

  it('in any pieces and with any limit is the beginning of what was given, at a whole character', async () => {
    const dir = await tempDir()
    const pieces = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat({ max: 300 }), async (texts, limit) => {
        const writer = createArtifact(dir, { limit })
        for (const text of texts) writer.write(text)
        const { sha256, bytes, cut } = await writer.end()
        const all = texts.join('')
        const size = Buffer.byteLength(all)
        expect(cut).toBe(size > limit)
        const text = await readArtifact(dir, sha256)
        if (!cut) {
          expect(text).toBe(all)
          return
        }
        const told = `\n‹cut: ${size - bytes} more bytes›\n`
        expect(bytes).toBeLessThanOrEqual(limit)
        expect(bytes).toBeGreaterThan(limit - 4)
        expect(text.endsWith(told)).toBe(true)
        expect(all.startsWith(text.slice(0, -told.length))).toBe(true)
      }),
      { numRuns: full ? 1000 : 60 },
    )
  })

  it('counts what is no longer given to it', async () => {
    const dir = await tempDir()
    const writer = createArtifact(dir, { limit: 4 })
    writer.write('1234')
    expect(writer.full()).toBe(false)
    writer.write('5')
    expect(writer.full()).toBe(true)
    writer.skip(1000)
    const { sha256 } = await writer.end()
    expect(await readArtifact(dir, sha256)).toBe('1234\n‹cut: 1001 more bytes›\n')
  })

  it('that is larger than memory should hold goes to disk as it comes', async () => {
    const dir = await tempDir()
    const writer = createArtifact(dir)
    const line = `${'x'.repeat(1023)}\n`
    for (let mib = 0; mib < 8; mib++) {
      writer.write(line.repeat(1024))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { sha256, bytes, cut } = await writer.end()
    expect({ bytes, cut }).toEqual({ bytes: 8 * 1024 * 1024, cut: false })
    expect(await readArtifact(dir, sha256)).toHaveLength(8 * 1024 * 1024)
  })

  it('that can not be written is told at its end, and leaves nothing', async () => {
    const dir = await tempDir()
    await writeFile(join(dir, 'artifacts'), 'a file stands in its way')
    const writer = createArtifact(dir)
    writer.write('x'.repeat(1_000_000))
    writer.write('more')
    await expect(writer.end()).rejects.toThrow(/EEXIST|ENOTDIR/)
    const other = createArtifact(dir)
    other.write('x')
    await other.abandon()
    expect(await readFile(join(dir, 'artifacts'), 'utf8')).toBe('a file stands in its way')
  })

  const canMount = process.platform === 'linux' && process.getuid?.() === 0
  it.skipIf(!canMount)(
    `fault 41: on a full disk is told at its end, and gives its room back${canMount ? '' : ' (mounting needs root)'}`,
    async (context) => {
      const dir = join(await tempDir(), 'disk')
      await mkdir(dir)
      const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir], {
        reject: false,
      })
      if (mounted.failed) return context.skip('mounting a tmpfs is not allowed here')
      onTestFinished(async () => {
        await execa('umount', [dir], { reject: false })
      })
      const writer = createArtifact(dir)
      // Text that does not compress.
      for (let i = 0; i < 40; i++) writer.write(noise(16_000))
      await vi.waitFor(async () => expect(await stored(dir)).toEqual([]), 10_000)
      writer.write('more')
      await expect(writer.end()).rejects.toMatchObject({ code: 'ENOSPC' })
      expect(await stored(dir)).toEqual([])
      const { sha256 } = await storeArtifact(dir, 'there is room again')
      expect(await readArtifact(dir, sha256)).toBe('there is room again')
    },
  )
})

describe('unfinished artifacts', () => {
  it('of a console that is gone are removed after an hour, those of one that lives are not', async () => {
    const dir = await tempDir()
    const folder = join(dir, 'artifacts')
    const mine = createArtifact(dir)
    mine.write('x')
    const child = spawn('true')
    await new Promise((resolve) => child.once('exit', resolve))
    const dead = (name: string) => join(folder, `${child.pid}-${name.repeat(16)}.part`)
    const { sha256 } = await storeArtifact(dir, 'kept')
    for (const name of ['a', 'b']) await writeFile(dead(name), 'half')
    const long = new Date(Date.now() - 2 * 3_600_000)
    await utimes(dead('a'), long, long)
    await sweepParts(dir)
    const left = await stored(dir)
    expect(left).toContain(`${sha256}.gz`)
    expect(left).toContain(dead('b').slice(folder.length + 1))
    expect(left).not.toContain(dead('a').slice(folder.length + 1))
    const done = await mine.end()
    await sweepParts(dir, Date.now() + 2 * 3_600_000)
    expect((await stored(dir)).sort()).toEqual([`${sha256}.gz`, `${done.sha256}.gz`].sort())
  })

  it('where nothing was ever kept there is nothing to remove', async () => {
    const dir = await tempDir()
    await sweepParts(dir)
    expect(await readdir(dir)).toEqual([])
  })
})

function noise(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++)
    text += createHash('sha512').update(`${length}${i}${Math.random()}`).digest('base64')
  return text
}
