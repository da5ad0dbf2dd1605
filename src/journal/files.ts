import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The folder of an incident's journal files. */
export function journalDir(dir: string): string {
  return join(dir, 'journal')
}

/** The journal files of an incident by writer, in order of their names; none where the folder does not exist. */
export async function journalFiles(dir: string): Promise<{ writer: string; path: string }[]> {
  const names = await readdir(journalDir(dir)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => ({ writer: name.slice(0, -'.jsonl'.length), path: join(journalDir(dir), name) }))
}

/** Makes a folder that only its owner may enter, and takes the rights away where it existed with more. */
export async function privateDir(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  // A folder that was made is there after a power cut once the folder that holds its name was synced.
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made))
    await syncDir(dirname(made))
  await chmod(path, 0o700)
}

/** Repairs the rights of an incident's files: folders 0700, files 0600. Links are left alone. */
export async function repairModes(dir: string): Promise<void> {
  await chmod(dir, 0o700)
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    try {
      if (entry.isDirectory()) await repairModes(path)
      else if (entry.isFile() && ((await lstat(path)).mode & 0o777) !== 0o600) await chmod(path, 0o600)
    } catch (error) {
      // Another console makes, renames and removes files here meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Puts a folder's own entries on disk, so that a new file's name survives a power cut. */
export async function syncDir(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Writes a file whole or not at all, 0600: beside, synced, renamed, folder synced. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.part`
  const file = await open(beside, 'wx', 0o600)
  try {
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncDir(dirname(path))
}
