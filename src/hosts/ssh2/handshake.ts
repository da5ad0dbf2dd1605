import type { Duplex } from 'node:stream'
import ssh2, { type Client } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import type { ConnectPhase, Host } from '../../model/host.ts'
import { pausable } from '../clock.ts'
import { ConnectError, hostWords } from '../errors.ts'
import { type HostKeyVerdict, knownAlgorithms, knownHostsFiles, knownName, verdict } from '../known_hosts.ts'
import { agentOf } from './agent.ts'
import { isTerrapinSafe, offeredAlgorithms } from './algorithms.ts'
import { authentication } from './authenticate.ts'
import { givenUp } from './giveUp.ts'
import { refusalOf } from './hostKeyRefused.ts'
import { keepalive } from './keepalive.ts'
import type { LoginDeps } from './login.ts'
import { failClosed } from './verifier.ts'

/** How long a host may think after a person's answer, in milliseconds: it may wait for a yes on their phone. */
const afterAnswer = 120_000

/** An authenticated client, the fingerprint of the host key that was accepted, and what the host accepted. */
export interface Authenticated {
  client: Client
  fingerprint: string
  authentication: string
}

/**
 * Speaks SSH over a stream up to the end of authentication. The host key is judged synchronously within the key exchange,
 * before anything of ours is sent; each phase has its own time and name.
 */
export function handshake(
  host: Host,
  stream: Duplex,
  o: LoginDeps & {
    /** Sees the key and what is known of it, and may still say no. */
    onHostKey?(key: Buffer, judged: HostKeyVerdict): boolean
  },
): Promise<Authenticated> {
  const files = knownHostsFiles(host)
  const known = knownName(host)
  const where = `${host.name} (${host.address}:${host.port})`
  const { promise, resolve, reject } = Promise.withResolvers<Authenticated>()
  const client = new ssh2.Client()
  const over = new AbortController()
  let phase: ConnectPhase = 'handshake'
  let fingerprint = ''
  let refused: ConnectError | undefined
  const settle = () => {
    clock.stop()
    over.abort()
    o.signal?.removeEventListener('abort', onGivenUp)
  }
  const fail = (error: ConnectError) => {
    settle()
    // An error that comes after the first (ssh2 may emit two) must not end the program.
    client.on('error', () => {})
    client.destroy()
    stream.destroy()
    reject(error)
  }
  const onGivenUp = () => fail(givenUp(host))
  // Nobody said no where time ran out or the connection went: a next try may come through.
  const broken = (message: string, cause?: unknown) =>
    fail(new ConnectError(phase, message, { where, cause, passing: true }))
  const timed = (ms: number) => {
    const timer = pausable(ms)
    void timer.over.then(() => broken(`no end of the ${phase} within ${ms / 1000} s`))
    return timer
  }
  let clock = timed(o.times.handshake)
  const restart = (ms: number) => {
    clock.stop()
    clock = timed(ms)
  }
  const auth = authentication(host, {
    ...(o.prompter === undefined ? {} : { prompter: o.prompter }),
    secrets: o.secrets,
    keys: o.shared.keys,
    waiting: (on) => clock.pause(on),
    onAnswer: () => restart(Math.max(o.times.authentication, afterAnswer)),
    onDeclined: () => fail(new ConnectError('authentication', 'nobody answered what it asked', { where })),
    signal: over.signal,
    agentTimeoutMs: Math.min(5000, o.times.authentication),
  })
  const agent = host.forwardAgent ? agentOf(host) : undefined
  client.on('handshake', (negotiated) => {
    if (phase === 'authentication') return
    if (!isTerrapinSafe(client, negotiated)) {
      const message =
        'it offers neither strict key exchange nor AES-GCM, so the connection could be tampered with'
      fail(new ConnectError('handshake', message, { where, next: 'update its SSH server' }))
      return
    }
    phase = 'authentication'
    restart(o.times.authentication)
  })
  client.on('error', (error: Error & { level?: string }) => {
    // The agent's failure is one method's; the next is tried.
    if (error.level === 'agent') return
    if (refused) return fail(refused)
    if (error.level === 'client-authentication') {
      const { message, next } = auth.refusal()
      const more = next === undefined ? {} : { next }
      return fail(new ConnectError('authentication', message, { where, cause: error, ...more }))
    }
    broken(`the connection ended: ${hostWords(messageOf(error))}`, error)
  })
  client.on('change password', () => {
    const message = `the password of ${host.user} has expired`
    fail(new ConnectError('authentication', message, { where, next: 'log in by hand and change it' }))
  })
  client.on('close', () => (refused ? fail(refused) : broken('the host closed the connection')))
  client.once('ready', () => {
    settle()
    client.removeAllListeners()
    client.on('error', () => {})
    resolve({ client, fingerprint, authentication: auth.accepted() })
  })
  if (o.signal?.aborted) onGivenUp()
  o.signal?.addEventListener('abort', onGivenUp, { once: true })
  try {
    client.connect({
      sock: stream as never,
      username: host.user,
      readyTimeout: 0,
      ...keepalive(o.times),
      algorithms: offeredAlgorithms(knownAlgorithms(files, known.name, known.port)),
      authHandler: auth.handler,
      // Only where the inventory says so: whoever is root on the host could log in elsewhere with it.
      ...(agent === undefined ? {} : { agent, agentForward: true }),
      hostVerifier: failClosed((key) => {
        const judged = verdict(files, known.name, known.port, key)
        fingerprint = judged.fingerprint
        if (o.onHostKey?.(Buffer.from(key), judged) === false) return false
        refused = refusalOf(host, Buffer.from(key), judged, o.expected)
        if (!refused) return true
        phase = 'host key'
        return false
      }),
    })
  } catch (error) {
    fail(new ConnectError(phase, hostWords(messageOf(error)), { where, cause: error }))
  }
  return promise
}
