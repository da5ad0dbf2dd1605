/** One row of the table of lab hosts. */
export interface HostRow {
  name: string
  /** The last part of its address. */
  octet: number
  /** The folder under provision/ that says what it runs. */
  role: string
  groups: string[]
  vars: Record<string, string>
}

/** The hosts of the lab: a further host of a known role is one more row. */
export const hostRows: HostRow[] = [
  { name: 'core-1', octet: 11, role: 'core', groups: ['core'], vars: { dir: '/opt/core/backend' } },
  {
    name: 'edge-1',
    octet: 21,
    role: 'edge',
    groups: ['edge'],
    vars: { source: '/srv/proxy/caddy/Caddyfile' },
  },
]

/** The lab's users with their passwords, for tests of sudo; no other machine knows them. */
export const labUsers = {
  /** sudo without a password, for everything; the applications run as this user. */
  deploy: { uid: 1000, password: undefined },
  /** sudo that asks for the password. */
  ops: { uid: 1001, password: 'ops-lab-Kf7 pw' },
  /** No sudo at all. */
  plain: { uid: 1002, password: 'plain-lab-Qz3' },
} as const

/** Finds a row of the table, or throws with the names there are. */
export function hostRow(name: string): HostRow {
  const row = hostRows.find((candidate) => candidate.name === name)
  if (row) return row
  throw new Error(`no lab host '${name}': there are ${hostRows.map((other) => other.name).join(', ')}`)
}
