import { ConnectError } from '../errors.ts'

/**
 * How a server's refusal of one connection too many reads: sshd beyond its MaxStartups closes the connection, or resets it,
 * before it has greeted us. ssh2 and OpenSSH's client each have their own words for that.
 */
const words =
  /lost before handshake|closed the connection|ECONNRESET|kex_exchange_identification|banner exchange|connection (closed|reset) by|MaxStartups|not allowed at this time/i

/** Whether a server may have refused only because too many log in at once, so that it is worth asking again. */
export function isCrowded(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.phase === 'handshake' && words.test(error.message)
}

/** What is told where asking again did not help. */
export function stillCrowded(error: ConnectError, tries: number, ms: number): ConnectError {
  return new ConnectError('handshake', `${error.message}; ${tries} tries within ${Math.round(ms / 1000)} s`, {
    where: error.where ?? '',
    next: 'is it an SSH server, and are too many logging in to it at once (MaxStartups)?',
    cause: error,
  })
}
