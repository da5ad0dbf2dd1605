import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'
import { lastHop, wayKey } from '../jump/chain.ts'
import { HopRefused } from '../jump/refused.ts'
import type { Master } from './master.ts'

/** The open connections of the system's ssh to jump hosts, one for each way, so that a one-time code is asked once. */
export interface Masters {
  /** The last hop of the host's way, opened by `open` where it is not open yet. Throws ConnectError, which names the hop. */
  through(host: Host, open: OpenHop): Promise<Master>
  /** Ends all of them. */
  close(): Promise<void>
}

/**
 * Opens a hop; `expected` is the fingerprint of the key that it was let in by before. Others may wait for the same hop: its
 * login is given up by this `signal`, with all of them.
 */
type OpenHop = (hop: Host, signal: AbortSignal, expected?: string) => Promise<Master>

/** None is open yet. One that was lost is opened anew by the next host that wants it. */
export function createMasters(): Masters {
  const masters = new Map<string, Promise<Master>>()
  const keys = new Map<string, string>()
  const closing = new AbortController()
  const get = (hop: Host, open: OpenHop): Promise<Master> => {
    const key = wayKey(hop)
    const known = masters.get(key)
    if (known) return known
    const gone = () => {
      if (masters.get(key) === opening) masters.delete(key)
    }
    const opening = open(hop, closing.signal, keys.get(key)).then(async (master) => {
      if (master.fingerprint !== undefined) keys.set(key, master.fingerprint)
      void master.ended.then(gone)
      if (!closing.signal.aborted) return master
      await master.close()
      throw new ConnectError('connect', 'the session was closed', { where: hop.name })
    })
    masters.set(key, opening)
    opening.catch(gone)
    return opening
  }
  return {
    async through(host, open) {
      const way = lastHop(host)
      if (!way) throw new TypeError('this host has no jump hosts')
      return get(way, open).catch((error: unknown) => {
        throw error instanceof ConnectError ? HopRefused.of(host, way, error) : error
      })
    },
    async close() {
      closing.abort()
      const open = [...masters.values()]
      masters.clear()
      // The last that was opened goes through those before it.
      for (const master of open.reverse()) await master.then((opened) => opened.close()).catch(() => {})
    },
  }
}
