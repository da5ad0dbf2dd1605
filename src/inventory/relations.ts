import type { Problem } from '../model/issues.ts'
import { type InventoryFile, linkProblem, linkTimes } from './schema.ts'

/**
 * What does not go together in a file whose every value is right by itself. `foreign` says whose file it is, where that is
 * not the operator's alone.
 */
export function relationProblems(form: InventoryFile, foreign: string | undefined): Problem[] {
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
    if (host?.proxy_command !== undefined) {
      if (host.jump !== undefined) add(at('proxy_command'), 'give either "jump" or "proxy_command"', true)
      if (foreign !== undefined)
        add(at('proxy_command'), `${foreign}, so it can not name a command for this machine`, true)
    }
    const circle = circleFrom(name, hosts)
    if (circle !== undefined) add(at('jump'), `its jump hosts go in a circle: ${circle.join(' → ')}`)
    const own = host?.link === undefined ? undefined : linkProblem({ ...link, ...linkTimes(host.link) })
    if (own !== undefined) add(at('link'), own)
  }
  return problems
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
