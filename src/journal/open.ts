import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { SitrepError } from '../model/errors.ts'
import { type Append, type EventData, type EventRecord, type EventType, eventData } from '../model/event.ts'
import { type AppendHandle, createAppendFile } from './appendFile.ts'
import { createChain, salted, type Unsealed } from './chain.ts'
import { writeCheckpoint } from './checkpoint.ts'
import { createClock } from './clock.ts'
import { journalDir, privateDir, repairModes, syncDir } from './files.ts'
import { sayCause } from './noRoom.ts'
import { lastReading } from './read.ts'
import { createRecorder, type RecordingState, type Resumed } from './recording.ts'
import { setAside } from './repair.ts'
import { createReserve } from './reserve.ts'
import { newWriter } from './writer.ts'

export type { RecordingState, Resumed } from './recording.ts'

export interface JournalOptions {
  /** The incident's folder. */
  dir: string
  /** Who records: `ana@laptop`. */
  by: string
  /** A new id for each process (`newWriter`); its file must not exist. */
  writer?: string
  /** The one pipe: makes every string of a value inert and redacted. */
  clean(value: unknown): unknown
  /** The file that keeps room for results when the disk fills up, one for all incidents; none where absent. */
  reserve?: string
  /** Milliseconds between looks for room while the disk is full; 5,000 where absent. */
  every?: number
  /** Milliseconds since the epoch. */
  now?(): number
  /** Opens the writer's file, which must not exist, for appending and reading, 0600. */
  openFile?(path: string): Promise<AppendHandle>
}

/** One writer's journal of one incident. */
export interface Journal extends AsyncDisposable {
  readonly dir: string
  readonly writer: string
  readonly by: string
  /**
   * Records one event. Rejects with SitrepError('recording') when it is not on disk: on a full disk for events that begin
   * something, and for all where the reserve is used up too, until there is room; on any other failure from then on.
   */
  append: Append
  /** Takes in the clock of another writer's record, so that what follows is ordered after it. */
  observe(record: Pick<EventRecord, 'hlc'>): void
  recording(): RecordingState
  /** Throws where nothing may begin, after a look whether there is room again. */
  requireRecording(): Promise<void>
  /** Why recording stopped; undefined while it works. */
  stopped(): string | undefined
  /** Calls back when recording stops; `reserve` where results are still taken. Again where that ends too. */
  onStopped(listener: (cause: string, reserve: boolean) => void): () => void
  /** Calls back when there is room again, and all is recorded as before. */
  onResumed(listener: (resumed: Resumed) => void): () => void
  /** Calls back with each record that the journal itself wrote: of a gap and of its end. */
  onOwn(listener: (record: EventRecord) => void): () => void
  /** Waits for what is under way, leaves a checkpoint, closes the file. */
  close(): Promise<void>
}

/** Opens a new writer's file in an incident's folder, which is made where it does not exist; rights are repaired to 0700 and 0600. */
export async function openJournal(o: JournalOptions): Promise<Journal> {
  const { dir, by, writer = newWriter({ by }) } = o
  const now = o.now ?? Date.now
  const stopping = listenersOf<[cause: string, reserve: boolean]>()
  const resuming = listenersOf<[resumed: Resumed]>()
  const own = listenersOf<[record: EventRecord]>()
  let closed: Promise<void> | undefined

  const path = join(journalDir(dir), `${writer}.jsonl`)
  const file = await openFile(dir, path, o.openFile ?? ((path) => open(path, 'ax+', 0o600)))
  const clock = createClock(now, await lastReading(dir))
  const reserve = createReserve(o.reserve, dir)

  /** What an event is before it has its place. What JSON can't hold is left out first, so that what is hashed is what a reader will parse. */
  function unsealed<T extends EventType>(type: T, data: EventData<T>): Unsealed<T> {
    const cleaned = JSON.parse(JSON.stringify(o.clean(checked(type, data)))) as EventData<T>
    return { id: uuidv7(), at: new Date(now()).toISOString(), type, data: cleaned, ...salted(cleaned) }
  }

  const recorder = createRecorder({
    file,
    chain: createChain({ by, writer, clock }),
    reserve,
    event: unsealed,
    setAside: (tail) => setAside(path, tail),
    refusal: (state) => stoppedError(state),
    now,
    every: o.every ?? 5000,
    onStopped: ({ is, cause }) => stopping.call(cause, is === 'reserve'),
    onResumed: resuming.call,
    onOwn: own.call,
  })

  // Where the reserve can't be made, nothing may begin.
  await recorder.look()

  async function append<T extends EventType>(
    type: T,
    data: EventData<T>,
  ): Promise<EventRecord<T, EventData<T>>> {
    if (closed) throw new SitrepError('recording', 'the journal is closed', { where: writer })
    // Nothing is awaited before an ordinary event is in line: the file has the order of the calls. What begins something
    // gets its time after the look, so that the times have the order of the file.
    if (recorder.mayRefuse(type)) await recorder.look()
    return (await recorder.add(unsealed(type, data))) as EventRecord<T, EventData<T>>
  }

  async function close(): Promise<void> {
    await recorder.end()
    await file.close()
    const { is } = recorder.state()
    if (is === 'full' || is === 'failed') return
    await writeCheckpoint(dir).catch((error: unknown) => {
      // A disk that is known to be full was told.
      if (is === 'on') throw stoppedError({ is: 'failed', cause: sayCause(error) }, error)
    })
  }

  const closeOnce = () => {
    closed ??= close()
    return closed
  }

  return {
    dir,
    writer,
    by,
    append,
    observe: (record) => clock.observe(record.hlc),
    recording: recorder.state,
    async requireRecording() {
      await recorder.look()
      const state = recorder.state()
      if (state.is !== 'on') throw stoppedError(state)
    },
    stopped: () => {
      const state = recorder.state()
      return state.is === 'on' ? undefined : state.cause
    },
    onStopped: stopping.add,
    onResumed: resuming.add,
    onOwn: own.add,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  }
}

async function openFile(dir: string, path: string, opening: (path: string) => Promise<AppendHandle>) {
  try {
    await privateDir(dir)
    await privateDir(journalDir(dir))
    await repairModes(dir)
    const file = await createAppendFile(path, await opening(path))
    await syncDir(journalDir(dir))
    await syncDir(dir)
    return file
  } catch (error) {
    throw stoppedError({ is: 'failed', cause: sayCause(error) }, error)
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

const nextSteps = {
  reserve: 'no further change is made; make room on the disk of the state folder and it goes on',
  full: 'nothing is recorded and no further change is made; make room on the disk of the state folder and it goes on',
  failed: 'no further change is made; see that the state folder can be written, then open the incident again',
}

/** The error for what can't be recorded. */
function stoppedError({ is, cause }: Exclude<RecordingState, { is: 'on' }>, error?: unknown): SitrepError {
  return new SitrepError('recording', `RECORDING STOPPED: ${cause}`, { next: nextSteps[is], cause: error })
}

function listenersOf<A extends unknown[]>() {
  const listeners = new Set<(...args: A) => void>()
  return {
    add(listener: (...args: A) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    call: (...args: A) => {
      for (const listener of listeners) listener(...args)
    },
  }
}
