import type { Problem } from '../model/issues.ts'
import { type HostFile, type InventoryFile, linkProblem, linkTimes } from './schema.ts'

/** What keeps a file from being the operator's own word. */
export interface Doubts {
  /** Whose file it is, in words, where that is not the operator's alone. */
  foreign?: string
  /** It was only found, in this folder: nobody named it, and nobody trusted the folder. */
  foundIn?: string
}

/** What does not go together in a file whose every value is right by itself, and what a file with doubts may not say. */
export function relationProblems(form: InventoryFile, doubts: Doubts): Problem[] {
  const { hosts } = form
  const link = linkTimes(form.link)
  const problems: Problem[] = []
  const add = (path: string[], message: string, key = false) => problems.push({ path, message, key })
  const noLink = linkProblem(link)
  if (noLink !== undefined) add(['link'], noLink)
  for (const [name, host] of Object.entries(hosts)) {
    const at = (key: string) => ['hosts', name, key]
    for (const group of host?.groups ?? []) {
      if (Object.hasOwn(hosts, group)) add(at('groups'), `"${group}" is a host; a group needs another name`)
    }
    if (host?.proxy_command !== undefined && host.jump !== undefined)
      add(at('proxy_command'), 'give either "jump" or "proxy_command"', true)
    for (const [key, message] of refusals(host ?? {}, doubts)) add(at(key), message, true)
    const circle = circleFrom(name, hosts)
    if (circle !== undefined) add(at('jump'), `its jump hosts go in a circle: ${circle.join(' → ')}`)
    const own = host?.link === undefined ? undefined : linkProblem({ ...link, ...linkTimes(host.link) })
    if (own !== undefined) add(at('link'), own)
  }
  return problems
}

/**
 * The keys that only the operator's own word may say: a command for this machine and the use of the agent, and, where it is
 * somebody else's file too, which keys are shown and which hosts are known.
 */
function refusals(host: HostFile, { foreign, foundIn }: Doubts): [keyof HostFile, string][] {
  const found: [keyof HostFile, string][] =
    foundIn === undefined
      ? []
      : (['proxy_command', 'forward_agent', 'known_hosts', 'identity_file'] as const)
          .filter((key) => host[key] !== undefined && host[key] !== false)
          .filter((key) => foreign !== undefined || key === 'proxy_command' || key === 'forward_agent')
          .map((key) => [
            key,
            `this inventory was only found, so it may not say ${key}; if you trust it: sitrep trust --runbooks ${foundIn}, or name it with --inventory`,
          ])
  if (foreign === undefined || host.proxy_command === undefined) return found
  const message = `${foreign}, so it can not name a command for this machine`
  return [['proxy_command', message], ...found.filter(([key]) => key !== 'proxy_command')]
}

/** The way that comes back to a host on it; a further hop than the first has no way of its own. */
function circleFrom(name: string, hosts: InventoryFile['hosts']): string[] | undefined {
  const trail = [name]
  for (let at: string | undefined = name; at !== undefined && Object.hasOwn(hosts, at); ) {
    const hops: string[] = (hosts[at]?.jump ?? []).map((hop) => hop.replace(/^.*@/, '').replace(/:\d+$/, ''))
    const back = hops.find((hop) => trail.includes(hop))
    if (back !== undefined) return [...trail, back]
    at = hops[0]
    if (at !== undefined) trail.push(at)
  }
  return undefined
}
