import type { LogView } from '../console.types.ts'
import { type FollowState, followSource } from '../logs/follow.ts'
import type { HostClock } from '../logs/ownTime.ts'
import { createRing, type Ring } from '../logs/ring.ts'
import { createLogStore, type LogStoreOptions } from '../logs/store/store.ts'
import { messageOf } from '../model/errors.ts'
import type { EventData } from '../model/event.ts'
import type { LogLine, LogSource } from '../model/log.ts'
import type { Fleet } from './fleet.ts'
import type { OpenIncident } from './incident.ts'
import { kinds } from './kinds.ts'
import { pinOf } from './pins.ts'
import { mayBeAlive } from './writers.ts'

/** The logs that are followed for one incident. */
export interface FollowedLogs extends AsyncDisposable {
  /** Follows one source; a source that is followed already, and has not ended, is left as it is. */
  follow(source: LogSource, fleet: Pick<Fleet, 'session'>): Promise<void>
  /** What to look for in the lines to come. */
  watch(symptoms: readonly string[]): void
  view(): Record<string, LogView>
  /** The lines of these numbers as evidence, as far as they are still in memory; undefined where none is. */
  pin(key: string, seqs: readonly number[]): EventData<'log.pinned'> | undefined
}

/** How large the logs on disk may become, and how a full disk is tried again. */
export type LogLimits = Pick<LogStoreOptions, 'rotateAt' | 'bound' | 'leave' | 'retryMs' | 'waiting'>

interface Followed {
  source: LogSource
  ring: Ring
  state: FollowState
  /** On this machine: its clock is ours. */
  local: boolean
  stop(): Promise<void>
}

/** What is new is shown at most this often, in milliseconds, however fast lines come. */
const showEvery = 30

/**
 * Follows logs into bounded rings and into the incident's folder; `changed` is called when there is something new to
 * show. The first line of a source that shows a symptom is pinned to the timeline, as evidence of the cause.
 */
export function followLogs(
  incident: Pick<OpenIncident, 'dir' | 'writer' | 'pipe' | 'append' | 'read'> &
    Partial<Pick<OpenIncident, 'stopped'>>,
  changed: () => void,
  limits: LogLimits = {},
): FollowedLogs {
  const followed = new Map<string, Followed>()
  const store = createLogStore({
    dir: incident.dir,
    writer: incident.writer,
    append: incident.append,
    recorded: (file) => Object.hasOwn(incident.read().logs, file),
    ...(incident.stopped === undefined ? {} : { hold: incident.stopped }),
    alive: (writer) => writer === incident.writer || mayBeAlive(writer),
    ...limits,
  })
  let watched: readonly string[] = []
  let showing: NodeJS.Timeout | undefined

  const showSoon = (): void => {
    showing ??= setTimeout(() => {
      showing = undefined
      changed()
    }, showEvery)
  }

  const clockOf = ({ source, local }: Followed): HostClock | undefined =>
    local
      ? { offsetMs: 0, uncertaintyMs: 0, at: new Date().toISOString() }
      : incident.read().clocks[source.host]

  const pinSymptoms = (entry: Followed, line: LogLine, seen: Set<string>): void => {
    if (watched.length === seen.size) return
    const shown = watched.filter((symptom) => !seen.has(symptom) && line.text.includes(symptom))
    const [symptom] = shown
    if (symptom === undefined) return
    for (const each of shown) seen.add(each)
    // A record that can't be written is told by the next append that somebody waits for.
    incident
      .append('log.pinned', { ...pinOf(entry.source, [line], clockOf(entry)), symptom })
      .catch(() => undefined)
  }

  // A view stays the same object until its source changes, so that nothing else is drawn again.
  const views = new Map<string, { version: number; state: FollowState; view: LogView }>()

  const viewOf = (key: string, { source, ring, state }: Followed): LogView => {
    const last = views.get(key)
    if (last?.version === ring.version() && last.state === state) return last.view
    const view: LogView = { source, lines: ring.lines(), total: ring.total(), ...state }
    views.set(key, { version: ring.version(), state, view })
    return view
  }

  return {
    watch: (symptoms) => {
      watched = symptoms
    },
    follow: async (source, fleet) => {
      const before = followed.get(source.key)
      if (before !== undefined && before.state.state !== 'ended') return
      const ring = before?.ring ?? createRing()
      const seen = new Set<string>()
      const entry: Followed = {
        source,
        ring,
        state: { state: 'connecting' },
        local: false,
        stop: async () => undefined,
      }
      followed.set(source.key, entry)
      changed()
      try {
        const kind = kinds.logSources.find(({ kind }) => kind === source.kind)
        if (kind === undefined) throw new Error(`unknown kind of log ${source.kind}`)
        const session = await fleet.session(source.host)
        entry.local = session.host.transport === 'local'
        const following = followSource({
          session,
          kind,
          name: source.name,
          ...(source.as === undefined ? {} : { as: source.as }),
          pipe: incident.pipe,
          ring,
          file: store.open(source, (text) => {
            ring.push({ at: new Date().toISOString(), text, stream: 'stderr' })
            showSoon()
          }),
          onLine: (line) => pinSymptoms(entry, line, seen),
          onLines: showSoon,
          onState: (state) => {
            entry.state = state
            changed()
          },
        })
        entry.stop = following.stop
        // Reading goes on where recording stopped.
        await incident
          .append('log.followed', { host: source.host, source: `${source.kind}:${source.name}` })
          .catch(() => undefined)
      } catch (error) {
        entry.state = { state: 'ended', detail: messageOf(error) }
        changed()
      }
    },
    view: () => Object.fromEntries([...followed].map(([key, entry]) => [key, viewOf(key, entry)])),
    pin: (key, seqs) => {
      const entry = followed.get(key)
      const [first, ...more] = entry?.ring.pick(seqs) ?? []
      if (entry === undefined || first === undefined) return undefined
      return pinOf(entry.source, [first, ...more], clockOf(entry))
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...followed.values()].map(({ stop }) => stop()))
      await store.close()
      clearTimeout(showing)
      if (showing !== undefined) changed()
    },
  }
}
