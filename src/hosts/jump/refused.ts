import { messageOf } from '../../model/errors.ts'
import type { ConnectPhase, Host } from '../../model/host.ts'
import { ConnectError, hostWords } from '../errors.ts'

/** A host that can't be reached because a hop of its way can't; the phase is the hop's. */
export class HopRefused extends ConnectError {
  override name = 'HopRefused'

  /** Names the hop and the host that is reached through it; an error that names a hop already stays as it is. */
  static of(host: Host, hop: Host, error: ConnectError): ConnectError {
    if (error instanceof HopRefused) return error
    return new HopRefused(error.phase, `the jump host ${hop.name}: ${error.message}`, {
      where: `${host.name} through ${error.where ?? hop.name}`,
      cause: error,
      fingerprints: error.fingerprints,
      passing: error.passing,
      ...(error.next === undefined ? {} : { next: error.next }),
    })
  }
}

/** A hop that let us in and yet gave no connection to the host: what it said, and the phase that this is for the host. */
export function refusedForward(host: Host, hop: Host, error: Error & { reason?: unknown }): ConnectError {
  const said = hostWords(messageOf(error)).replace(/^\(SSH\) Channel open failure: /, '')
  const unresolved = /name|resolution|nodename|address family/i.test(said)
  const phase: ConnectPhase = unresolved ? 'resolve' : 'connect'
  // 1 is SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1).
  const forbidden = error.reason === 1
  const message = forbidden
    ? `the jump host ${hop.name} forbids forwarding to ${host.address}:${host.port}: ${said}`
    : `the jump host ${hop.name} could not connect to ${host.address}:${host.port}: ${said}`
  return new ConnectError(phase, message, {
    where: `${host.name} (${host.address}:${host.port})`,
    cause: error,
    ...(forbidden ? { next: `AllowTcpForwarding and PermitOpen of ${hop.name} must allow it` } : {}),
  })
}
