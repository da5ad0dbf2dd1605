import type { Duplex } from 'node:stream'
import ssh2, { type Client } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import type { ConnectPhase, Host } from '../../model/host.ts'
import { pausable } from '../clock.ts'
import { ConnectError, hostWords } from '../errors.ts'
import { type HostKeyVerdict, knownAlgorithms, knownHostsFiles, verdict } from '../known_hosts.ts'
import type { Prompter } from '../prompter.ts'
import { isTerrapinSafe, offeredAlgorithms } from './algorithms.ts'
import { authentication } from './authenticate.ts'
import type { Timeouts } from './reach.ts'
import { failClosed } from './verifier.ts'

/** A host key that was refused, with the key itself, so that a person can be asked about it. */
export class HostKeyRefused extends ConnectError {
  readonly key: Buffer
  readonly verdict: Exclude<HostKeyVerdict, { is: 'known' }>

  constructor(host: Host, key: Buffer, judged: Exclude<HostKeyVerdict, { is: 'known' }>) {
    const { message, next } = explain(host, judged)
    const known = judged.is === 'changed' ? judged.known.map((k) => k.fingerprint) : []
    super('host key', message, {
      where: `${host.name} (${host.address}:${host.port})`,
      fingerprints: [judged.fingerprint, ...known],
      next,
    })
    this.name = 'HostKeyRefused'
    this.key = key
    this.verdict = judged
  }
}

function explain(
  host: Host,
  judged: Exclude<HostKeyVerdict, { is: 'known' }>,
): { message: string; next: string } {
  const shown = judged.fingerprint
  switch (judged.is) {
    case 'unknown':
      return {
        message: `its host key is not known: ${shown}`,
        next: `compare the fingerprint, then: sitrep trust ${host.name}`,
      }
    case 'changed': {
      const known = judged.known.map((k) => `${k.fingerprint} (${k.file}:${k.line})`).join(', ')
      return {
        message: `its host key has changed: it shows ${shown}; known is ${known}`,
        next: 'find out why from someone who runs the host; if it is right, remove the old line by hand',
      }
    }
    case 'revoked':
      return {
        message: `its host key is revoked: ${shown} (${judged.file}:${judged.line})`,
        next: 'do not connect; the key is marked as stolen or retired',
      }
    case 'unreadable':
      return {
        message: `${judged.file} can not be read (${judged.reason}), so its host key ${shown} can not be checked`,
        next: 'make the file readable',
      }
  }
}

/** An authenticated client, and the fingerprint of the host key that was accepted. */
export interface Authenticated {
  client: Client
  fingerprint: string
}

/**
 * Speaks SSH over a stream up to the end of authentication. The host key is judged synchronously within the key exchange,
 * before anything of ours is sent; each phase has its own time and name.
 */
export function handshake(
  host: Host,
  stream: Duplex,
  o: {
    prompter?: Prompter
    timeouts: Timeouts
    keepalive: { intervalMs: number; count: number }
    /** Sees the key and what is known of it, and may still say no. */
    onHostKey?(key: Buffer, judged: HostKeyVerdict): boolean
  },
): Promise<Authenticated> {
  const files = knownHostsFiles(host)
  const where = `${host.name} (${host.address}:${host.port})`
  const { promise, resolve, reject } = Promise.withResolvers<Authenticated>()
  const client = new ssh2.Client()
  let phase: ConnectPhase = 'handshake'
  let fingerprint = ''
  let refused: HostKeyRefused | undefined
  const fail = (error: ConnectError) => {
    clock.stop()
    // An error that comes after the first (ssh2 may emit two) must not end the program.
    client.on('error', () => {})
    client.destroy()
    stream.destroy()
    reject(error)
  }
  const late = (ms: number) => () =>
    fail(new ConnectError(phase, `no end of the ${phase} within ${ms / 1000} s`, { where }))
  let clock = pausable(o.timeouts.handshake)
  void clock.over.then(late(o.timeouts.handshake))
  const auth = authentication(host, {
    ...(o.prompter === undefined ? {} : { prompter: o.prompter }),
    waiting: (on) => clock.pause(on),
    agentTimeoutMs: Math.min(5000, o.timeouts.authentication),
  })
  client.on('handshake', (negotiated) => {
    if (phase === 'authentication') return
    if (!isTerrapinSafe(client, negotiated)) {
      const message =
        'it offers neither strict key exchange nor AES-GCM, so the connection could be tampered with'
      fail(new ConnectError('handshake', message, { where, next: 'update its SSH server' }))
      return
    }
    phase = 'authentication'
    clock.stop()
    clock = pausable(o.timeouts.authentication)
    void clock.over.then(late(o.timeouts.authentication))
  })
  client.on('error', (error: Error & { level?: string }) => {
    // The agent's failure is one method's; the next is tried.
    if (error.level === 'agent') return
    if (refused) fail(refused)
    else if (error.level === 'client-authentication') {
      fail(new ConnectError('authentication', refusal(host, auth.tried), { where, cause: error }))
    } else
      fail(
        new ConnectError(phase, `the connection ended: ${hostWords(messageOf(error))}`, {
          where,
          cause: error,
        }),
      )
  })
  client.on('close', () =>
    fail(refused ?? new ConnectError(phase, 'the host closed the connection', { where })),
  )
  client.once('ready', () => {
    clock.stop()
    client.removeAllListeners()
    client.on('error', () => {})
    resolve({ client, fingerprint })
  })
  try {
    client.connect({
      sock: stream as never,
      username: host.user,
      readyTimeout: 0,
      keepaliveInterval: o.keepalive.intervalMs,
      keepaliveCountMax: o.keepalive.count,
      algorithms: offeredAlgorithms(knownAlgorithms(files, host.address, host.port)),
      authHandler: auth.handler,
      hostVerifier: failClosed((key) => {
        const judged = verdict(files, host.address, host.port, key)
        fingerprint = judged.fingerprint
        if (o.onHostKey?.(Buffer.from(key), judged) === false) return false
        if (judged.is === 'known') return true
        phase = 'host key'
        refused = new HostKeyRefused(host, Buffer.from(key), judged)
        return false
      }),
    })
  } catch (error) {
    fail(new ConnectError(phase, hostWords(messageOf(error)), { where, cause: error }))
  }
  return promise
}

function refusal(host: Host, tried: readonly string[]): string {
  const list = tried.length === 0 ? 'no key was found to try' : `tried: ${tried.join('; ')}`
  return `it did not let ${host.user} in; ${list}`
}
