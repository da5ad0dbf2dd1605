import type { Duplex } from 'node:stream'
import type { Host, LinkTimes } from '../../model/host.ts'
import type { SecretStore } from '../../model/secret.ts'
import { askAboutKey } from '../known_hosts/question.ts'
import type { HostKeyVerdict } from '../known_hosts.ts'
import type { Prompter } from '../prompter.ts'
import type { SharedLinks } from '../shared.ts'
import { hasSystemSsh } from '../systemSsh.ts'
import { type Authenticated, handshake } from './handshake.ts'
import { HostKeyRefused } from './hostKeyRefused.ts'
import { openWay } from './way.ts'

/** What logging in to a host, or to a jump host on the way, may use. */
export interface LoginDeps {
  prompter?: Prompter
  secrets: Pick<SecretStore, 'register'>
  times: LinkTimes
  shared: SharedLinks
  /** SHA256 fingerprint of the only key that is taken from it. */
  expected?: string
  signal?: AbortSignal
}

/** An authenticated client with the stream that it speaks over. */
export interface Login extends Authenticated {
  stream: Duplex
}

/**
 * Makes the way to a host and logs in. Where the host key is not known, asks and connects again: the first connection is over
 * by then, for the verifier can't wait for a person, and nothing was sent to a host that nobody vouched for.
 */
export async function login(host: Host, deps: LoginDeps): Promise<Login> {
  try {
    return await attempt(host, deps)
  } catch (error) {
    const { prompter, signal, expected } = deps
    if (!(error instanceof HostKeyRefused) || error.verdict.is !== 'unknown' || !prompter) throw error
    // A session that has begun knows its host; nobody is to be asked in its middle.
    if (expected !== undefined) throw error
    // Such a host is not for us to judge: the system's ssh can check its certificate.
    if (error.verdict.authority && hasSystemSsh()) throw error
    const asking = { prompter, ...(signal === undefined ? {} : { signal }) }
    if (!(await askAboutKey(host, error.key, asking))) throw error
    return attempt(host, deps)
  }
}

/** One attempt. `onHostKey` sees the key and what is known of it, and may still say no. */
export async function attempt(
  host: Host,
  deps: LoginDeps,
  onHostKey?: (key: Buffer, verdict: HostKeyVerdict) => boolean,
): Promise<Login> {
  const { stream, explain } = await openWay(host, deps)
  try {
    const authenticated = await handshake(host, stream, {
      ...deps,
      ...(onHostKey === undefined ? {} : { onHostKey }),
    })
    return { ...authenticated, stream }
  } catch (error) {
    stream.destroy()
    throw explain ? await explain(error) : error
  }
}
