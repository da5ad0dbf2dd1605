import type { Duplex } from 'node:stream'
import type { Session } from '../model/command.ts'
import type { Host } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import { ConnectError } from './errors.ts'
import { appendTrusted, type HostKeyVerdict, knownHostsFiles, trustLine } from './known_hosts.ts'
import type { Prompter } from './prompter.ts'
import { createSession } from './session.ts'
import { type Authenticated, HostKeyRefused, handshake } from './ssh2/handshake.ts'
import { defaultTimeouts, reach, resolveHost, type Timeouts } from './ssh2/reach.ts'
import { defaultSilence, type Silence, ssh2Transport } from './ssh2/transport.ts'
import type { SudoPasswords } from './sudo/passwords.ts'

/** What opening a session over ssh2 may use. */
export interface Ssh2Deps {
  prompter?: Prompter
  secrets: Pick<SecretStore, 'value'>
  passwords: SudoPasswords
  timeouts?: Partial<Timeouts>
  silence?: Partial<Silence>
  gentleMs?: number
  /** A stream to speak over, made anew for each attempt, in place of a TCP connection: a jump host's channel, a proxy command. */
  stream?(): Promise<Duplex>
}

/** Opens a session over ssh2. A host key that nobody knows is shown to the prompter, and only a yes writes it down. */
export async function connectSsh2(
  host: Host,
  deps: Ssh2Deps,
): Promise<{ session: Session; fingerprint: string }> {
  const silence = { ...defaultSilence, ...deps.silence }
  const { client, stream, fingerprint } = await asking(host, deps, () => attempt(host, deps, silence))
  const transport = await ssh2Transport(client, stream, silence)
  const { secrets, passwords, gentleMs } = deps
  const machine = { host, user: host.user, transport, secrets, passwords }
  const session = createSession(gentleMs === undefined ? machine : { ...machine, gentleMs })
  return { session, fingerprint }
}

/** The host key that a host shows, and what the known_hosts files say of it; nothing is authenticated. For `sitrep trust`. */
export async function showHostKey(
  host: Host,
  deps: Pick<Ssh2Deps, 'timeouts' | 'stream'> = {},
): Promise<{ key: Buffer; verdict: HostKeyVerdict }> {
  let shown: { key: Buffer; verdict: HostKeyVerdict } | undefined
  const onHostKey = (key: Buffer, verdict: HostKeyVerdict) => {
    shown = { key, verdict }
    return false
  }
  try {
    const { client } = await attempt(host, deps, defaultSilence, onHostKey)
    client.destroy()
  } catch (error) {
    if (!shown) throw error
  }
  if (!shown) throw new ConnectError('host key', 'it showed no host key', { where: host.name })
  return shown
}

async function attempt(
  host: Host,
  deps: Pick<Ssh2Deps, 'prompter' | 'timeouts' | 'stream'>,
  silence: Silence,
  onHostKey?: (key: Buffer, verdict: HostKeyVerdict) => boolean,
): Promise<Authenticated & { stream: Duplex }> {
  const timeouts = { ...defaultTimeouts, ...deps.timeouts }
  const stream = deps.stream
    ? await deps.stream()
    : await reach(host, await resolveHost(host, timeouts.resolve), timeouts.connect)
  const authenticated = await handshake(host, stream, {
    timeouts,
    keepalive: silence,
    ...(deps.prompter === undefined ? {} : { prompter: deps.prompter }),
    ...(onHostKey === undefined ? {} : { onHostKey }),
  })
  return { ...authenticated, stream }
}

/**
 * Connects; where the host key is not known, asks and connects again. The first connection is over by then: the verifier
 * can't wait for a person, and nothing was sent to a host that nobody vouched for.
 */
async function asking<T>(
  host: Host,
  deps: Pick<Ssh2Deps, 'prompter'>,
  connect: () => Promise<T>,
): Promise<T> {
  try {
    return await connect()
  } catch (error) {
    if (!(error instanceof HostKeyRefused) || error.verdict.is !== 'unknown' || !deps.prompter) throw error
    const file = knownHostsFiles(host)[0]
    const yes = await deps.prompter.confirm({
      who: `${host.name} (${host.address}:${host.port})`,
      what: `this host is not known yet; its key is ${error.verdict.fingerprint}\ntrust it from now on?`,
    })
    if (!yes || file === undefined) throw error
    appendTrusted(file, trustLine(host.address, host.port, error.key))
    return connect()
  }
}
