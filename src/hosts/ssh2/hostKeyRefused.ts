import type { Host } from '../../model/host.ts'
import { ConnectError } from '../errors.ts'
import type { HostKeyVerdict } from '../known_hosts.ts'

type Refusal = Exclude<HostKeyVerdict, { is: 'known' }>

/** A host key that was refused, with the key itself, so that a person can be asked about it. */
export class HostKeyRefused extends ConnectError {
  readonly key: Buffer
  readonly verdict: Refusal

  constructor(host: Host, key: Buffer, judged: Refusal) {
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

/**
 * What a key is refused with; undefined where it is let in. `expected` is the fingerprint that the session began with, where
 * it has begun.
 */
export function refusalOf(
  host: Host,
  key: Buffer,
  judged: HostKeyVerdict,
  expected: string | undefined,
): ConnectError | undefined {
  const { is, fingerprint } = judged
  const other = expected !== undefined && expected !== fingerprint
  if (other && (is === 'known' || is === 'unknown')) return otherHostKey(host, fingerprint, expected)
  return is === 'known' ? undefined : new HostKeyRefused(host, key, judged)
}

/**
 * The refusal of a key which is another than the one that the same session began with. Nobody is asked about it, whatever
 * known_hosts says by now: in the middle of an incident one key pressed too soon must not let another host in.
 */
export function otherHostKey(host: Host, shown: string, first: string): ConnectError {
  return new ConnectError(
    'host key',
    `its host key is not the one that this session began with: it shows ${shown}; it was ${first}`,
    {
      where: `${host.name} (${host.address}:${host.port})`,
      fingerprints: [shown, first],
      next: 'find out why from someone who runs the host; if it is right, leave sitrep and open the incident again',
    },
  )
}

function explain(host: Host, judged: Refusal): { message: string; next: string } {
  const shown = judged.fingerprint
  switch (judged.is) {
    case 'unknown': {
      const vouched = judged.authority
        ? `; a certificate authority vouches for such hosts (${judged.authority.file}:${judged.authority.line}), which only the system's ssh can check`
        : ''
      return {
        message: `its host key is not known: ${shown}${vouched}`,
        next: `compare the fingerprint, then: sitrep trust ${host.name}`,
      }
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
