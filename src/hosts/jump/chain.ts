import type { Host } from '../../model/host.ts'

/**
 * The hosts to go through, the first hop first. As with OpenSSH's ProxyJump only the first hop may have a way of its own (its
 * jump hosts, its proxy command); each further one is reached through the hop before it.
 */
export function chainOf(host: Host): Host[] {
  const [first] = host.via ?? []
  return first === undefined ? [] : [...chainOf(first), ...(host.via ?? [])]
}

/** The last hop of a host's way as a host of its own, which is reached through those before it. */
export function lastHop(host: Host): Host | undefined {
  const chain = chainOf(host)
  const last = chain.pop()
  return last && { ...last, via: chain }
}

/** What two ways have in common when they may share one login: every setting that decides where and as whom it leads. */
export function wayKey(hop: Host): string {
  const parts = [...chainOf(hop), hop].map((host) => [
    host.name,
    host.user,
    host.address,
    host.port,
    host.hostKeyAlias,
    host.knownHosts,
    host.identityFiles,
    host.proxyCommand,
  ])
  return JSON.stringify(parts)
}
