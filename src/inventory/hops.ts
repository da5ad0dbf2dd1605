import { userInfo } from 'node:os'
import { SitrepError } from '../model/errors.ts'
import type { Host } from '../model/host.ts'
import { adHocHost } from './choose.ts'

/** Hosts that are on the way to one another, the last one last: what a circle is seen by. */
export type Trail = readonly string[]

/** More hops than anybody has; a way so long is a mistake. */
const most = 10

/**
 * The hosts to go through, filled in, the first hop first. A name is an inventory host with all that its entry says, else an
 * ssh alias or `[user@]address[:port]`. As with OpenSSH only the first hop has a way of its own (its `via`, its proxy
 * command), for each further one is reached through the hop before it. Throws SitrepError('usage') for a circle.
 */
export async function fillHops(
  host: Host,
  o: { home: string; peers: ReadonlyMap<string, Host> | undefined; trail: Trail },
  complete: (hop: Host, trail: Trail) => Promise<Host>,
): Promise<Host[]> {
  const trail = [...o.trail, host.name]
  return Promise.all(
    (host.jump ?? []).map(async (text, index) => {
      const named = namedHop(text, o)
      if (trail.includes(named.name))
        throw new SitrepError(
          'usage',
          `its jump hosts go in a circle: ${[...trail, named.name].join(' → ')}`,
          {
            where: host.name,
            next: 'mend "jump" in the inventory or ProxyJump in the OpenSSH configuration',
          },
        )
      if (trail.length > most)
        throw new SitrepError('usage', `more than ${most} jump hosts`, { where: host.name })
      if (named.transport === 'local')
        throw new SitrepError('usage', `the jump host ${named.name} is this machine`, { where: host.name })
      const hop = await complete(index === 0 ? named : withoutWay(named), trail)
      if (hop.unusable !== undefined)
        throw new SitrepError('usage', `the jump host ${hop.name}: ${hop.unusable.reason}`, {
          where: host.name,
          next: hop.unusable.next,
        })
      return hop
    }),
  )
}

function namedHop(text: string, o: { home: string; peers: ReadonlyMap<string, Host> | undefined }): Host {
  const known = o.peers?.get(text)
  if (known !== undefined) return known
  const operator = { user: userInfo().username, home: o.home }
  const hop = adHocHost(text, operator, `jump ${text}`)
  const peer = o.peers?.get(hop.name)
  if (peer === undefined) return hop
  // `user@name:port` of an inventory host: what is said here wins over its entry.
  const said = (['user', 'port'] as const).filter((setting) => hop.sources?.[setting] !== undefined)
  return {
    ...peer,
    ...Object.fromEntries(said.map((setting) => [setting, hop[setting]])),
    sources: { ...peer.sources, ...Object.fromEntries(said.map((setting) => [setting, `jump ${text}`])) },
    ...(peer.unsaid === undefined
      ? {}
      : { unsaid: peer.unsaid.filter((setting) => !said.some((one) => one === setting)) }),
  }
}

/** A hop that is reached through the one before it. */
function withoutWay(hop: Host): Host {
  const { jump: _jump, proxyCommand: _proxyCommand, ...rest } = hop
  return {
    ...rest,
    ...(hop.unsaid === undefined
      ? {}
      : { unsaid: hop.unsaid.filter((setting) => setting !== 'jump' && setting !== 'proxyCommand') }),
  }
}
