import { SitrepError } from '../model/errors.ts'
import type { Host, LinkTimes } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import { HopRefused } from './jump/refused.ts'
import type { KnownAuthority } from './known_hosts.ts'
import { localTransport } from './local.ts'
import type { Prompter } from './prompter.ts'
import type { SharedLinks } from './shared.ts'
import { HostKeyRefused } from './ssh2/hostKeyRefused.ts'
import { openSsh2 } from './ssh2.ts'
import { hasSystemSsh } from './systemSsh.ts'
import type { Transport } from './transport.ts'

/** A link that was just opened: one attempt's success. It ends once, and does not come back by itself. */
export interface Link {
  transport: Transport
  /** SHA256 fingerprint of the accepted host key, where there is one. */
  fingerprint?: string
  /** What let us in, in words: `the agent's key`, `a password`. */
  authentication?: string
  /** The host as it was reached, where that is another way than it was asked for: by the system's ssh, and `because` of what. */
  host?: Host
}

/** What opening a link may use. */
export interface LinkDeps {
  prompter?: Prompter
  /** Learns what is typed to log in, so that no sink shows it. */
  secrets: Pick<SecretStore, 'value' | 'register'>
  times: LinkTimes
  /** What the links of one fleet share: unlocked keys, logins on jump hosts. Without it each link has its own. */
  shared?: SharedLinks
  /**
   * SHA256 fingerprint of the key that the host showed to the link before. Another key is refused whatever known_hosts says,
   * and nobody is asked about one that is not known any more.
   */
  expected?: string
  /** Gives the attempt up: what it opened so far is closed at once. */
  signal?: AbortSignal
}

/**
 * Opens a link by the host's transport. Where a certificate authority of known_hosts vouches for a host (or a jump host) whose
 * plain key nobody knows, ssh2 can't tell, and the system's ssh is used, which checks the certificate. Throws ConnectError where
 * the host can't be reached or refuses us, SitrepError('usage') where its configuration can't be used.
 */
export async function openLink(host: Host, deps: LinkDeps): Promise<Link> {
  if (host.unusable) {
    const { reason, next } = host.unusable
    throw new SitrepError('usage', reason, { where: host.name, next })
  }
  if (host.transport === 'local') return { transport: localTransport() }
  if (host.transport === 'openssh') return bySystemSsh(host, deps)
  try {
    return await openSsh2(host, deps)
  } catch (error) {
    const authority = authorityIn(error)
    if (!authority || !hasSystemSsh()) throw error
    const because = `a certificate authority vouches for it (${authority.file}:${authority.line})`
    const reached: Host = { ...host, transport: 'openssh', because }
    return { ...(await bySystemSsh(reached, deps)), host: reached }
  }
}

/** Loaded where it is wanted: most hosts are reached without it. */
async function bySystemSsh(host: Host, deps: LinkDeps): Promise<Link> {
  const { openOpenssh } = await import('./openssh.ts')
  return openOpenssh(host, deps)
}

/** The authority that may vouch for the host key that an attempt was refused for. */
function authorityIn(error: unknown): KnownAuthority | undefined {
  if (error instanceof HopRefused) return authorityIn(error.cause)
  if (!(error instanceof HostKeyRefused)) return undefined
  return 'authority' in error.verdict ? error.verdict.authority : undefined
}
