import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'
import { givenUp } from './giveUp.ts'
import type { Address } from './resolve.ts'

/** Opens a TCP connection to the first of the addresses that answers (Happy Eyeballs). */
export async function reach(
  host: Host,
  addresses: Address[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Socket> {
  const where = `${host.name} (${host.address}:${host.port})`
  const known = ((_name, _options, callback) => callback(null, addresses)) as LookupFunction
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connectTcp({ host: host.address, port: host.port, lookup: known, autoSelectFamily: true })
  const fail = (error: ConnectError) => {
    socket.destroy()
    reject(error)
  }
  const late = `no connection within ${timeoutMs / 1000} s`
  const timer = setTimeout(() => fail(new ConnectError('connect', late, { where })), timeoutMs)
  const onAbort = () => fail(givenUp(host))
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const onError = (error: NodeJS.ErrnoException) =>
    fail(new ConnectError('connect', causes[error.code ?? ''] ?? error.message, { where, cause: error }))
  socket.once('error', onError)
  socket.once('connect', () => {
    // Without it a command waits for Nagle and a delayed ACK: 90 ms in place of 4.
    socket.setNoDelay(true)
    socket.off('error', onError)
    resolve(socket)
  })
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  })
}

const causes: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused: nothing listens on this port',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'no answer',
}
