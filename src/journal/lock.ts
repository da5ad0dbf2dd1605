// A lock file that one process at a time holds for a moment. A process that ended with it in its hands keeps nobody out.
import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from './alive.ts'

/** Nobody needs it for as long, in milliseconds: whoever seems to hold it was stopped, or ended on another machine. */
const longestHeld = 5000
const between = 20

/** Does something while no other process holds the lock file `path`; it is made, and removed in the end. */
export async function whileLocked<T>(path: string, use: () => Promise<T>): Promise<T> {
  const own = `${process.pid} ${hostname()} ${randomUUID()}`
  let seen: string | undefined
  let since = 0
  while (!(await takeLock(path, own))) {
    const holder = await readLock(path)
    if (holder === undefined) continue
    // Measured here, since the clock of a shared disk is not ours.
    if (holder !== seen) [seen, since] = [holder, performance.now()]
    if (isLeft(holder) || performance.now() - since > longestHeld) await breakLock(path, holder)
    else await sleep(between)
  }
  try {
    return await use()
  } finally {
    // Another one may have taken it from a process that was stopped for long.
    if ((await readLock(path)) === own) await rm(path, { force: true })
  }
}

async function takeLock(path: string, own: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(own)
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** What the holder wrote; undefined where nobody holds it. */
async function readLock(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

function isLeft(holder: string): boolean {
  const [pid, host] = holder.split(' ')
  return host === hostname() && Number(pid) !== process.pid && !isAlive(Number(pid))
}

/** Takes away a lock that was left; where another process was faster and holds it by now, it is put back. */
async function breakLock(path: string, holder: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    if ((await readLock(aside)) !== holder) await link(aside, path)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    await rm(aside, { force: true })
  }
}
