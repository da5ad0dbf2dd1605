// Closing a part for good: compressed beside it, on disk before it gets its name, and only then the plain file goes.
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { syncFolder } from './files.ts'
import { hashing, type Measured, measuring } from './measure.ts'
import { unfinishedName } from './names.ts'

/** A closed part: what it holds, and the sha256 of the compressed file. */
export interface Sealed extends Measured {
  /** Its whole path, with `.gz`. */
  path: string
  sha256: string
}

/**
 * Compresses a part whose file is closed, in the thread pool, and removes the plain file. Undefined where there is
 * nothing to keep, or another console did it first; `take` takes room for what is written. Rejects with its error or the
 * system's, the plain file untouched.
 */
export async function sealPart(
  path: string,
  by: string,
  take: (bytes: number) => Promise<() => void>,
): Promise<Sealed | undefined> {
  if ((await stat(path)).size === 0) {
    await rm(path)
    return undefined
  }
  const folder = dirname(path)
  const beside = join(folder, unfinishedName(basename(path), by))
  let measured: Measured = { bytes: 0, lines: 0 }
  let sha256 = ''
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 256 * 1024 }),
      (text: AsyncIterable<Buffer>) =>
        measuring(text, (found) => {
          measured = found
        }),
      createGzip({ chunkSize: 64 * 1024 }),
      (bytes: AsyncIterable<Buffer>) =>
        hashing(bytes, (found) => {
          sha256 = found
        }),
      (bytes: AsyncIterable<Buffer>) => taking(bytes, take),
      // Flushed to the disk before the plain file goes.
      createWriteStream(beside, { flags: 'wx', mode: 0o600, flush: true }),
    )
    const first = !(await stands(`${path}.gz`))
    // Where two consoles close the same part at once, they made the same bytes of it.
    await rename(beside, `${path}.gz`)
    await syncFolder(folder)
    await rm(path, { force: true })
    return first ? { path: `${path}.gz`, sha256, ...measured } : undefined
  } finally {
    await rm(beside, { force: true })
  }
}

async function* taking(
  bytes: AsyncIterable<Buffer>,
  take: (bytes: number) => Promise<() => void>,
): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    const written = await take(chunk.length)
    try {
      yield chunk
    } finally {
      written()
    }
  }
}

async function stands(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Measures a part that was closed by a console that could not record it any more. Rejects where it is not whole. */
export async function describeSealed(path: string): Promise<Sealed> {
  let measured: Measured = { bytes: 0, lines: 0 }
  let sha256 = ''
  await pipeline(
    createReadStream(path),
    (bytes: AsyncIterable<Buffer>) =>
      hashing(bytes, (found) => {
        sha256 = found
      }),
    createGunzip(),
    (text: AsyncIterable<Buffer>) =>
      measuring(text, (found) => {
        measured = found
      }),
    async (text: AsyncIterable<Buffer>) => {
      for await (const _ of text);
    },
  )
  return { path, sha256, ...measured }
}
