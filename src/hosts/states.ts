import type { HostState } from '../model/host.ts'

/** Keeps the state of one way to a host, and tells when it becomes another. */
export interface StateKeeper {
  get(): HostState
  set(state: HostState): void
  on(listener: (state: HostState) => void): () => void
}

/** A keeper that begins with this state. */
export function keepState(first: HostState): StateKeeper {
  let state = first
  const listeners = new Set<(state: HostState) => void>()
  return {
    get: () => state,
    set(next) {
      if (next.is === state.is) return
      state = next
      for (const listener of listeners) listener(next)
    },
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Now, as ISO 8601 UTC. */
export const now = (): string => new Date().toISOString()
