import { type FSWatcher, watch } from 'node:fs'
import { open } from 'node:fs/promises'
import type { EventRecord } from '../model/event.ts'
import { decodeLine, splitLines } from './decode.ts'
import { journalDir, journalFiles } from './files.ts'
import { inOrder, type JournalProblem } from './read.ts'

export interface TailOptions {
  /** Our own writer, whose records came back from `append`. */
  skip?: string
  /** Where to go on in each writer's file: `offsets` of readJournal. From the start where absent. */
  from?: Record<string, number>
  /** New records of other writers, in order among themselves. */
  onRecords(records: EventRecord[]): void
  onProblem?(problem: JournalProblem): void
  /** Milliseconds between looks where the system's notice fails; 1,000 where absent. */
  every?: number
}

/** Watches an incident's journal for other consoles' records until stopped; a line is given only when it is finished. */
export function tailJournal(dir: string, o: TailOptions): { stop(): Promise<void>; look(): Promise<void> } {
  const offsets = new Map(Object.entries(o.from ?? {}))
  const lines = new Map<string, number>()
  let stopped = false
  let looking: Promise<void> | undefined
  let again = false
  let watcher: FSWatcher | undefined

  async function lookOnce(): Promise<void> {
    const found: EventRecord[] = []
    for (const { writer, path } of await journalFiles(dir)) {
      if (writer === o.skip || stopped) continue
      const bytes = await readFrom(path, offsets.get(writer) ?? 0)
      if (bytes.length === 0) continue
      const { lines: whole, whole: length } = splitLines(bytes)
      offsets.set(writer, (offsets.get(writer) ?? 0) + length)
      for (const line of whole) {
        lines.set(writer, (lines.get(writer) ?? 0) + 1)
        const decoded = decodeLine(line)
        if ('record' in decoded) found.push(decoded.record)
        else o.onProblem?.({ writer, line: lines.get(writer)!, reason: decoded.problem })
      }
    }
    if (found.length > 0 && !stopped) o.onRecords(inOrder(found))
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
    watcher = watch(journalDir(dir), { persistent: false }, () => void look())
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

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size <= offset) return Buffer.alloc(0)
    const bytes = Buffer.alloc(size - offset)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
