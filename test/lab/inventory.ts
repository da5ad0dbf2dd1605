import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { hostRow } from './hosts.ts'
import type { LabState } from './state.ts'

/** Writes the sitrep.yaml of a lab, so that `sitrep --inventory` and tests reach its hosts. */
export function writeInventory(state: LabState): void {
  const hosts = Object.entries(state.hosts).map(([name, host]) => {
    const { groups, vars } = hostRow(name)
    const port = host.port === 22 ? {} : { port: host.port }
    const keys = { identity_file: state.identityFile, known_hosts: state.knownHosts }
    return [name, { address: host.address, ...port, user: host.user, ...keys, groups, vars }]
  })
  writeFileSync(state.inventory, stringify({ hosts: Object.fromEntries(hosts) }), { mode: 0o600 })
}
