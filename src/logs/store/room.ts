import { statfs } from 'node:fs/promises'
import { sayBytes } from './bytes.ts'

/** The room on the disk that all logs of one console share. */
export interface Room {
  /**
   * Takes room for so many bytes before they are written, where at least `leave` bytes stay free behind them. Gives what
   * is called once they are written, or are not going to be. Rejects where there is too little, or with the system's error.
   */
  take(bytes: number, leave: number): Promise<() => void>
}

const lookAfter = 1024 * 1024

/** Looks at a folder's disk once for each MiB that is written by all together, and where what was seen does not suffice. */
export function createRoom(dir: string): Room {
  /** Free on the disk, less what was taken since. */
  let free = 0
  let unlooked = lookAfter
  /** Taken, and perhaps not yet on the disk. */
  let underWay = 0
  let takenInAll = 0
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    const [before, mark] = [underWay, takenInAll]
    unlooked = 0
    const { bavail, bsize } = await statfs(dir)
    // Whatever was not surely written when the system counted is still to come.
    free = bavail * bsize - before - (takenInAll - mark)
  }

  return {
    async take(bytes, leave) {
      unlooked += bytes
      if (unlooked > lookAfter || free - bytes < leave) {
        looking ??= look().finally(() => {
          looking = undefined
        })
        await looking
      }
      if (free - bytes < leave) throw new Error(`ENOSPC: less than ${sayBytes(leave)} is left on the disk`)
      free -= bytes
      underWay += bytes
      takenInAll += bytes
      let open = true
      return () => {
        if (open) underWay -= bytes
        open = false
      }
    },
  }
}
