import type { Session } from '../model/command.ts'
import { messageOf } from '../model/errors.ts'
import type { Host, HostState } from '../model/host.ts'
import { ConnectError } from './errors.ts'
import { now } from './states.ts'

/** One open session for each host, used again by every command. */
export interface Pool {
  /** The host's session: the open one, or a new one where there is none or it was lost. */
  get(host: Host): Promise<Session>
  /** Opens many side by side; one that fails holds up no other. */
  open(hosts: readonly Host[]): Promise<Opened[]>
  state(host: string): HostState
  /** Ends every session; the pool opens none afterwards. */
  close(): Promise<void>
}

/** How the opening of one host came out. */
export type Opened = { host: Host; session: Session } | { host: Host; error: unknown }

/** A pool over `connect`. `onState` gets each change of each host's state. */
export function createPool(o: {
  connect(host: Host): Promise<Session>
  onState?(host: string, state: HostState): void
}): Pool {
  const sessions = new Map<string, Promise<Session>>()
  const states = new Map<string, HostState>()
  let closed = false
  const set = (host: string, state: HostState) => {
    states.set(host, state)
    o.onState?.(host, state)
  }
  const start = async (host: Host): Promise<Session> => {
    set(host.name, { is: 'connecting', since: now() })
    try {
      const session = await o.connect(host)
      set(host.name, session.state())
      session.onState((state) => set(host.name, state))
      return session
    } catch (error) {
      sessions.delete(host.name)
      set(host.name, failed(error))
      throw error
    }
  }
  const get = async (host: Host): Promise<Session> => {
    if (closed) throw new Error('the pool was closed')
    const known = sessions.get(host.name)
    if (known) {
      const session = await known
      if (session.state().is !== 'lost') return session
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
      closed = true
      const open = [...sessions.values()]
      sessions.clear()
      await Promise.all(open.map((session) => session.then((s) => s[Symbol.asyncDispose]()).catch(() => {})))
    },
  }
}

/** A host that said no is refused until something changes; one that did not answer may be back the next moment. */
function failed(error: unknown): HostState {
  const refused = error instanceof ConnectError && ['host key', 'authentication'].includes(error.phase)
  return refused
    ? { is: 'refused', reason: messageOf(error) }
    : { is: 'lost', since: now(), reason: messageOf(error) }
}
