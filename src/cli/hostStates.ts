import type { HostState } from '../model/host.ts'

/**
 * Says what a run waits for: that a host is silent, or why it is tried again. The journal's events, which are printed too,
 * tell the loss and the return; the same trouble is said once until it is another.
 */
export function hostStatesTold(say: (line: string) => void): (host: string, state: HostState) => void {
  const said = new Map<string, string>()
  return (host, state) => {
    const trouble = troubleOf(state)
    if (trouble === undefined) {
      if (state.is === 'ready') said.delete(host)
      // The journal's event says that already.
      if (state.is === 'lost') said.set(host, state.reason)
      return
    }
    const what = trouble.replace(/; (next try .*|trying again)$/, '')
    if (said.get(host) === what) return
    said.set(host, what)
    say(`${host}: ${trouble}`)
  }
}

function troubleOf(state: HostState): string | undefined {
  switch (state.is) {
    case 'connecting':
    case 'ready':
      return state.reason
    case 'stale':
      return `silent since ${state.since.slice(11, 19)} UTC`
    default:
      return undefined
  }
}
