import type { ConnectEvent } from '../hosts/connect.ts'
import type { Append } from '../model/event.ts'
import type { Host, HostState } from '../model/host.ts'

/** Journals what becomes of the ways to hosts. */
export interface HostRecorder {
  event(event: ConnectEvent): void
  state(host: string, state: HostState): void
}

/**
 * Each loss, each silence and each refusal once: a host that is tried again and refuses again for the same reason is no news.
 * `recording` gets what is being written.
 */
export function hostRecorder(append: Append, recording: (recorded: Promise<unknown>) => void): HostRecorder {
  const refusals = new Map<string, string>()
  const states = new Map<string, HostState['is']>()
  return {
    event(event) {
      const { host } = event
      if (event.is === 'connected') {
        refusals.delete(host.name)
        return recording(append('host.connected', connected(host, event)))
      }
      const { phase, reason, fingerprints } = event
      const refusal = `${phase}: ${reason}`
      if (refusals.get(host.name) === refusal) return
      refusals.set(host.name, refusal)
      recording(append('host.refused', { host: host.name, phase, reason, fingerprints: [...fingerprints] }))
    },
    state(host, state) {
      const before = states.get(host)
      states.set(host, state.is)
      // Only a way that was open can be lost; one that never opened was refused.
      if (state.is === 'lost' && (before === 'ready' || before === 'stale'))
        recording(append('host.lost', { host, reason: state.reason }))
      if (state.is === 'stale' && before === 'ready')
        recording(append('host.stale', { host, since: state.since }))
    },
  }
}

function connected(host: Host, { ms, fingerprint }: Extract<ConnectEvent, { is: 'connected' }>) {
  const { name, address, user, transport, because, notes } = host
  return {
    host: name,
    address,
    user,
    transport,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ms: Math.round(ms),
    ...(because === undefined ? {} : { because }),
    ...(notes === undefined ? {} : { notes: [...notes] }),
  }
}
