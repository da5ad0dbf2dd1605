import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { SitrepError } from '../model/errors.ts'
import { isAlive } from './alive.ts'
import { privateDir, syncDir } from './files.ts'

/** A stored text: `artifacts/<sha256>.gz`, where sha256 is of the stored (compressed) bytes, so that `sha256sum` checks it. */
export interface Artifact {
  sha256: string
  /** Bytes of the text before compression, as far as it was kept. */
  bytes: number
  /** True where the limit cut it; the stored text then ends with a line that says how much is missing. */
  cut: boolean
}

/** Takes text that came through the one pipe, as it comes. A disk that fails is told by `end`. */
export interface ArtifactWriter {
  write(text: string): void
  /** Counts what is not even given any more, because the limit is reached. */
  skip(bytes: number): void
  /** True as soon as something was cut: nothing is kept any more. */
  full(): boolean
  /** Finishes and stores it. */
  end(): Promise<Artifact>
  /** Leaves nothing behind. */
  abandon(): Promise<void>
}

const defaultLimit = 64 * 1024 * 1024

/** The folder of an incident's artifacts. */
export function artifactsDir(dir: string): string {
  return join(dir, 'artifacts')
}

/** Opens a new artifact in an incident's folder; `limit` is in bytes of text. */
export function createArtifact(dir: string, o: { limit?: number } = {}): ArtifactWriter {
  const limit = o.limit ?? defaultLimit
  const folder = artifactsDir(dir)
  // The name tells whose it is, so that what a killed console left can be told from what is being written.
  const part = join(folder, `${process.pid}-${randomBytes(8).toString('hex')}.part`)
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const gzip = createGzip()
  // A write to a stream that failed is told by the pipeline, not by an event that nobody listens to.
  gzip.on('error', () => undefined)
  const written = privateDir(folder).then(() =>
    pipeline(gzip, hashing, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })),
  )
  const remove = () => rm(part, { force: true }).catch(() => undefined)
  // The failure is told by end(). On a full disk its room is given back before that: what others record may need it.
  const failed = written.catch(() => {
    gzip.destroy()
    return remove()
  })
  let bytes = 0
  let dropped = 0

  return {
    write(text) {
      const chunk = Buffer.from(text)
      // Once cut, it stays cut: a later short text must not close the gap.
      const room = dropped > 0 ? 0 : limit - bytes
      const kept = chunk.subarray(0, wholeCharacters(chunk, room))
      dropped += chunk.length - kept.length
      bytes += kept.length
      if (kept.length > 0 && gzip.writable) gzip.write(kept)
    },
    skip(count) {
      dropped += count
    },
    full: () => dropped > 0,
    async end() {
      if (gzip.writable) gzip.end(dropped > 0 ? `\n‹cut: ${dropped} more bytes›\n` : undefined)
      try {
        await written
        const sha256 = hash.digest('hex')
        await rename(part, join(folder, `${sha256}.gz`))
        await syncDir(folder)
        return { sha256, bytes, cut: dropped > 0 }
      } catch (cause) {
        await failed
        await remove()
        throw cause
      }
    },
    async abandon() {
      gzip.destroy()
      await failed
      await remove()
    },
  }
}

/**
 * Removes the unfinished files of consoles of this machine that are no longer there. One that was written to within the
 * last hour stays, whoever wrote it: the folder may be shared with a machine that we can't ask.
 */
export async function sweepParts(dir: string, now: number = Date.now()): Promise<void> {
  const folder = artifactsDir(dir)
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const pid = /^(\d+)-[0-9a-f]{16}\.part$/.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && now - found.mtimeMs > 3_600_000)
      await rm(path, { force: true }).catch(() => undefined)
  }
}

/** Stores a whole text. */
export async function storeArtifact(
  dir: string,
  text: string,
  o: { limit?: number } = {},
): Promise<Artifact> {
  const writer = createArtifact(dir, o)
  writer.write(text)
  return writer.end()
}

/** Reads a stored text back; throws where it is missing or its bytes are not those of its name. */
export async function readArtifact(dir: string, sha256: string): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new SitrepError('usage', `not a sha256: ${sha256}`)
  const hash = createHash('sha256')
  const chunks: Buffer[] = []
  const source = createReadStream(join(artifactsDir(dir), `${sha256}.gz`))
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(source, hashing, createGunzip(), async (text: AsyncIterable<Buffer>) => {
    for await (const chunk of text) chunks.push(chunk)
  })
  if (hash.digest('hex') !== sha256) {
    throw new SitrepError('failed', `the artifact ${sha256} was changed: its bytes do not fit its name`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The most bytes up to `room` that end at a whole UTF-8 character. */
function wholeCharacters(bytes: Buffer, room: number): number {
  let end = Math.max(0, Math.min(room, bytes.length))
  while (end > 0 && end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--
  return end
}
