import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Host } from '../model/host.ts'

export { appendTrusted, fileToTrustIn, trustLine } from './known_hosts/trust.ts'
export {
  fingerprintOf,
  type HostKeyVerdict,
  type KnownAuthority,
  type KnownKey,
  knownAlgorithms,
  verdict,
} from './known_hosts/verdict.ts'

/**
 * The known_hosts files of a host, in OpenSSH's order; a newly trusted key goes to the first that can keep it. A host that is
 * given none is known by nobody.
 */
export function knownHostsFiles(host: Pick<Host, 'knownHosts'>): string[] {
  if (host.knownHosts) return host.knownHosts.map(expandHome)
  const own = ['known_hosts', 'known_hosts2'].map((name) => join(homedir(), '.ssh', name))
  return [...own, '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
}

/**
 * The name and port that a host's keys stand under. With HostKeyAlias it is the alias alone, whatever the port (sshconnect.c):
 * port 22 is the one that known_hosts does not write down.
 */
export function knownName(host: Pick<Host, 'address' | 'port' | 'hostKeyAlias'>): {
  name: string
  port: number
} {
  return host.hostKeyAlias === undefined
    ? { name: host.address, port: host.port }
    : { name: host.hostKeyAlias, port: 22 }
}

/** A path with a leading `~/` filled in. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}
