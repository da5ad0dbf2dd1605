import { isDeepStrictEqual } from 'node:util'
import type { HostState } from '../model/host.ts'

/** Keeps the state of one way to a host, and tells when it becomes another. */
export interface StateKeeper {
  get(): HostState
  set(state: HostState): void
  on(listener: (state: HostState) => void): () => void
}

/** A keeper that begins with this state. The same state for the same reason is no news, and keeps its beginning. */
export function keepState(first: HostState): StateKeeper {
  let state = first
  const listeners = new Set<(state: HostState) => void>()
  return {
    get: () => state,
    set(next) {
      if (isDeepStrictEqual(essence(next), essence(state))) return
      state = next
      for (const listener of listeners) listener(next)
    },
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const essence = (state: HostState) => ({ ...state, since: '' })

/** The state of a way that we closed ourselves: it does not come back. */
export const closedState = (): HostState => ({ is: 'lost', since: now(), reason: closed })

const closed = 'closed'

/** Whether we closed it ourselves. */
export const isClosed = (state: HostState): boolean => state.is === 'lost' && state.reason === closed

/** Now, as ISO 8601 UTC. */
export const now = (): string => new Date().toISOString()
