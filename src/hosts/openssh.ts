import { defaultLinkTimes, type Host } from '../model/host.ts'
import { ConnectError } from './errors.ts'
import { lastHop } from './jump/chain.ts'
import { refusedForward } from './jump/refused.ts'
import { askAboutKey } from './known_hosts/question.ts'
import { type HostKeyVerdict, knownHostsFiles, knownName, verdict } from './known_hosts.ts'
import type { Link, LinkDeps } from './link.ts'
import { UntrustedKey, whereOf } from './openssh/failure.ts'
import { type Master, startMaster } from './openssh/master.ts'
import { createSharedOpenssh, type SharedOpenssh } from './openssh/shared.ts'
import { shownKey } from './openssh/shownKey.ts'
import { opensshTransport } from './openssh/transport.ts'
import { unlessGivenUp } from './ssh2/giveUp.ts'
import { HostKeyRefused, otherHostKey, refusalOf } from './ssh2/hostKeyRefused.ts'
import type { Transport } from './transport.ts'

type LoginDeps = Omit<LinkDeps, 'shared'> & { shared: SharedOpenssh }

/**
 * Opens a link over the system's ssh, which can do what ssh2 can't: certificates of users and hosts, security keys, GSSAPI,
 * post-quantum key exchange. The host is judged by the same known_hosts files, and with the same answers; what ssh asks is
 * asked by the prompter. Throws ConnectError.
 */
export async function openOpenssh(host: Host, deps: LinkDeps): Promise<Link> {
  const own = deps.shared === undefined ? createSharedOpenssh() : undefined
  try {
    const shared = own ?? deps.shared?.openssh ?? createSharedOpenssh()
    const master = await login(host, { ...deps, shared })
    const transport = opensshTransport(master, deps.times)
    const { fingerprint } = master
    return {
      transport: own ? closing(transport, () => own.close()) : transport,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    }
  } catch (error) {
    await own?.close()
    throw error
  }
}

/** The host key that a host shows to the system's ssh, and what the known_hosts files say of it; nothing is authenticated there. */
export async function showOpensshHostKey(
  host: Host,
  deps: Pick<LinkDeps, 'secrets'> & Partial<LinkDeps>,
): Promise<{ key: Buffer; verdict: HostKeyVerdict }> {
  const shared = deps.shared?.openssh ?? createSharedOpenssh()
  try {
    const all = { times: defaultLinkTimes, ...deps, shared }
    const through = await lastHopOf(host, all)
    const key = await shownKey(host, { ...all, ...(through ? { through } : {}) })
    if (!key) throw new ConnectError('host key', 'it showed no host key', { where: whereOf(host) })
    const { name, port } = knownName(host)
    return { key, verdict: verdict(knownHostsFiles(host), name, port, key) }
  } finally {
    if (!deps.shared) await shared.close()
  }
}

/** Connects; a key that nobody knows is shown to the prompter, and only a yes writes it down and connects again. */
async function login(host: Host, deps: LoginDeps): Promise<Master> {
  try {
    return await attempt(host, deps)
  } catch (error) {
    const { prompter, signal, expected } = deps
    if (!(error instanceof HostKeyRefused) || error.verdict.is !== 'unknown' || !prompter) throw error
    // A session that has begun knows its host; nobody is to be asked in its middle.
    if (expected !== undefined) throw error
    const asking = { prompter, ...(signal === undefined ? {} : { signal }) }
    if (!(await askAboutKey(host, error.key, asking))) throw error
    return attempt(host, deps)
  }
}

async function attempt(host: Host, deps: LoginDeps): Promise<Master> {
  refuseUnreadable(host)
  const through = await lastHopOf(host, deps)
  const way = through ? { through } : {}
  const before = through?.forwardFailed()
  try {
    const master = await startMaster(host, { ...deps, ...way, passphrases: deps.shared.passphrases })
    const { expected } = deps
    if (expected === undefined || master.fingerprint === expected) return master
    await master.close()
    throw otherHostKey(host, master.fingerprint ?? 'a key that ssh does not name', expected)
  } catch (error) {
    const forward = through?.forwardFailed()
    if (
      error instanceof ConnectError &&
      error.phase === 'connect' &&
      forward !== undefined &&
      forward !== before
    ) {
      throw forwardError(host, forward.said)
    }
    if (!(error instanceof UntrustedKey)) throw error
    const key = await shownKey(host, { ...deps, ...way })
    const { name, port } = knownName(host)
    const judged = key && verdict(knownHostsFiles(host), name, port, key)
    // Where the key alone would do, it is the certificate that ssh did not accept, and its own words say why.
    const refusal = key && judged && !error.certificate && refusalOf(host, key, judged, deps.expected)
    throw refusal || error
  }
}

/** ssh takes a known_hosts file that it can't read for an empty one, and goes on to the next. */
function refuseUnreadable(host: Host): void {
  const { name, port } = knownName(host)
  const judged = verdict(knownHostsFiles(host), name, port, Buffer.alloc(0))
  if (judged.is !== 'unreadable') return
  const { file, reason } = judged
  throw new ConnectError(
    'host key',
    `${file} can not be read (${reason}), so its host key can not be checked`,
    {
      where: whereOf(host),
      next: 'make the file readable',
    },
  )
}

/** The open connection to the last hop of a host's way; undefined where it has none. */
async function lastHopOf(host: Host, deps: LoginDeps): Promise<Master | undefined> {
  if (lastHop(host) === undefined) return undefined
  const { expected: _ofTheHost, ...rest } = deps
  const opening = deps.shared.hops.through(host, (hop, signal, expected) => {
    const times = { ...deps.times, ...hop.link }
    return login(hop, { ...rest, times, signal, ...(expected === undefined ? {} : { expected }) })
  })
  return unlessGivenUp(opening, host, deps.signal)
}

/** What the last hop said of the forward, in place of the connection's own error, which knows no reason. */
function forwardError(host: Host, said: string): ConnectError {
  const hop = lastHop(host) ?? host
  const forbidden = /prohibited/.test(said)
  return refusedForward(host, hop, Object.assign(new Error(said), forbidden ? { reason: 1 } : {}))
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
