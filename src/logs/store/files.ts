import { chmod, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The entries of a folder, in order of their names; none where it does not exist. */
export async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return []
    throw error
  }
}

/** Makes a folder below one that exists, for its owner alone: an incident that was deleted is not made again. */
export async function privateFolder(parent: string, name: string): Promise<void> {
  const path = join(parent, name)
  try {
    await mkdir(path, { mode: 0o700 })
    await syncFolder(parent)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    await chmod(path, 0o700)
  }
}

/** Puts a folder's entries on disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** True for a system error of this code. */
export function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code
}
