import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SitrepError } from '../model/errors.ts'
import { journalFiles, privateDir, syncDir } from './files.ts'
import { incidentDir } from './incidents.ts'
import { unpackArchive } from './locate.ts'
import { verifyJournal } from './verify.ts'

/**
 * Takes an archive into the state under its incident's id. Where the incident is there already with all that the archive
 * holds, nothing is done (`taken` is false); where it differs, or the archive's record is not whole, it is refused.
 */
export async function takeIn(root: string, archive: string): Promise<{ id: string; taken: boolean }> {
  await privateDir(root)
  await using unpacked = await unpackArchive(archive, root)
  const { id, dir } = unpacked
  const there = incidentDir(root, id)
  if (await exists(there)) {
    if (await holdsAll(there, dir)) return { id, taken: false }
    throw alreadyHere(id, archive)
  }
  const { whole } = await verifyJournal(dir)
  if (!whole) {
    throw new SitrepError('failed', `the record in ${archive} is not whole`, {
      next: `\`sitrep verify ${archive}\` says where; \`sitrep timeline ${archive}\` reads it all the same`,
    })
  }
  await syncAll(dir)
  await privateDir(join(root, 'incidents'))
  // An incident that was declared meanwhile is a folder with something in it: the rename fails.
  await rename(dir, there).catch(() => {
    throw alreadyHere(id, archive)
  })
  await syncDir(join(root, 'incidents'))
  return { id, taken: true }
}

function alreadyHere(id: string, archive: string): SitrepError {
  return new SitrepError('usage', `${id} is here already, and differs from ${archive}`, {
    next: `read the archive as it is: \`sitrep timeline ${archive}\``,
  })
}

/** True where each journal file of `less` is the beginning of the same writer's file in `more`. */
async function holdsAll(more: string, less: string): Promise<boolean> {
  const files = new Map((await journalFiles(more)).map(({ writer, path }) => [writer, path]))
  for (const { writer, path } of await journalFiles(less)) {
    const other = files.get(writer)
    if (other === undefined || !(await beginsWith(other, path))) return false
  }
  return true
}

async function beginsWith(long: string, short: string): Promise<boolean> {
  const { size } = await stat(short)
  if (size === 0) return true
  if ((await stat(long)).size < size) return false
  return (await hashOf(long, size)) === (await hashOf(short, size))
}

async function hashOf(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { end: bytes - 1 }) as AsyncIterable<Buffer>)
    hash.update(chunk)
  return hash.digest('hex')
}

async function syncAll(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) await syncAll(path)
    else {
      await using file = await open(path, 'r')
      await file.sync()
    }
  }
  await syncDir(dir)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
