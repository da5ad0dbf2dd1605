import { lookup } from 'node:dns'
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'

/** Milliseconds for each phase of opening a session. */
export interface Timeouts {
  resolve: number
  connect: number
  handshake: number
  authentication: number
}

/** The phases' times where nobody says otherwise. */
export const defaultTimeouts: Timeouts = {
  resolve: 5000,
  connect: 10_000,
  handshake: 10_000,
  authentication: 20_000,
}

interface Address {
  address: string
  family: number
}

/** Finds the host's addresses; a resolver that hangs has its own time and name. */
export async function resolveHost(host: Host, timeoutMs: number): Promise<Address[]> {
  const family = isIP(host.address)
  if (family !== 0) return [{ address: host.address, family }]
  const where = `${host.name} (${host.address})`
  const { promise, resolve, reject } = Promise.withResolvers<Address[]>()
  const fail = (message: string, cause?: unknown) =>
    reject(new ConnectError('resolve', message, { where, cause }))
  const timer = setTimeout(
    () => fail(`the name ${host.address} was not resolved within ${timeoutMs / 1000} s`),
    timeoutMs,
  )
  lookup(host.address, { all: true }, (error, addresses) => {
    if (error) fail(`the name ${host.address} could not be resolved (${error.code ?? error.message})`, error)
    else resolve(addresses)
  })
  return promise.finally(() => clearTimeout(timer))
}

/** Opens a TCP connection to the first of the addresses that answers (Happy Eyeballs). */
export async function reach(host: Host, addresses: Address[], timeoutMs: number): Promise<Socket> {
  const where = `${host.name} (${host.address}:${host.port})`
  const known = ((_name, _options, callback) => callback(null, addresses)) as LookupFunction
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connectTcp({ host: host.address, port: host.port, lookup: known, autoSelectFamily: true })
  const fail = (message: string, cause?: unknown) => {
    socket.destroy()
    reject(new ConnectError('connect', message, { where, cause }))
  }
  const timer = setTimeout(() => fail(`no connection within ${timeoutMs / 1000} s`), timeoutMs)
  const onError = (error: NodeJS.ErrnoException) => fail(causes[error.code ?? ''] ?? error.message, error)
  socket.once('error', onError)
  socket.once('connect', () => {
    // Without it a command waits for Nagle and a delayed ACK: 90 ms in place of 4.
    socket.setNoDelay(true)
    socket.off('error', onError)
    resolve(socket)
  })
  return promise.finally(() => clearTimeout(timer))
}

const causes: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused: nothing listens on this port',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'no answer',
}
