import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { DemoHost } from './host.ts'

/**
 * Writes what an operator would have: the inventory, the hosts' keys and the own key (0600). So the practice run
 * takes the ordinary way, strict host keys and all. Gives the path of the inventory.
 */
export function writeInventory(
  folder: string,
  hosts: readonly DemoHost[],
  user: string,
  clientKey: string,
): string {
  const file = join(folder, 'sitrep.yaml')
  const knownHosts = join(folder, 'known_hosts')
  const identity = join(folder, 'id_ed25519')
  writeFileSync(knownHosts, hosts.map((host) => host.knownHosts).join(''), { mode: 0o600 })
  writeFileSync(identity, clientKey, { mode: 0o600 })
  const entries = hosts.map(({ name, port }) => [
    name,
    {
      address: '127.0.0.1',
      port,
      user,
      transport: 'ssh2',
      identity_file: identity,
      known_hosts: knownHosts,
      groups: [name.replace(/-\d+$/, '')],
    },
  ])
  writeFileSync(file, stringify({ hosts: Object.fromEntries(entries) }), { mode: 0o600 })
  return file
}
