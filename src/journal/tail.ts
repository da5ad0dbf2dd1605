import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { EventRecord } from '../model/event.ts'
import { byOrder } from '../model/reduce/order.ts'
import { openCursor } from './cursor.ts'
import { journalDir, journalFiles } from './files.ts'
import type { JournalProblem, Position } from './position.ts'
import type { Positions } from './read.ts'

export interface TailOptions {
  /** Our own writer, whose records came back from `append`. */
  skip?: string
  /** Where to go on in each writer's file: `offsets` of a reading. From the start where absent. */
  from?: Positions
  /** New records of other writers, in order among themselves. */
  onRecords(records: EventRecord[]): void
  onProblem?(problem: JournalProblem): void
  /**
   * What was read of a writer's file is no longer what stands there: a line that was never acknowledged was taken back,
   * and another one stands in its place. What was made of it has to be made again from the whole journal.
   */
  onRewritten?(writer: string): void
  /** Milliseconds between looks where the system's notice fails; 1,000 where absent. */
  every?: number
}

type File = { writer: string; path: string }

const piece = 64 * 1024
/** So many records are told at once, so that a long file that appears does not have to fit into memory. */
const most = 1000

/** Watches an incident's journal for other consoles' records until stopped; a line is given only when it is finished. */
export function tailJournal(dir: string, o: TailOptions): { stop(): Promise<void>; look(): Promise<void> } {
  const positions = new Map<string, Position>(o.from)
  let stopped = false
  let looking: Promise<void> | undefined
  let again = false
  let watcher: FSWatcher | undefined
  let found: EventRecord[] = []

  function give(): void {
    const records = found.sort(byOrder)
    found = []
    if (records.length > 0 && !stopped) o.onRecords(records)
  }

  async function lookOnce(): Promise<void> {
    for (const file of await journalFiles(dir)) {
      if (file.writer === o.skip || stopped) continue
      // A file that can't be read now hides no other; the next look tries again.
      await readOn(file).catch(() => undefined)
    }
    give()
  }

  async function readOn(file: File): Promise<void> {
    const from = positions.get(file.writer)
    const known = from?.bytes ?? 0
    const { size } = await stat(file.path)
    if (size === known) return
    if (size > known && (await follow(file, from))) return
    await startOver(file, from?.seq ?? 0)
    o.onRewritten?.(file.writer)
  }

  /** Reads what was appended; false where it does not follow what was read before. */
  async function follow(file: File, from: Position | undefined): Promise<boolean> {
    let hash = from?.hash
    let strange = false
    const onProblem = (problem: JournalProblem) => {
      if (hash === undefined) o.onProblem?.(problem)
      else strange = true
    }
    const cursor = await openCursor(file, { piece, from, onProblem })
    try {
      while (await cursor.advance()) {
        const record = cursor.record!
        if (strange || (hash !== undefined && record.prev !== hash)) return false
        hash = undefined
        take(record)
      }
      if (!strange) positions.set(file.writer, cursor.end())
      return !strange
    } finally {
      await cursor.close()
    }
  }

  /** Reads a file from its start; what comes after the number that was known is told. */
  async function startOver(file: File, known: number): Promise<void> {
    const cursor = await openCursor(file, { piece, onProblem: () => undefined })
    try {
      while (await cursor.advance()) if (cursor.record!.seq > known) take(cursor.record!)
      positions.set(file.writer, cursor.end())
    } finally {
      await cursor.close()
    }
  }

  function take(record: EventRecord): void {
    found.push(record)
    if (found.length >= most) give()
  }

  /** One look at a time; what changes during a look makes another one follow it. */
  function look(): Promise<void> {
    if (looking) {
      again = true
      return looking
    }
    looking = lookOnce()
      .catch(() => undefined) // The folder may be gone for a moment; the next look tells.
      .finally(() => {
        looking = undefined
      })
      .then(() => {
        if (!again || stopped) return undefined
        again = false
        return look()
      })
    return looking
  }

  try {
    watcher = watch(journalDir(dir), { persistent: false }, (_, name) => {
      // Our own writer's file is not looked at, so that its changes are no reason to look.
      if (o.skip === undefined || name !== `${o.skip}.jsonl`) void look()
    })
    watcher.on('error', () => undefined)
  } catch {
    // No notices on this file system: the timer alone does it.
  }
  const timer = setInterval(() => void look(), o.every ?? 1000)
  timer.unref()
  void look()

  return {
    look,
    async stop() {
      stopped = true
      clearInterval(timer)
      watcher?.close()
      await looking
    },
  }
}
