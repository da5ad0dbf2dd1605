import type { LogView } from '../console.types.ts'
import { type FollowState, followSource } from '../logs/follow.ts'
import { logPath, openLogFile } from '../logs/logFile.ts'
import { ownTime } from '../logs/ownTime.ts'
import { createRing, type Ring } from '../logs/ring.ts'
import { messageOf } from '../model/errors.ts'
import type { LogLine, LogSource } from '../model/log.ts'
import type { Fleet } from './fleet.ts'
import type { OpenIncident } from './incident.ts'
import { kinds } from './kinds.ts'

/** The logs that are followed for one incident. */
export interface FollowedLogs extends AsyncDisposable {
  /** Follows one source; a source that is followed already, and has not ended, is left as it is. */
  follow(source: LogSource, fleet: Pick<Fleet, 'session'>): Promise<void>
  /** What to look for in the lines to come. */
  watch(symptoms: readonly string[]): void
  view(): Record<string, LogView>
  /** The lines of these numbers that are still kept. */
  pick(key: string, seqs: readonly number[]): { source: LogSource; lines: LogLine[] } | undefined
}

interface Seen {
  total: number
  symptoms: Set<string>
}

interface Followed {
  source: LogSource
  ring: Ring
  state: FollowState
  stop(): Promise<void>
}

/**
 * Follows logs into bounded rings and into the incident's folder; `changed` is called when there is something new to
 * show. The first line of a source that shows a symptom is pinned to the timeline, as evidence of the cause.
 */
export function followLogs(
  incident: Pick<OpenIncident, 'dir' | 'pipe' | 'append'>,
  changed: () => void,
): FollowedLogs {
  const followed = new Map<string, Followed>()
  let watched: readonly string[] = []

  const pinSymptoms = (source: LogSource, ring: Ring, seen: Seen): void => {
    const count = ring.total() - seen.total
    seen.total = ring.total()
    if (count === 0 || watched.length === seen.symptoms.size) return
    const fresh = ring.lines().slice(-count)
    for (const line of fresh) {
      const shown = watched.filter((symptom) => !seen.symptoms.has(symptom) && line.text.includes(symptom))
      const [symptom] = shown
      if (symptom === undefined) continue
      for (const each of shown) seen.symptoms.add(each)
      const { host, kind, name } = source
      // The lines that a log ends with when it is first followed may be days old: theirs is the time that counts.
      const own = ownTime(line.text, line.at)
      const text = own === undefined ? line.text : `${line.text} (received ${line.at})`
      const pin = { host, source: `${kind}:${name}`, at: own ?? line.at, lines: [text], symptom }
      // A record that can't be written is told by the next append that somebody waits for.
      incident.append('log.pinned', pin).catch(() => undefined)
    }
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
      const seen: Seen = { total: ring.total(), symptoms: new Set() }
      const entry: Followed = { source, ring, state: { state: 'connecting' }, stop: async () => undefined }
      followed.set(source.key, entry)
      changed()
      try {
        const kind = kinds.logSources.find(({ kind }) => kind === source.kind)
        if (kind === undefined) throw new Error(`unknown kind of log ${source.kind}`)
        const session = await fleet.session(source.host)
        const following = followSource({
          session,
          kind,
          name: source.name,
          ...(source.as === undefined ? {} : { as: source.as }),
          pipe: incident.pipe,
          ring,
          file: openLogFile(logPath(incident.dir, source)),
          onLines: () => {
            pinSymptoms(source, ring, seen)
            changed()
          },
          onState: (state) => {
            entry.state = state
            changed()
          },
        })
        entry.stop = following.stop
        await incident.append('log.followed', { host: source.host, source: `${source.kind}:${source.name}` })
      } catch (error) {
        entry.state = { state: 'ended', detail: messageOf(error) }
        changed()
      }
    },
    view: () => Object.fromEntries([...followed].map(([key, entry]) => [key, viewOf(key, entry)])),
    pick: (key, seqs) => {
      const entry = followed.get(key)
      return entry === undefined ? undefined : { source: entry.source, lines: entry.ring.pick(seqs) }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...followed.values()].map(({ stop }) => stop()))
    },
  }
}
