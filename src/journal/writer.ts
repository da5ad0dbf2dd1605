import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'

const safe = (text: string, length: number) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, length) || 'x'

/** Who is at this console, as `by` of every event: `ana@laptop`. */
export function whoAmI(): string {
  return `${userName()}@${hostname().split('.')[0] ?? 'localhost'}`
}

/** A new writer's id, fit for a file name and never used before: `ana-laptop-4711-9f2c41d07b3a`. One for each process and incident. */
export function newWriter(o: { by?: string; pid?: number } = {}): string {
  const [user = '', host = ''] = (o.by ?? whoAmI()).split('@')
  return [safe(user, 24), safe(host, 24), o.pid ?? process.pid, randomBytes(6).toString('hex')].join('-')
}

/** A user id that has no name (a container) is named by its number. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'user')
  }
}
