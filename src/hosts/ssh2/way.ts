import type { Duplex } from 'node:stream'
import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'
import { unlessGivenUp } from './giveUp.ts'
import type { LoginDeps } from './login.ts'
import { reach } from './reach.ts'
import { resolveHost } from './resolve.ts'

/** A stream to a host, over which SSH is spoken. */
export interface Way {
  stream: Duplex
  /** The error to tell in place of the one that was met, where the way itself knows better why it gave no connection. */
  explain?(error: unknown): Promise<unknown>
}

/** Makes the way to a host: through its jump hosts, by its proxy command, or over TCP. */
export async function openWay(host: Host, deps: LoginDeps): Promise<Way> {
  const { times, signal } = deps
  if (host.via && host.via.length > 0) {
    const opening = deps.shared.hops.through(host, deps)
    // One that comes when nobody waits for it any more is closed.
    const dropped = () => void opening.then((stream) => stream.destroy()).catch(() => {})
    const stream = await unlessGivenUp(opening, host, signal).catch((error: unknown) => {
      dropped()
      throw error
    })
    return { stream }
  }
  if (host.proxyCommand !== undefined) {
    const { startProxyCommand } = await import('./proxyCommand.ts')
    const { stream, explain } = startProxyCommand(host, host.proxyCommand)
    const better = async (error: unknown) => {
      const early = error instanceof ConnectError && error.phase === 'handshake' && !stream.readableDidRead
      return early ? ((await explain()) ?? error) : error
    }
    return { stream, explain: better }
  }
  return { stream: await reach(host, await resolveHost(host, times.resolve, signal), times.connect, signal) }
}
