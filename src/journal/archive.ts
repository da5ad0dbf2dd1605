// An archive is a plain gzipped tar of an incident's folder: `tar xzf` reads it anywhere.
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, lstat, open, readdir, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Header, Pax } from 'tar'
import { messageOf, SitrepError } from '../model/errors.ts'
import { isPassing, syncDir } from './files.ts'
import { isPlainName } from './unpack.ts'

/** A written archive. */
export interface Archived {
  path: string
  /** Of the archive itself. */
  sha256: string
  bytes: number
  files: number
  /** Paths in the incident's folder that are no plain files and were left out. */
  leftOut: string[]
}

/** The name of an incident's archive where none is given: `<id>.sitrep.tgz`. */
export function archiveName(id: string): string {
  return `${id}.sitrep.tgz`
}

/** A log part may be closed, compressed and renamed meanwhile: then it is packed again. */
const attempts = 3

/** Packs an incident's folder into one file, 0600; a file that exists is never replaced. */
export async function writeArchive(dir: string, file: string): Promise<Archived> {
  const path = resolve(file)
  const inside = relative(await realpath(dir), join(await realpath(dirname(path)), basename(path)))
  if (!inside.startsWith(`..${sep}`))
    throw new SitrepError('usage', 'the archive would lie in the folder that it packs', { where: path })
  await reserve(path)
  const beside = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        const archived = await writeTo(beside, dir)
        await rename(beside, path)
        await syncDir(dirname(path))
        return { path, ...archived }
      } catch (error) {
        await rm(beside, { force: true })
        if (attempt === attempts || !(error instanceof Changed)) throw error
      }
    }
  } catch (error) {
    await rm(path, { force: true })
    if (error instanceof SitrepError) throw error
    throw new SitrepError('failed', `the archive can't be written: ${messageOf(error)}`, {
      where: path,
      next:
        error instanceof Changed
          ? 'close the consoles that record to it, and try again'
          : 'nothing was left behind',
      cause: error,
    })
  }
}

/** A file that went away or became shorter while it was packed. */
class Changed extends Error {}

/** Takes the name, so that nothing that appears meanwhile is replaced. */
async function reserve(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close()
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new SitrepError('usage', exists ? `${path} exists already` : messageOf(error), {
      next: exists ? 'give another path with -o' : 'nothing was written',
      cause: error,
    })
  }
}

async function writeTo(path: string, dir: string): Promise<Omit<Archived, 'path'>> {
  const { files, leftOut } = await listFiles(dir)
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    Readable.from(tarOf(dir, files)),
    createGzip(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    },
    createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }),
  )
  return { sha256: hash.digest('hex'), bytes, files: files.length, leftOut }
}

/**
 * The plain files of an incident, in the order in which they are packed while others may write: the checkpoint never
 * knows more than the journal, and what the journal names is there already.
 */
async function listFiles(dir: string): Promise<{ files: string[]; leftOut: string[] }> {
  const files: string[] = []
  const leftOut: string[] = []
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || isPassing(entry.name)) continue
    const name = relative(dir, join(entry.parentPath, entry.name))
    const plain = entry.isFile() && name.split(sep).every(isPlainName)
    ;(plain ? files : leftOut).push(name)
  }
  const rank = (name: string) => (name === 'checkpoint.json' ? 0 : name.startsWith(`journal${sep}`) ? 1 : 2)
  files.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return { files, leftOut: leftOut.sort() }
}

async function* tarOf(dir: string, files: readonly string[]): AsyncGenerator<Buffer> {
  const id = basename(dir)
  const stats = await lstat(dir)
  yield* headerOf({ path: `${id}/`, type: 'Directory', mode: 0o700, size: 0, mtime: stats.mtime })
  for (const name of files) {
    await using file = await open(join(dir, name), 'r').catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new Changed(`${name} went away meanwhile`) : error
    })
    // What is appended from here on is of the next archive.
    const { size, mtime } = await file.stat()
    const path = [id, ...name.split(sep)].join('/')
    yield* headerOf({ path, type: 'File', mode: 0o600, size, mtime })
    yield* contentOf(file, name, size)
    yield Buffer.alloc((512 - (size % 512)) % 512)
  }
  yield Buffer.alloc(1024)
}

async function* contentOf(file: FileHandle, name: string, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return
  let left = size
  const chunks = file.createReadStream({ start: 0, end: size - 1 })
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    left -= chunk.length
    yield chunk
  }
  if (left > 0) throw new Changed(`${name} became shorter meanwhile`)
}

function* headerOf(data: {
  path: string
  type: 'File' | 'Directory'
  mode: number
  size: number
  mtime: Date
}): Generator<Buffer> {
  const header = new Header(data)
  // A name or a size that has no room in the plain header stands in one before it.
  if (header.encode()) yield new Pax({ path: data.path, size: data.size, mtime: data.mtime }).encode()
  if (header.block === undefined) throw new Error(`no header for ${data.path}`)
  yield header.block
}
