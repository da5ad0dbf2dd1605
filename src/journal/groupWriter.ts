// Group commit. While one write and its fdatasync are under way, later events wait; when it is done, all that wait
// go down together in the next write and share the next fdatasync. So one event alone costs one of each, and a
// hundred that wait together cost one of each too.
import type { EventRecord } from '../model/event.ts'
import { type AppendFile, NoRoom } from './appendFile.ts'
import type { Chain, Unsealed } from './chain.ts'

/** An event that waits for the disk, and who waits for it. */
export interface Entry {
  event: Unsealed
  done(record: EventRecord): void
  failed(error: unknown): void
}

/** Takes turns at the file: groups of entries, and what else must not come between the bytes of a group. */
export interface Turns {
  /** The entry goes down with the next group. */
  add(entry: Entry): void
  /** Does something when what is under way is done. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Settles when nothing is under way or waits. */
  idle(): Promise<void>
}

/** Makes the turns; `commit` settles every entry of its group and does not reject. */
export function createTurns(commit: (group: Entry[]) => Promise<void>): Turns {
  let waiting: Entry[] = []
  let turn: Promise<unknown> = Promise.resolve()

  function alone<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }

  return {
    add(entry) {
      if (waiting.push(entry) > 1) return
      void alone(() => {
        const group = waiting
        waiting = []
        return commit(group)
      })
    },
    alone,
    async idle() {
      for (let seen: unknown; seen !== turn; ) {
        seen = turn
        await turn
      }
    },
  }
}

/** What a group left when there was no room for all of it. */
export interface Rest {
  cause: Error
  /** In their order, not settled. */
  entries: Entry[]
  /** The unfinished line that was cut off. */
  tail: Buffer
}

/**
 * Writes a group and settles what came to the disk. Where there was no room for all of it, whole lines that went down are
 * records like any other (another console may have read them), and what is left is given back. Any other failure throws.
 */
export async function writeGroup(
  file: AppendFile,
  chain: Chain,
  entries: readonly Entry[],
): Promise<Rest | undefined> {
  const records = chain.seal(entries.map(({ event }) => event))
  const lines = records.map((record) => Buffer.from(`${JSON.stringify(record)}\n`))
  const settle = (count: number) => {
    const last = records[count - 1]
    if (last !== undefined) chain.advance(last)
    for (const [index, record] of records.slice(0, count).entries()) entries[index]?.done(record)
  }
  try {
    await file.append(lines.length === 1 && lines[0] !== undefined ? lines[0] : Buffer.concat(lines))
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error
    const { count, bytes } = wholeLines(lines, error.written)
    const tail = await file.cut(bytes)
    settle(count)
    return { cause: error, entries: entries.slice(count), tail }
  }
  settle(records.length)
  return undefined
}

/** How many of the lines, and how many bytes of them, stand whole in the first `written` bytes. */
function wholeLines(lines: readonly Buffer[], written: number): { count: number; bytes: number } {
  let count = 0
  let bytes = 0
  for (const line of lines) {
    if (bytes + line.length > written) break
    bytes += line.length
    count++
  }
  return { count, bytes }
}
