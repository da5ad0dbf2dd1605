import { randomBytes } from 'node:crypto'
import { lstat, open, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDir } from './files.ts'

/** Room on the disk of the state folder that is kept for the results of what runs when the disk fills up. */
export interface Reserve {
  /** Makes it where it is missing. False where there is no room for it and a little more; the little alone is enough where it never was. */
  make(): Promise<boolean>
  /** False where it was there once and is not now: another console lives on it. */
  intact(): Promise<boolean>
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
  let made = false

  /** Its bytes; undefined where something else has its name, which is left alone. */
  async function sizeOf(path: string): Promise<number | undefined> {
    const found = await lstat(path).catch(() => undefined)
    if (found === undefined) return 0
    return found.isFile() ? found.size : undefined
  }

  async function fill(path: string): Promise<boolean> {
    const size = await sizeOf(path)
    if (size === undefined) return false
    const missing = Math.max(0, reserveSize - size)
    made ||= missing === 0
    if (!(await hasRoom(dir, missing + margin))) return false
    if (missing === 0) return true
    try {
      const file = await open(path, 'a', 0o600)
      try {
        await file.writeFile(randomBytes(missing))
        await file.datasync()
      } finally {
        await file.close()
      }
    } catch {
      // A quota that statfs does not know of, or a folder that can't be written: what was taken goes back.
      await rm(path, { force: true }).catch(() => undefined)
      return false
    }
    const done = await whole(path)
    made ||= done
    return done
  }

  const whole = async (path: string) => ((await sizeOf(path)) ?? 0) >= reserveSize

  return {
    // Where there never was room for it, a little is enough to go on with.
    make: async () => (path !== undefined && (await fill(path))) || (!made && hasRoom(dir, margin)),
    intact: async () => path === undefined || !made || whole(path),
    async free() {
      if (path === undefined) return
      await rm(path, { force: true }).catch(() => undefined)
      // A journaling file system gives blocks back when the removal is committed.
      await syncDir(dirname(path)).catch(() => undefined)
    },
  }
}

async function hasRoom(dir: string, bytes: number): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize >= bytes
  } catch {
    return false
  }
}
