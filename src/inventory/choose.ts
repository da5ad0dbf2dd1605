import { SitrepError } from '../model/errors.ts'
import type { Host, Inventory } from '../model/host.ts'
import { didYouMean } from '../model/near.ts'
import { buildHost, type Operator } from './build.ts'
import { hostAddress, hostName, userName } from './schema.ts'

/** The hosts of the given names and groups, each once, in the order asked; unknown names are one usage error. */
export function chooseHosts(inventory: Inventory, names: readonly string[]): Host[] {
  const chosen = new Map<string, Host>()
  const unknown: string[] = []
  for (const name of names) {
    const found = inventory.hosts.filter((host) => host.name === name || host.groups.includes(name))
    if (found.length === 0) unknown.push(name)
    for (const host of found) chosen.set(host.name, host)
  }
  if (unknown.length === 0) return [...chosen.values()]
  const known = [...new Set(inventory.hosts.flatMap((host) => [host.name, ...host.groups]))]
  const where = inventory.file ?? 'no inventory was found'
  throw new SitrepError(
    'usage',
    unknown
      .map((name) => `unknown host or group ${JSON.stringify(name)}${didYouMean(name, known)}`)
      .join('\n'),
    {
      where,
      next:
        known.length > 0
          ? `there are: ${known.slice(0, 20).join(', ')}`
          : 'write a sitrep.yaml, or give --host user@address',
    },
  )
}

/**
 * A host that was only named, as `[user@]address[:port]` or an ssh alias; used where no inventory knows it. `source` says
 * where it was named.
 */
export function adHocHost(text: string, operator: Operator, source = '--host'): Host {
  const match = /^(?:([^@]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const address = match?.[2]?.replace(/^\[|\]$/g, '')
  const port = match?.[3] === undefined ? undefined : Number(match[3])
  const user = match?.[1]
  const valid =
    address !== undefined &&
    hostAddress.safeParse(address).success &&
    (user === undefined || userName.safeParse(user).success) &&
    (port === undefined || (port > 0 && port < 65536))
  if (!valid)
    throw new SitrepError('usage', `${JSON.stringify(text)} is not a host`, {
      where: source,
      next: 'expected NAME, ADDRESS or USER@ADDRESS:PORT',
    })
  const isAlias = hostName.safeParse(address).success
  return buildHost(
    address,
    {
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port }),
      ...(isAlias ? {} : { address }),
    },
    { ...operator, dir: '/', source: () => source },
  )
}
