import { open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isNoRoom } from './noRoom.ts'

/**
 * Keeps what a full disk left of a line beside its file: `<writer>.torn-1`. Gives its name within the incident's folder;
 * undefined where there is no room for it.
 */
export async function setAside(path: string, tail: Buffer): Promise<string | undefined> {
  for (let count = 1; ; count++) {
    const name = `${basename(path, '.jsonl')}.torn-${count}`
    const beside = join(dirname(path), name)
    try {
      const file = await open(beside, 'wx', 0o600)
      try {
        await file.writeFile(tail)
        await file.datasync()
      } finally {
        await file.close()
      }
      return join('journal', name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      await rm(beside, { force: true })
      if (isNoRoom(error)) return undefined
      throw error
    }
  }
}
