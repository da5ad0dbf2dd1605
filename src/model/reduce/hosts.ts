import { type ClockOffset, hasMoved, isOff } from '../clock.ts'
import { addRow, adopt, type Handlers, own } from './draft.ts'

/** Hosts: only what went wrong, and its end, is worth a row. */
export const hosts: Handlers = {
  'host.connected'(draft, event) {
    const { host, address, user, transport, fingerprint, because } = event.data
    const before = draft.incident.hosts[host]?.state
    const why = because === undefined ? '' : ` (${because})`
    const detail = `${user}@${address} by ${transport}${why}`
    own(draft, draft.incident, 'hosts')[host] = adopt(draft, {
      state: 'connected',
      detail,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    })
    if (before === 'lost' || before === 'refused')
      addRow(draft, event, { kind: 'host', text: `Connected again: ${detail}`, host })
  },
  'host.stale'(draft, event) {
    const { host, since } = event.data
    const detail = `silent since ${since}`
    own(draft, draft.incident, 'hosts')[host] = { ...draft.incident.hosts[host], state: 'stale', detail }
  },
  'host.lost'(draft, event) {
    const { host, reason } = event.data
    own(draft, draft.incident, 'hosts')[host] = {
      ...draft.incident.hosts[host],
      state: 'lost',
      detail: reason,
    }
    addRow(draft, event, { kind: 'host', text: `Connection lost: ${reason}`, host, bad: true })
  },
  'host.refused'(draft, event) {
    const { host, phase, reason, fingerprints } = event.data
    own(draft, draft.incident, 'hosts')[host] = {
      ...draft.incident.hosts[host],
      state: 'refused',
      detail: `${phase}: ${reason}`,
    }
    const evidence = fingerprints?.join(', ')
    addRow(draft, event, {
      kind: 'host',
      text: `Refused (${phase}): ${reason}`,
      host,
      bad: true,
      ...(evidence ? { evidence } : {}),
    })
  },
  'host.clock'(draft, event) {
    const { host, offsetMs, uncertaintyMs } = event.data
    const before = draft.incident.clocks[host]
    // A poorer look at a clock that has not moved takes nothing away from what is known.
    const known = before !== undefined && !hasMoved(before, event.data)
    if (known && uncertaintyMs > before.uncertaintyMs) return
    own(draft, draft.incident, 'clocks')[host] = { offsetMs, uncertaintyMs, at: event.at }
    const wasOff = before !== undefined && isOff(before)
    if (!isOff(event.data)) {
      if (wasOff)
        addRow(draft, event, {
          kind: 'host',
          text: `Clock of the host is right again: ${sayOff(event.data)}`,
          host,
        })
      return
    }
    // Each console measures for itself: what it finds as the last one did is no news.
    if (wasOff && known) return
    const text = `Clock of the host is off by ${sayOff(event.data)}`
    addRow(draft, event, { kind: 'host', text, host, bad: true })
  },
}

function sayOff({ offsetMs, uncertaintyMs }: ClockOffset): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(1)
  return `${seconds(offsetMs)} s ± ${seconds(uncertaintyMs)} s`
}
