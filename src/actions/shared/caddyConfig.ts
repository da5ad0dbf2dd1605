import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Sha256 } from '../../model/command.ts'

/** What matters of one Caddy configuration; no value of it but site names and the admin address, for others may be secret. */
export interface CaddyConfig {
  /** sha256 of its canonical JSON (RFC 8785): Caddy gives its keys in another order than `adapt` prints them. */
  sha256: Sha256
  /** Where its admin endpoint listens, as in the JSON; undefined for the default. */
  admin?: string
  adminOff: boolean
  /** Every host that a route matches, sorted. */
  sites: string[]
}

/** Reads a configuration's JSON; undefined where it is none. */
export function readCaddyConfig(json: string): { config: CaddyConfig; value: unknown } | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  const admin = field(value, 'admin')
  const listen = field(admin, 'listen')
  const sites = new Set<string>()
  collectHosts(field(field(value, 'apps'), 'http'), sites)
  return {
    value,
    config: {
      sha256: createHash('sha256')
        .update(canonicalize(value) ?? '')
        .digest('hex'),
      ...(typeof listen === 'string' ? { admin: listen } : {}),
      adminOff: field(admin, 'disabled') === true,
      sites: [...sites].sort(),
    },
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function collectHosts(value: unknown, into: Set<string>): void {
  if (typeof value !== 'object' || value === null) return
  const match = field(value, 'match')
  if (Array.isArray(match)) {
    for (const one of match) {
      const hosts = field(one, 'host')
      if (Array.isArray(hosts)) for (const host of hosts) if (typeof host === 'string') into.add(host)
    }
  }
  for (const child of Object.values(value)) collectHosts(child, into)
}

/**
 * Where two configurations differ, as JSON pointers, the deepest that say it; at most `limit`. Values are never told.
 * Example: `/apps/http/servers/srv0/routes/3 is only in the file`.
 */
export function differences(file: unknown, running: unknown, limit = 5): string[] {
  const found: string[] = []
  walk(file, running, '')
  return found.length > limit ? [...found.slice(0, limit), `and ${found.length - limit} more`] : found

  function walk(a: unknown, b: unknown, at: string): void {
    if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        const pointer = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
        if (!(key in a)) found.push(`${pointer} is only in the running configuration`)
        else if (!(key in b)) found.push(`${pointer} is only in the file`)
        else walk(field(a, key), field(b, key), pointer)
      }
    } else if (a !== b) found.push(`${at === '' ? 'the whole' : at} differs`)
  }
}

/** How the admin endpoint is reached: for `caddy reload --address`, and for curl on the host. */
export interface AdminAddress {
  address: string
  curl: string[]
}

/** Caddy's default admin endpoint. */
export const defaultAdmin = 'localhost:2019'

/**
 * The way to an admin endpoint from its `listen`: `localhost:2019`, `:2019`, `tcp/…`, `unix//run/caddy/admin.sock|0220`.
 * A wildcard is reached on loopback. The Host header must be one that Caddy allows, so the name stays as it is.
 */
export function adminAddress(listen: string): AdminAddress {
  const unix = /^unix\/(\/[^|]*)/.exec(listen)
  if (unix !== null) {
    const socket = unix[1]!
    return { address: `unix/${socket}`, curl: ['--unix-socket', socket, 'http://127.0.0.1/config/'] }
  }
  const address = listen
    .replace(/^tcp[46]?\//, '')
    .replace(/^(?:0\.0\.0\.0)?:/, 'localhost:')
    .replace(/^\[::\]:/, '[::1]:')
  return { address, curl: [`http://${address}/config/`] }
}
