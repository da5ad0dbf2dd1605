import { randomBytes } from 'node:crypto'
import { lstatSync, type Stats } from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDir } from './files.ts'
import { isNoRoom } from './noRoom.ts'

/** Room on the disk of the state folder that is kept for the results of what runs when the disk fills up. */
export interface Reserve {
  /** Where it lies; undefined where none is kept. */
  readonly path: string | undefined
  /** Makes it where it is missing. False where there is no room for it and a little more. */
  make(): Promise<boolean>
  /** Gives its room back to the disk. */
  free(): Promise<void>
}

/** Where the reserve of a state folder lies. */
export function reserveFile(root: string): string {
  return join(root, 'reserve')
}

/** Bytes of the reserve. */
export const reserveSize = 1 << 20
/** What must be free beside it, so that the next event does not end what was just begun again. */
const margin = 64 << 10

/**
 * The reserve at `path`, one for all incidents of a state folder. It holds random bytes, so that no file system can store
 * it in less room. Without a path nothing is reserved, and `make` only looks for a little room where the journal lies.
 * Several consoles may make it at once: each writes what is missing, and whatever the bytes are, they take the room.
 */
export function createReserve(path: string | undefined, dir: string): Reserve {
  /** Its bytes; undefined where something else has its name, which is left alone. */
  function sizeOf(path: string): number | undefined {
    const found = look(path)
    if (found === undefined) return 0
    return found.isFile() ? found.size : undefined
  }

  /** How many bytes it lacks; 0 where there can be none. */
  function missing(): number {
    const size = path === undefined ? undefined : sizeOf(path)
    return size === undefined ? 0 : Math.max(0, reserveSize - size)
  }

  async function fill(path: string, bytes: number): Promise<boolean> {
    try {
      const file = await open(path, 'a', 0o600)
      try {
        await file.writeFile(randomBytes(bytes))
        await file.datasync()
      } finally {
        await file.close()
      }
      return true
    } catch (error) {
      // What was taken goes back. A folder that takes no file is no reason to stop; a full one, or a quota that statfs does not know of, is.
      await rm(path, { force: true }).catch(() => undefined)
      return !isNoRoom(error)
    }
  }

  return {
    path,
    async make() {
      const bytes = missing()
      if (!(await hasRoom(dir, bytes + margin))) return false
      return path === undefined || bytes === 0 || fill(path, bytes)
    },
    async free() {
      if (path === undefined) return
      await rm(path, { force: true }).catch(() => undefined)
      // A journaling file system gives blocks back when the removal is committed.
      await syncDir(dirname(path)).catch(() => undefined)
    },
  }
}

/** Synchronous, as after each write (appendFile.ts): every step asks for it before it begins. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

/** A file system that can't say how much room it has is not taken for full: the write itself tells. */
async function hasRoom(dir: string, bytes: number): Promise<boolean> {
  try {
    const { blocks, bavail, bsize } = await statfs(dir)
    return blocks === 0 || bavail * bsize >= bytes
  } catch {
    return true
  }
}
