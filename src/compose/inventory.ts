import { homedir, userInfo } from 'node:os'
import { adHocHost, chooseHosts } from '../inventory/choose.ts'
import { completeHost } from '../inventory/complete.ts'
import { findInventory, loadInventory } from '../inventory/load.ts'
import { SitrepError } from '../model/errors.ts'
import type { Host, Inventory } from '../model/host.ts'
import { configFolder } from '../runbook/find.ts'
import { formatFinding } from '../runbook/findings.ts'
import { isTrusted } from '../runbook/trust.ts'

/** The inventory of this working directory, or the given file; none found is an empty one. */
export async function openInventory(file?: string): Promise<Inventory> {
  const config = configFolder(process.env, homedir())
  const found = file ?? (await findInventory(process.cwd(), config))
  if (found === undefined) return { hosts: [], confirmOver: 3 }
  const trusted = async (folder: string) => folder === config || (await isTrusted(folder, config))
  const { inventory, findings } = await loadInventory(
    found,
    operator(),
    file === undefined ? trusted : undefined,
  )
  const errors = findings.filter(({ level }) => level === 'error')
  if (inventory !== undefined && errors.length === 0) return inventory
  throw new SitrepError('usage', `the inventory has mistakes\n${errors.map(formatFinding).join('\n')}`, {
    next: 'mend it and try again; no host was contacted',
  })
}

/**
 * The hosts of these names and groups. A name that no inventory knows is taken as `[user@]address[:port]` or an ssh
 * alias where it was given on the command line. One that is named twice, or by two groups, is there once.
 */
export function pickHosts(
  inventory: Inventory,
  names: readonly string[],
  o: { adHoc?: boolean } = {},
): Host[] {
  const known = (name: string) =>
    inventory.hosts.some((host) => host.name === name || host.groups.includes(name))
  const peers = new Map(inventory.hosts.map((host) => [host.name, host]))
  const picked = names.flatMap((name) =>
    o.adHoc === true && !known(name) && (inventory.hosts.length === 0 || name.includes('@'))
      ? [{ ...adHocHost(name, operator()), peers }]
      : chooseHosts(inventory, [name]),
  )
  const key = ({ name, user, address, port }: Host) => JSON.stringify([name, user, address, port])
  return [...new Map(picked.map((host) => [key(host), host])).values()]
}

/** The hosts as they are reached, with where each value came from. */
export function completeHosts(hosts: readonly Host[]): Promise<Host[]> {
  return Promise.all(hosts.map((host) => completeHost(host, { sources: true })))
}

function operator() {
  return { user: userInfo().username, home: homedir() }
}
