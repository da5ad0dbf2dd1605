import type { Session } from '../model/command.ts'
import { messageOf } from '../model/errors.ts'
import type { Host, HostState } from '../model/host.ts'
import { isRefusal } from './errors.ts'
import { closedState, isClosed, now } from './states.ts'

/** One open session for each host, used again by every command. */
export interface Pool {
  /** The host's session: the open one, also where its link is away for now, or a new one where there is none. */
  get(host: Host): Promise<Session>
  /** Opens many side by side; one that fails holds up no other. */
  open(hosts: readonly Host[]): Promise<Opened[]>
  state(host: string): HostState
  /** Ends every session, and every attempt at one; the pool opens none afterwards. */
  close(): Promise<void>
}

/** How the opening of one host came out. */
export type Opened = { host: Host; session: Session } | { host: Host; error: unknown }

/** What an attempt to open a session is given: what gives it up, and whom to tell how it goes. */
export interface Opening {
  signal: AbortSignal
  onState(state: HostState): void
}

/**
 * A pool over `connect`. `onState` gets each change of each host's state. `signal` gives up what is still being opened, and
 * lets nothing more be opened; the sessions that are open go on.
 */
export function createPool(o: {
  connect(host: Host, opening: Opening): Promise<Session>
  onState?(host: string, state: HostState): void
  signal?: AbortSignal
}): Pool {
  const sessions = new Map<string, Promise<Session>>()
  const states = new Map<string, HostState>()
  const closing = new AbortController()
  const over = o.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, o.signal])
  const set = (host: string, state: HostState) => {
    states.set(host, state)
    o.onState?.(host, state)
  }
  const start = async (host: Host): Promise<Session> => {
    const onState = (state: HostState) => set(host.name, state)
    onState({ is: 'connecting', since: now() })
    let opening = true
    try {
      const session = await o.connect(host, {
        signal: over,
        onState: (state) => opening && onState(state),
      })
      opening = false
      onState(session.state())
      session.onState(onState)
      return session
    } catch (error) {
      opening = false
      sessions.delete(host.name)
      onState(over.aborted ? closedState() : failed(error))
      throw error
    }
  }
  const get = async (host: Host): Promise<Session> => {
    if (closing.signal.aborted) throw new Error('the pool was closed')
    const known = sessions.get(host.name)
    if (known) {
      const session = await known
      if (!isClosed(session.state())) return session
      // Another caller may have put a new one in its place while we waited.
      if (sessions.get(host.name) !== known) return get(host)
    }
    const opening = start(host)
    sessions.set(host.name, opening)
    return opening
  }
  return {
    get,
    open: (hosts) =>
      Promise.all(
        hosts.map((host) =>
          get(host).then(
            (session): Opened => ({ host, session }),
            (error: unknown): Opened => ({ host, error }),
          ),
        ),
      ),
    state: (host) => states.get(host) ?? { is: 'idle' },
    async close() {
      const open = [...sessions.values()]
      sessions.clear()
      closing.abort(new Error('the pool was closed'))
      await Promise.all(open.map((session) => session.then((s) => s[Symbol.asyncDispose]()).catch(() => {})))
    },
  }
}

/** A host that said no is refused until something changes; one that did not answer may be back the next moment. */
function failed(error: unknown): HostState {
  return isRefusal(error)
    ? { is: 'refused', reason: messageOf(error) }
    : { is: 'lost', since: now(), reason: messageOf(error) }
}
