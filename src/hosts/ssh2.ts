import { defaultLinkTimes, type Host } from '../model/host.ts'
import { ConnectError } from './errors.ts'
import type { HostKeyVerdict } from './known_hosts.ts'
import type { Link, LinkDeps } from './link.ts'
import { createSharedLinks } from './shared.ts'
import { attempt, type LoginDeps, login } from './ssh2/login.ts'
import { ssh2Transport } from './ssh2/transport.ts'
import type { Transport } from './transport.ts'

/** Opens a link over ssh2. A host key that nobody knows is shown to the prompter, and only a yes writes it down. */
export async function openSsh2(host: Host, deps: LinkDeps): Promise<Link> {
  const shared = deps.shared ?? createSharedLinks()
  const own = deps.shared === undefined
  try {
    const { client, stream, fingerprint, authentication } = await login(host, { ...deps, shared })
    const transport = await ssh2Transport(client, stream, deps.times)
    return { transport: own ? closing(transport, shared.close) : transport, fingerprint, authentication }
  } catch (error) {
    if (own) await shared.close()
    throw error
  }
}

/** A transport that closes what only it used: when it is closed, and when it is lost. */
function closing(transport: Transport, close: () => Promise<void>): Transport {
  if (transport.state().is === 'lost') void close()
  transport.onState((state) => {
    if (state.is === 'lost') void close()
  })
  return {
    ...transport,
    async close() {
      await transport.close()
      await close()
    },
  }
}

/**
 * The host key that a host shows, and what the known_hosts files say of it; nothing is authenticated there, but jump hosts on
 * the way are logged in to. For `sitrep trust`.
 */
export async function showHostKey(
  host: Host,
  deps: Pick<LoginDeps, 'secrets'> & Partial<LoginDeps>,
): Promise<{ key: Buffer; verdict: HostKeyVerdict }> {
  let shown: { key: Buffer; verdict: HostKeyVerdict } | undefined
  const onHostKey = (key: Buffer, verdict: HostKeyVerdict) => {
    shown = { key, verdict }
    return false
  }
  const shared = deps.shared ?? createSharedLinks()
  try {
    const { stream } = await attempt(host, { times: defaultLinkTimes, ...deps, shared }, onHostKey)
    stream.destroy()
  } catch (error) {
    if (!shown) throw error
  } finally {
    if (!deps.shared) await shared.close()
  }
  if (!shown) throw new ConnectError('host key', 'it showed no host key', { where: host.name })
  return shown
}
