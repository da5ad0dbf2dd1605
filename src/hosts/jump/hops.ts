import type { Duplex } from 'node:stream'
import type { Channel, Client } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import type { Host } from '../../model/host.ts'
import { ConnectError, hostWords } from '../errors.ts'
import { unlessGivenUp } from '../ssh2/giveUp.ts'
import { type LoginDeps, login } from '../ssh2/login.ts'
import { lastHop, wayKey } from './chain.ts'
import { HopRefused, refusedForward } from './refused.ts'

/** The open logins on jump hosts, one for each way: many hosts behind one bastion cost one login and one one-time code. */
export interface Hops {
  /** A stream to the host from the last hop of its way. Throws ConnectError, which names the hop where it was one that failed. */
  through(host: Host, deps: LoginDeps): Promise<Duplex>
  /** Ends all of them. */
  close(): Promise<void>
}

interface Hop {
  forward(host: Host, timeoutMs: number): Promise<Duplex>
  /** Settles when the connection has ended. */
  close(): Promise<void>
}

/** None is open yet. One that was lost is opened anew by the next host that wants it. */
export function createHops(): Hops {
  const hops = new Map<string, Promise<Hop>>()
  /** The key that the first login on each way was let in by; each later one has to be shown it too. */
  const keys = new Map<string, string>()
  const closing = new AbortController()
  const get = (hop: Host, deps: LoginDeps): Promise<Hop> => {
    const key = wayKey(hop)
    const known = hops.get(key)
    if (known) return known
    const gone = () => {
      if (hops.get(key) === opening) hops.delete(key)
    }
    const times = { ...deps.times, ...hop.link }
    // Others may wait for the same hop: its login ends with all of them, not with the one that came first.
    const { signal } = closing
    const { expected: _ofTheHost, ...rest } = deps
    const expected = keys.get(key)
    const own = { ...rest, times, signal, ...(expected === undefined ? {} : { expected }) }
    const opening = login(hop, own).then(({ client, stream, fingerprint }) => {
      keys.set(key, fingerprint)
      return wrap(hop, client, stream, gone)
    })
    hops.set(key, opening)
    opening.catch(gone)
    return opening
  }
  return {
    async through(host, deps) {
      const way = lastHop(host)
      if (!way) throw new TypeError('this host has no jump hosts')
      const opening = get(way, deps).catch((error: unknown) => {
        throw error instanceof ConnectError ? HopRefused.of(host, way, error) : error
      })
      const hop = await unlessGivenUp(opening, host, deps.signal)
      return hop.forward(host, deps.times.connect)
    },
    async close() {
      closing.abort()
      const open = [...hops.values()]
      hops.clear()
      await Promise.all(open.map((hop) => hop.then((opened) => opened.close()).catch(() => {})))
    },
  }
}

function wrap(hop: Host, client: Client, stream: Duplex, gone: () => void): Hop {
  const channels = new Set<Channel>()
  const ended = Promise.withResolvers<void>()
  let lost: string | undefined
  const lose = (reason: string) => {
    if (lost !== undefined) return
    lost = reason
    gone()
    // Told before ssh2 ends the channels: the links through this hop then know why they were lost.
    for (const channel of channels) channel.emit('error', new Error(reason))
    channels.clear()
    client.destroy()
    stream.destroy()
    ended.resolve()
  }
  client.on('error', (error: Error & { level?: string }) => {
    if (error.level !== 'agent') lose(`the jump host ${hop.name} was lost: ${hostWords(messageOf(error))}`)
  })
  const closedByHost = () => lose(`the jump host ${hop.name} closed the connection`)
  stream.prependListener('end', closedByHost)
  stream.prependListener('close', closedByHost)
  if (stream.destroyed) closedByHost()
  return {
    forward: (host, timeoutMs) =>
      new Promise((resolve, reject) => {
        const fail = (error: ConnectError) => {
          clearTimeout(timer)
          reject(error)
        }
        const where = `${host.name} (${host.address}:${host.port})`
        const late = `the jump host ${hop.name} reached no connection within ${timeoutMs / 1000} s`
        const timer = setTimeout(() => fail(new ConnectError('connect', late, { where })), timeoutMs)
        if (lost !== undefined) return fail(new ConnectError('connect', lost, { where }))
        client.forwardOut('127.0.0.1', 0, host.address, host.port, (error, channel) => {
          if (error) return fail(refusedForward(host, hop, error))
          // An answer that came too late is nobody's.
          channel.on('error', () => {})
          channels.add(channel)
          channel.once('close', () => channels.delete(channel))
          clearTimeout(timer)
          resolve(channel)
        })
      }),
    close() {
      gone()
      client.end()
      const timer = setTimeout(() => stream.destroy(), 1000)
      return ended.promise.finally(() => clearTimeout(timer))
    },
  }
}
