// The lines of one followed log on their way to disk. The hot path only adds to a text in memory; batches are written one
// after the other by the thread pool. A disk that takes nothing stops this file, says so, and never what is followed.
import { messageOf } from '../../model/errors.ts'
import type { LogLine } from '../../model/log.ts'
import { ownTime } from '../ownTime.ts'
import { formatLine } from './lineForm.ts'
import { type OpenPart, PartLost } from './part.ts'

/** Where the lines of a source are kept. */
export interface LogFile {
  write(line: Pick<LogLine, 'at' | 'text' | 'stream'>): void
  /** Writes what is left, and waits until its last part is closed. Never rejects. */
  close(): Promise<void>
}

export interface LogFileOptions {
  /** Takes room for so many bytes, and gives what is called once they are written; rejects where there is too little. */
  take(bytes: number): Promise<() => void>
  /** What waits in the memory of all logs, in characters. */
  waits: {
    add(characters: number): void
    /** True where nothing more may wait of a log that has so much waiting. */
    full(own: number): boolean
  }
  /** Waits until a full part may be followed by another one; rejects where that does not come. */
  place(): Promise<void>
  /** Begins a part whose first line is received at a time. */
  begin(from: string): Promise<OpenPart>
  /** Takes over a part that is full or done with; its file is closed. */
  finished(path: string): void
  /** Settles when every part that was handed over is closed for good. */
  settled(): Promise<void>
  /** A part ends at this many bytes of text. */
  rotateAt(): number
  /** Why nothing may be written just now: what room is left is for the journal. */
  hold?(): string | undefined
  /** Told to the person at the screen, once when it stops and once when it goes on. */
  onNotice?(text: string): void
  /** Milliseconds until a failed write is tried again; 5,000 where absent. */
  retryMs?: number
}

interface Batch {
  text: string
  /** When its first line was received. */
  from: string
  /** The clock of this machine went back before it: it belongs to a part of its own, so that each part is in order. */
  fresh: boolean
}

const batchSize = 512 * 1024
const flushAfterMs = 200
/** A clock that is set back by less is only slewed; the line gets the time of the one before. */
const slewMs = 1000
const slower = 'the disk is slower than the log'
const slowerToClose = 'the log is faster than it can be compressed'

/** Takes the lines of one log; nothing is on disk before its first line. */
export function createLogFile(o: LogFileOptions): LogFile {
  const { retryMs = 5000 } = o
  const queue: Batch[] = []
  let queued = 0
  let last = ''
  let part: OpenPart | undefined
  /** A part was handed over: what comes may have to wait for it. */
  let handedOver = false
  let delayedBy = slower
  let working: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  /** Why nothing can be written now. */
  let stopped: string | undefined
  /** The person knows that lines are not kept now. */
  let told = false
  let lost: { lines: number; from: string; to: string; why: string } | undefined
  let missing = 0
  let closed: Promise<void> | undefined

  function add(text: string, at: string, fresh: boolean): void {
    const batch = queue.at(-1)
    if (batch === undefined || fresh || batch.text.length >= batchSize) queue.push({ text, from: at, fresh })
    else batch.text += text
    count(text.length)
  }

  function count(characters: number): void {
    queued += characters
    o.waits.add(characters)
  }

  function schedule(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void drain()
    }, ms)
  }

  /** Writes what waits, in order; one at a time. */
  function drain(): Promise<void> {
    working ??= work().finally(() => {
      working = undefined
    })
    return working
  }

  async function work(): Promise<void> {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
      try {
        await store(batch)
      } catch (error) {
        queue.unshift(batch)
        await failed(error)
        return
      }
      count(-batch.text.length)
      stopped = undefined
    }
    if (told) goesOn()
  }

  async function store(batch: Batch): Promise<void> {
    const held = o.hold?.()
    if (held !== undefined) throw new Error(held)
    if (part !== undefined && (batch.fresh || part.bytes() >= o.rotateAt())) await finish()
    if (part === undefined && handedOver) {
      delayedBy = slowerToClose
      await o.place().finally(() => {
        delayedBy = slower
      })
    }
    const written = await o.take(Buffer.byteLength(batch.text))
    try {
      part ??= await o.begin(batch.from)
      await part.append(batch.text)
    } finally {
      written()
    }
  }

  async function failed(error: unknown): Promise<void> {
    if (error instanceof PartLost) await finish()
    stopped = messageOf(error)
    tell(stopped)
    if (closed === undefined) schedule(error instanceof PartLost ? flushAfterMs : retryMs)
  }

  function tell(why: string): void {
    if (told) return
    told = true
    o.onNotice?.(`‹sitrep: this log is not kept on disk for now: ${why}›`)
  }

  function goesOn(): void {
    told = false
    const what = missing === 0 ? '' : `; ${missing} lines are missing there`
    missing = 0
    o.onNotice?.(`‹sitrep: this log is kept on disk again${what}›`)
  }

  async function finish(): Promise<void> {
    const done = part
    part = undefined
    await done?.close()
    if (done === undefined || done.bytes() === 0) return
    handedOver = true
    o.finished(done.path)
  }

  function gapBefore(at: string, { lines, from, to, why }: NonNullable<typeof lost>): string {
    lost = undefined
    const gap = `‹gap: ${lines} lines from ${from} to ${to} are not kept: ${why}›`
    return formatLine(at, undefined, 'sitrep', gap)
  }

  function lose(at: string): void {
    lost ??= { lines: 0, from: at, to: at, why: stopped ?? delayedBy }
    lost.lines++
    lost.to = at
    missing++
    tell(lost.why)
  }

  return {
    write({ at: received, text, stream }) {
      if (closed !== undefined) return
      let at = received
      const back = at < last && Date.parse(last) - Date.parse(at)
      if (back !== false && back <= slewMs) at = last
      const fresh = back !== false && back > slewMs
      last = at
      if (o.waits.full(queued)) return lose(at)
      const line = formatLine(at, ownTime(text), stream, text)
      add(lost === undefined ? line : gapBefore(at, lost) + line, at, fresh)
      if (stopped === undefined) {
        if (queue.length > 1) void drain()
        else schedule(flushAfterMs)
      }
    },
    close() {
      closed ??= (async () => {
        clearTimeout(timer)
        await working
        await drain()
        await finish()
        count(-queued)
        await o.settled()
      })()
      return closed
    },
  }
}
