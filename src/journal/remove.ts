import { randomBytes } from 'node:crypto'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SitrepError } from '../model/errors.ts'
import { syncDir } from './files.ts'
import { incidentDir } from './incidents.ts'

/** How much lies in an incident's folder; sizes in bytes, as stored. */
export interface Contents {
  journal: { files: number; bytes: number }
  logs: { files: number; bytes: number }
  artifacts: { files: number; bytes: number }
  /** The postmortem, the checkpoint and what people put there. */
  other: { files: number; bytes: number }
}

/** Counts what lies in an incident's folder. */
export async function contentsOf(dir: string): Promise<Contents> {
  const none = () => ({ files: 0, bytes: 0 })
  const contents: Contents = { journal: none(), logs: none(), artifacts: none(), other: none() }
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const [top = ''] = join(entry.parentPath, entry.name)
      .slice(dir.length + 1)
      .split('/')
    const part = top in contents ? contents[top as keyof Contents] : contents.other
    const stats = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined)
    part.files++
    part.bytes += stats?.size ?? 0
  }
  return contents
}

const prefix = 'deleted-'

/**
 * Removes an incident with all that lies in its folder. It is gone under its id at once, also for a console that still
 * records to it; what a deletion that was cut off has left is removed with the next one.
 */
export async function removeIncident(root: string, id: string): Promise<void> {
  try {
    await rename(incidentDir(root, id), join(root, `${prefix}${randomBytes(6).toString('hex')}`))
    await syncDir(join(root, 'incidents'))
    for (const name of await readdir(root))
      if (name.startsWith(prefix)) await rm(join(root, name), { recursive: true, force: true, maxRetries: 3 })
    await syncDir(root)
  } catch (error) {
    throw new SitrepError('failed', `${id} can't be deleted: ${messageOf(error)}`, {
      where: root,
      cause: error,
    })
  }
}
