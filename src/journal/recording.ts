// What becomes of events when the disk is full. The reserve is given back to the disk, so that the results of what runs
// are still recorded, and nothing new is begun. When there is room again, the reserve is made anew and all goes on.
import type { EventData, EventRecord, EventType } from '../model/event.ts'
import { beginnings } from '../model/event.ts'
import type { AppendFile } from './appendFile.ts'
import type { Chain, Unsealed } from './chain.ts'
import { createTurns, type Entry, type Rest, writeGroup } from './groupWriter.ts'
import { sayCause } from './noRoom.ts'
import type { Reserve } from './reserve.ts'

/**
 * How the recording stands. `reserve`: results are taken, nothing may begin. `full`: nothing is taken until there is room.
 * `failed`: nothing is taken any more by this process, whatever the disk says later.
 */
export type RecordingState = { is: 'on' } | { is: 'reserve' | 'full' | 'failed'; cause: string }

/** How a gap ended. */
export type Resumed = EventData<'recording.resumed'>

/** Records events while it can; tells when it can't. */
export interface Recorder {
  state(): RecordingState
  /** Records an event, or rejects with what `refusal` makes of the state. The file has the order of the calls. */
  add(event: Unsealed): Promise<EventRecord>
  /** True for a type that is refused as things stand, or that would begin something: there is to be a look first. */
  mayRefuse(type: EventType): boolean
  /** Looks for room where there was none, or whether the reserve is still there; one look at a time. */
  look(): Promise<void>
  /** Waits for what is under way; nothing more is looked for. */
  end(): Promise<void>
}

/** What a recorder works with. */
export interface RecorderDeps {
  file: AppendFile
  chain: Chain
  reserve: Reserve
  /** Makes an event of the recorder's own. */
  event<T extends 'recording.stopped' | 'recording.resumed'>(type: T, data: EventData<T>): Unsealed
  /** Keeps a cut-off tail in a file of its own; gives its name, or undefined where there is no room for it. */
  setAside(tail: Buffer): Promise<string | undefined>
  /** The error for an event that is refused. */
  refusal(state: Exclude<RecordingState, { is: 'on' }>): Error
  now(): number
  /** Milliseconds between looks for room. */
  every: number
  onStopped(state: Exclude<RecordingState, { is: 'on' }>): void
  onResumed(resumed: Resumed): void
  /** A record that the recorder itself wrote. */
  onOwn(record: EventRecord): void
}

/** Makes the recorder of one writer's file. */
export function createRecorder(deps: RecorderDeps): Recorder {
  const { file, chain, reserve } = deps
  let state: RecordingState = { is: 'on' }
  let since = 0
  let refused = 0
  let torn: { tail: Buffer; file?: string } | undefined
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let ended = false

  const turns = createTurns(async (group) => {
    try {
      await commit(group)
    } catch (error) {
      fail(error)
      sift(group)
    }
  })

  function stop(next: Exclude<RecordingState, { is: 'on' }>): void {
    if (state.is === 'on') {
      since = deps.now()
      refused = 0
      torn = undefined
    }
    state = next
    clearInterval(timer)
    timer = next.is === 'failed' || ended ? undefined : setInterval(() => void look(), deps.every).unref()
    deps.onStopped(next)
  }

  function fail(error: unknown): void {
    if (state.is !== 'failed') stop({ is: 'failed', cause: sayCause(error) })
  }

  const wouldRefuse = (type: EventType) =>
    state.is === 'on' ? false : state.is === 'reserve' ? beginnings.has(type) : true

  /** Turns away what is refused as things stand, and gives the rest. */
  function sift(entries: readonly Entry[]): Entry[] {
    return entries.filter((entry) => {
      if (state.is === 'on' || !wouldRefuse(entry.event.type)) return true
      refused++
      entry.failed(deps.refusal(state))
      return false
    })
  }

  async function commit(group: Entry[]): Promise<void> {
    let entries = sift(group)
    if (entries.length === 0) return
    let rest = await writeGroup(file, chain, entries)
    if (rest === undefined) return
    if (state.is === 'on') {
      await enterReserve(rest)
      entries = sift(rest.entries)
      rest = await writeGroup(file, chain, [stopping(rest), ...entries])
      if (rest === undefined) return
    }
    await keepTail(rest.tail)
    stop({ is: 'full', cause: sayCause(rest.cause) })
    sift(rest.entries.filter(({ event }) => event.type !== 'recording.stopped'))
  }

  async function enterReserve({ cause, tail }: Pick<Rest, 'cause' | 'tail'>): Promise<void> {
    await reserve.free()
    stop({ is: 'reserve', cause: sayCause(cause) })
    await keepTail(tail)
  }

  function stopping({ cause }: Pick<Rest, 'cause'>): Entry {
    const told = torn?.file === undefined ? {} : { torn: { file: torn.file, bytes: torn.tail.length } }
    const event = deps.event('recording.stopped', { cause: sayCause(cause), ...told })
    return { event, done: deps.onOwn, failed: () => undefined }
  }

  /** Sets a tail aside; where there is no room for it, it waits in memory until there is. */
  async function keepTail(tail: Buffer): Promise<void> {
    if (tail.length === 0) return
    const name = await deps.setAside(tail)
    torn = { tail, ...(name === undefined ? {} : { file: name }) }
  }

  /** One look at a time: is there room again, or does another console live on the reserve by now? */
  function look(): Promise<void> {
    looking ??= (state.is === 'on' ? lookAtReserve() : lookForRoom()).finally(() => {
      looking = undefined
    })
    return looking
  }

  async function lookAtReserve(): Promise<void> {
    if (reserve.path === undefined || (await reserve.make())) return
    const cause = new Error('ENOSPC: no space left on device for the reserve')
    await turns
      .alone(async () => {
        if (state.is !== 'on') return
        await enterReserve({ cause, tail: Buffer.alloc(0) })
        await writeOwn(stopping({ cause }), (rest) => stop({ is: 'full', cause: sayCause(rest.cause) }))
      })
      .catch(fail)
  }

  async function lookForRoom(): Promise<void> {
    if (state.is === 'failed' || !(await reserve.make())) return
    await turns
      .alone(async () => {
        if (state.is === 'on' || state.is === 'failed') return
        if (torn !== undefined && torn.file === undefined) await keepTail(torn.tail)
        const resumed: Resumed = {
          gapMs: Math.max(0, Math.round(deps.now() - since)),
          refused,
          ...(torn?.file === undefined ? {} : { torn: { file: torn.file, bytes: torn.tail.length } }),
        }
        const done = (record: EventRecord) => {
          clearInterval(timer)
          timer = undefined
          state = { is: 'on' }
          torn = undefined
          deps.onOwn(record)
          deps.onResumed(resumed)
        }
        const entry = { event: deps.event('recording.resumed', resumed), done, failed: () => undefined }
        await writeOwn(entry, () => reserve.free())
      })
      .catch(fail)
  }

  async function writeOwn(entry: Entry, noRoom: (rest: Rest) => void | Promise<void>): Promise<void> {
    const rest = await writeGroup(file, chain, [entry])
    if (rest === undefined) return
    await keepTail(rest.tail)
    await noRoom(rest)
  }

  return {
    state: () => state,
    add(event) {
      return new Promise((done, failed) => turns.add({ event, done, failed }))
    },
    mayRefuse: (type) => wouldRefuse(type) || beginnings.has(type),
    look,
    async end() {
      ended = true
      clearInterval(timer)
      await looking
      await turns.idle()
    },
  }
}
