import type { ConnectPhase, Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'
import type { Progress } from './progress.ts'

/** A host key that ssh refused, as it says it; who asks further can tell why. */
export class UntrustedKey extends ConnectError {
  override name = 'UntrustedKey'
  /** It came in a certificate of an authority that is known, and the certificate is not valid. */
  readonly certificate: boolean

  constructor(
    message: string,
    o: { where: string; next: string; fingerprints: string[]; certificate: boolean },
  ) {
    super('host key', message, o)
    this.certificate = o.certificate
  }
}

/** Where an error is, as all transports say it. */
export const whereOf = (host: Host): string => `${host.name} (${host.address}:${host.port})`

/** Why a connection that ssh gave up did not come about, with the names and phases that the other transports use. */
export function failureOf(host: Host, progress: Progress, exitCode: number | undefined): ConnectError {
  const { said, fingerprint } = progress
  const where = whereOf(host)
  const find = (pattern: RegExp) => said.map((line) => pattern.exec(line)).find((match) => match !== null)
  // Later on the host itself can say the same words in a banner.
  const reaching = progress.phase === 'resolve' || progress.phase === 'connect'
  const unresolved = reaching && find(/Could not resolve hostname (\S+): (.*)/)
  if (unresolved) {
    return new ConnectError('resolve', `the name ${host.address} could not be resolved (${unresolved[2]})`, {
      where,
    })
  }
  const unreached = reaching && find(/^ssh: connect to host \S+ port \d+: (.*)/)
  if (unreached)
    return new ConnectError('connect', causes[unreached[1] ?? ''] ?? unreached[1] ?? '', { where })
  if (!progress.accepted && find(/^Host key verification failed/)) return untrusted(host, progress)
  const config = find(/Bad configuration option|Bad owner or permissions|: line \d+: |^command-line: /)
  if (config && progress.phase === 'resolve') {
    return new ConnectError('connect', `ssh refuses its configuration: ${config.input}`, {
      where,
      passing: false,
    })
  }
  if (exitCode === 127 && progress.phase === 'resolve') {
    return new ConnectError('connect', 'it is to be reached by the ssh of this machine, and there is none', {
      where,
      next: 'install the OpenSSH client, or say transport: ssh2',
      passing: false,
    })
  }
  const denied = said
    .map((line) => /Permission denied \((.*)\)\.?$/.exec(line))
    .findLast((match) => match !== null)
  if (progress.accepted && denied) {
    return new ConnectError('authentication', refusal(host, progress, denied[1] ?? ''), { where })
  }
  const phase: ConnectPhase = progress.phase === 'open' ? 'authentication' : progress.phase
  const last = said.at(-1)
  return new ConnectError(
    phase,
    last === undefined ? 'the host closed the connection' : `the connection ended: ${last}`,
    {
      where,
      passing: true,
      ...(fingerprint === undefined ? {} : { fingerprints: [fingerprint] }),
    },
  )
}

/** The phase took longer than it may. */
export function lateFor(host: Host, phase: ConnectPhase, ms: number): ConnectError {
  const message: Partial<Record<ConnectPhase, string>> = {
    resolve: `the name ${host.address} was not resolved within ${ms / 1000} s`,
    connect: `no connection within ${ms / 1000} s`,
  }
  return new ConnectError(phase, message[phase] ?? `no end of the ${phase} within ${ms / 1000} s`, {
    where: whereOf(host),
    passing: true,
  })
}

/**
 * Why the connection could be tampered with (Terrapin, CVE-2023-48795); undefined where it can't: by strict key exchange, or
 * because a cipher and MAC were agreed on that don't have the weakness.
 */
export function terrapin(host: Host, { strict, cipher, forged }: Progress): ConnectError | undefined {
  if (forged) {
    return new ConnectError(
      'handshake',
      'words were sent before its key was accepted, so what ssh tells of it is not sure',
      {
        where: whereOf(host),
        next: 'find out who answers there: ssh -v shows the words after "Remote:"',
        passing: false,
      },
    )
  }
  if (strict || cipher === undefined) return undefined
  const weak = cipher.name.startsWith('chacha20') || cipher.mac.includes('-etm')
  if (!weak) return undefined
  return new ConnectError(
    'handshake',
    `without strict key exchange ${cipher.name} was agreed on, so the connection could be tampered with`,
    {
      where: whereOf(host),
      next: 'update its SSH server, or set for it in ~/.ssh/config: Ciphers aes256-gcm@openssh.com',
      passing: false,
    },
  )
}

function untrusted(host: Host, { said, fingerprint }: Progress): UntrustedKey {
  const shown = fingerprint ?? 'a key that ssh does not name'
  const invalid = said
    .map((line) => /Certificate invalid: (.*)/.exec(line)?.[1])
    .find((reason) => reason !== undefined)
  const changed = said.some((line) => /IDENTIFICATION HAS CHANGED|has changed/.test(line))
  const revoked = said.some((line) => /REVOKED|is revoked/i.test(line))
  const [message, next] = revoked
    ? [`its host key is revoked: ${shown}`, 'do not connect; the key is marked as stolen or retired']
    : invalid !== undefined
      ? [
          `its host certificate is not valid: ${invalid}; its key is ${shown}`,
          'it needs a new certificate from its authority',
        ]
      : changed
        ? [`its host key has changed: it shows ${shown}`, 'find out why from someone who runs the host']
        : [`its host key is not known: ${shown}`, `compare the fingerprint, then: sitrep trust ${host.name}`]
  return new UntrustedKey(message, {
    certificate: invalid !== undefined,
    where: whereOf(host),
    next,
    fingerprints: fingerprint === undefined ? [] : [fingerprint],
  })
}

/** As ssh ends its list of what it was told: `tried: …`. */
function refusal(host: Host, { tried, said }: Progress, takes: string): string {
  const missing = said.flatMap((line) => {
    const [, file, why] =
      /^no such identity: (.*): (.*)$/.exec(line) ?? /^Load key "(.*)": (.*)$/.exec(line) ?? []
    return file === undefined ? [] : [`${file} (${why})`]
  })
  const all = [...new Set([...tried, ...missing])]
  const list = all.length === 0 ? 'no key was found to try' : `tried: ${all.join('; ')}`
  return `it did not let ${host.user} in; ${list}; the host takes ${takes.replaceAll(',', ', ')}`
}

const causes: Record<string, string> = {
  'Connection refused': 'the connection was refused: nothing listens on this port',
  'No route to host': 'there is no way to this host',
  'Network is unreachable': 'there is no way to its network',
  'Connection timed out': 'no answer',
}
