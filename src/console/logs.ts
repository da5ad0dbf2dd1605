import type { Fleet } from '../compose/fleet.ts'
import type { OpenIncident } from '../compose/incident.ts'
import { kinds } from '../compose/kinds.ts'
import type { LogView } from '../console.types.ts'
import { type FollowState, followSource } from '../logs/follow.ts'
import { logPath, openLogFile } from '../logs/logFile.ts'
import { createRing, type Ring } from '../logs/ring.ts'
import { messageOf } from '../model/errors.ts'
import type { LogLine, LogSource } from '../model/log.ts'

/** The logs that a console follows for one incident. */
export interface ConsoleLogs {
  /** Follows one source; a source that is followed already, and has not ended, is left as it is. */
  follow(source: LogSource, fleet: Pick<Fleet, 'session'>): Promise<void>
  view(): Record<string, LogView>
  /** The lines of these numbers that are still kept. */
  pick(key: string, seqs: readonly number[]): { source: LogSource; lines: LogLine[] } | undefined
  close(): Promise<void>
}

interface Followed {
  source: LogSource
  ring: Ring
  state: FollowState
  stop(): Promise<void>
}

/** Follows logs into bounded rings and into the incident's folder; `changed` is called when there is something new to show. */
export function createConsoleLogs(
  incident: Pick<OpenIncident, 'dir' | 'pipe' | 'append'>,
  changed: () => void,
): ConsoleLogs {
  const followed = new Map<string, Followed>()
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
    follow: async (source, fleet) => {
      const before = followed.get(source.key)
      if (before !== undefined && before.state.state !== 'ended') return
      const ring = before?.ring ?? createRing()
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
          pipe: incident.pipe,
          ring,
          file: openLogFile(logPath(incident.dir, source)),
          onLines: changed,
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
    close: async () => {
      await Promise.all([...followed.values()].map(({ stop }) => stop()))
    },
  }
}
