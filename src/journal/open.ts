import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { messageOf, SitrepError } from '../model/errors.ts'
import { type Append, type EventData, type EventRecord, type EventType, eventData } from '../model/event.ts'
import { writeCheckpoint } from './checkpoint.ts'
import { createClock } from './clock.ts'
import { journalDir, privateDir, repairModes, syncDir } from './files.ts'
import { createGroupWriter } from './groupWriter.ts'
import { dataHashOf, firstPrev, recordHashOf } from './hash.ts'
import { lastReading } from './read.ts'
import { newWriter } from './writer.ts'

export interface JournalOptions {
  /** The incident's folder. */
  dir: string
  /** Who records: `ana@laptop`. */
  by: string
  /** A new id for each process (`newWriter`); its file must not exist. */
  writer?: string
  /** The one pipe: makes every string of a value inert and redacted. */
  clean(value: unknown): unknown
  /** Milliseconds since the epoch. */
  now?(): number
}

/** One writer's journal of one incident. */
export interface Journal extends AsyncDisposable {
  readonly dir: string
  readonly writer: string
  readonly by: string
  /** Records one event; rejects with SitrepError('recording') when it is not on disk, and from then on always. */
  append: Append
  /** Takes in the clock of another writer's record, so that what follows is ordered after it. */
  observe(record: Pick<EventRecord, 'hlc'>): void
  /** Why recording stopped; undefined while it works. */
  stopped(): string | undefined
  /** Calls back once when recording stops. */
  onStopped(listener: (cause: string) => void): () => void
  /** Waits for what is under way, leaves a checkpoint, closes the file. */
  close(): Promise<void>
}

/** Opens a new writer's file in an incident's folder, which is made where it does not exist; rights are repaired to 0700 and 0600. */
export async function openJournal(o: JournalOptions): Promise<Journal> {
  const { dir, by, writer = newWriter({ by }) } = o
  const now = o.now ?? Date.now
  const listeners = new Set<(cause: string) => void>()
  let cause: string | undefined
  let seq = 0
  let prev = firstPrev
  let closed: Promise<void> | undefined

  const file = await openFile(dir, writer)
  const clock = createClock(now, await lastReading(dir))
  const group = createGroupWriter(file, (error) => {
    cause = messageOf(error)
    for (const listener of listeners) listener(cause)
  })

  async function append<T extends EventType>(
    type: T,
    data: EventData<T>,
  ): Promise<EventRecord<T, EventData<T>>> {
    if (closed) throw new SitrepError('recording', 'the journal is closed', { where: writer })
    if (cause !== undefined) throw stoppedError(cause)
    const record = seal(type, o.clean(checked(type, data)) as EventData<T>)
    try {
      await group.add(`${JSON.stringify(record)}\n`)
    } catch (error) {
      throw stoppedError(messageOf(error), error)
    }
    return record
  }

  /** Takes a number, a clock reading and a place in the chain; synchronous, so that the file has the order of the calls. */
  function seal<T extends EventType>(type: T, cleaned: EventData<T>): EventRecord<T, EventData<T>> {
    // What JSON can't hold is left out first, so that what is hashed is what a reader will parse.
    const data = JSON.parse(JSON.stringify(cleaned)) as EventData<T>
    const salt = randomBytes(16).toString('hex')
    const hlc = clock.next()
    const envelope = {
      v: 1 as const,
      id: uuidv7(),
      at: new Date(now()).toISOString(),
      hlc,
      by,
      writer,
      seq: seq + 1,
      type,
    }
    const unsigned = { ...envelope, data, salt, dataHash: dataHashOf(salt, data), prev }
    const record = { ...unsigned, hash: recordHashOf(unsigned) }
    seq++
    prev = record.hash
    return record
  }

  function close(): Promise<void> {
    closed ??= group.close().then(() => (cause === undefined ? writeCheckpoint(dir) : undefined))
    return closed
  }

  return {
    dir,
    writer,
    by,
    append,
    observe: (record) => clock.observe(record.hlc),
    stopped: () => cause,
    onStopped(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function openFile(dir: string, writer: string) {
  try {
    await privateDir(dir)
    await privateDir(journalDir(dir))
    await repairModes(dir)
    const file = await open(join(journalDir(dir), `${writer}.jsonl`), 'ax', 0o600)
    await syncDir(journalDir(dir))
    await syncDir(dir)
    return file
  } catch (error) {
    throw stoppedError(messageOf(error), error)
  }
}

function checked<T extends EventType>(type: T, data: EventData<T>): EventData<T> {
  const parsed = eventData[type].safeParse(data)
  if (parsed.success) return parsed.data as EventData<T>
  const [issue] = parsed.error.issues
  const path = issue?.path.join('.') ?? ''
  throw new SitrepError(
    'failed',
    `the event ${type} does not have its form: ${path} ${issue?.message ?? ''}`,
    { cause: parsed.error },
  )
}

function stoppedError(cause: string, error?: unknown): SitrepError {
  return new SitrepError('recording', `RECORDING STOPPED: ${cause}`, {
    next: 'no further change is made; see that the state folder can be written, then open the incident again',
    cause: error,
  })
}
