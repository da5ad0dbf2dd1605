import type { HostTest } from '../../compose/hosts.ts'
import type { Host } from '../../model/host.ts'

/** The JSON form of a host, and of its test where there was one. */
export function hostJson(host: Host, test?: HostTest): object {
  const { name, groups, production, transport, because, address, port, user, identityFiles, via } = host
  return {
    host: name,
    groups,
    production,
    transport,
    because,
    address,
    port,
    user,
    identity_files: identityFiles,
    certificate_files: host.certificateFiles,
    identity_agent: host.identityAgent,
    forward_agent: host.forwardAgent ?? false,
    jump: via?.map((hop) => hostJson(hop)),
    proxy_command: host.proxyCommand,
    known_hosts: host.knownHosts,
    host_key_alias: host.hostKeyAlias,
    link: host.link,
    sources: Object.fromEntries(
      Object.entries(host.sources ?? {}).map(([setting, source]) => [snake(setting), source]),
    ),
    notes: host.notes,
    unusable: host.unusable,
    ...(test === undefined
      ? {}
      : {
          test: {
            ok: test.ok,
            ms: test.ms,
            fingerprint: test.fingerprint,
            authentication: test.authentication,
            sudo: test.sudo,
            missing: test.missing,
            problem: test.problem,
          },
        }),
  }
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
