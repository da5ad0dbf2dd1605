// Closing the parts of an incident's logs, one after the other beside what is followed: compressed, recorded, and all of
// them held within their bound. Whoever writes waits here while too many parts wait to be closed.
import { relative } from 'node:path'
import type { Append, EventData } from '../../model/event.ts'
import { keepWithin } from './bound.ts'
import { sayBytes } from './bytes.ts'
import { isCode } from './files.ts'
import { closeLeftovers } from './leftover.ts'
import type { SourceName } from './names.ts'
import { type Sealed, sealPart } from './seal.ts'

/** Takes over parts whose files are closed. */
export interface Closer {
  handOver(path: string, source: SourceName): void
  /** Closes what consoles that are gone left open of a log, after everything else. */
  tidy(source: SourceName): void
  /** So many bytes were added to open parts. */
  wrote(bytes: number): void
  /** Waits while too many parts wait to be closed; rejects where that does not change. */
  place(): Promise<void>
  /** Waits while the logs take more than `most` bytes; rejects where no more of them can be removed. */
  fit(most: number): Promise<void>
  /** Waits until everything that was handed over by now is closed and recorded, as far as that is possible. Never rejects. */
  settled(): Promise<void>
  /** Tries again what could not be done, and waits for it. Never rejects. */
  finish(): Promise<void>
}

export interface CloserOptions {
  dir: string
  writer: string
  append: Append
  recorded(file: string): boolean
  alive(writer: string): boolean
  hold?(): string | undefined
  /** All logs of the incident together, in bytes on disk. */
  bound: number
  /** This many parts may wait. */
  backlog: number
  /** Takes room for what is compressed. */
  take(bytes: number): Promise<() => void>
  /** Nothing is written any more: somebody waits to leave. */
  ending(): boolean
  /** Bytes of text that are still compressed then; the next console closes what is left. */
  atEnd: number
}

/** Makes the closer of one console; nothing is touched before something is handed over. */
export function createCloser(o: CloserOptions): Closer {
  const waiting: { path: string; source: SourceName }[] = []
  const leftovers: AsyncGenerator<{ source: SourceName; sealed: Sealed }>[] = []
  const unrecorded: EventData<'log.kept'>[] = []
  /** What the logs take on disk, as far as is known: as they were counted last, and what was written since. */
  let used = 0
  let sinceCount = 0
  let running: Promise<void> | undefined
  let again = false
  let atEnd = 0
  let failure: string | undefined
  let step = Promise.withResolvers<void>()

  function stepDone(): void {
    step.resolve()
    step = Promise.withResolvers<void>()
  }

  function kick(): void {
    again = true
    running ??= run().finally(() => {
      running = undefined
      stepDone()
      if (again) kick()
    })
  }

  async function run(): Promise<void> {
    while (again) {
      again = false
      // What fails is tried again later, and told by nobody: the lines themselves are kept.
      await pass().catch(() => undefined)
    }
  }

  /** Closes everything that waits; what can't be closed is tried once. */
  async function pass(): Promise<void> {
    const tried = new Set<string>()
    for (;;) {
      if (o.hold?.() !== undefined) return
      await recordAll().catch(() => undefined)
      await keepBound()
      stepDone()
      if (!o.ending()) atEnd = 0
      else if (atEnd > o.atEnd) return
      const part = waiting.find(({ path }) => !tried.has(path))
      if (part !== undefined) {
        tried.add(part.path)
        await seal(part)
      } else if (!(await closeOneLeft())) return
    }
  }

  async function seal(part: (typeof waiting)[number]): Promise<void> {
    try {
      keep(part.source, await sealPart(part.path, o.writer, o.take))
      failure = undefined
    } catch (error) {
      if (!isCode(error, 'ENOENT')) {
        failure = (error as Error).message
        return
      }
    }
    waiting.splice(waiting.indexOf(part), 1)
  }

  /** False where nothing is left to close. */
  async function closeOneLeft(): Promise<boolean> {
    const [first] = leftovers
    if (first === undefined) return false
    const next = await first.next().catch(() => undefined)
    if (next === undefined || next.done === true) leftovers.shift()
    else keep(next.value.source, next.value.sealed)
    return true
  }

  async function* leftOf(source: SourceName): AsyncGenerator<{ source: SourceName; sealed: Sealed }> {
    const { dir, writer: by, alive, recorded, take } = o
    for await (const sealed of closeLeftovers(dir, source, { by, alive, recorded, take }))
      yield { source, sealed }
  }

  function keep({ host, kind, name }: SourceName, sealed: Sealed | undefined): void {
    if (sealed === undefined) return
    const { path, sha256, bytes, lines } = sealed
    // A part whose lines have lost their times is as old as it is recorded.
    const { from = new Date().toISOString(), to = from } = sealed
    const file = relative(o.dir, path)
    unrecorded.push({ host, source: `${kind}:${name}`, file, sha256, bytes, lines, from, to })
    atEnd += bytes
  }

  async function recordAll(): Promise<void> {
    while (unrecorded.length > 0) {
      await o.append('log.kept', unrecorded[0]!)
      unrecorded.shift()
    }
  }

  async function keepBound(): Promise<void> {
    sinceCount = 0
    const reason = `the logs of this incident take at most ${sayBytes(o.bound)}`
    const total = await keepWithin(o.dir, o.bound, {
      isLeft: ({ writer }) => !o.alive(writer),
      drop: (file) => o.append('log.dropped', { file, reason }),
    })
    used = total + sinceCount
  }

  /** Waits, step by step, while it is so and something is being done about it. */
  async function whileWorking(isSo: () => boolean): Promise<void> {
    while (running !== undefined && isSo()) await step.promise
  }

  const settled = async (): Promise<void> => {
    const mine = new Set<unknown>([...waiting, ...leftovers])
    await whileWorking(() => [...waiting, ...leftovers].some((one) => mine.has(one)))
  }

  return {
    handOver(path, source) {
      waiting.push({ path, source })
      kick()
    },
    tidy(source) {
      leftovers.push(leftOf(source))
      kick()
    },
    wrote(bytes) {
      used += bytes
      sinceCount += bytes
    },
    async place() {
      const full = () => waiting.length >= o.backlog
      if (!full()) return
      kick()
      await whileWorking(full)
      if (full()) throw new Error(failure ?? o.hold?.() ?? 'parts of logs can not be closed')
    },
    async fit(most) {
      const over = () => used > most
      if (!over()) return
      kick()
      await whileWorking(over)
      if (over())
        throw new Error(`the logs of this incident take their ${sayBytes(o.bound)}, and none can go`)
    },
    settled,
    async finish() {
      if (waiting.length > 0 || unrecorded.length > 0) kick()
      await whileWorking(() => true)
    },
  }
}
