import { createHmac } from 'node:crypto'

/** The name that known_hosts knows a host by: in lower case, and `[name]:port` unless the port is 22. */
export function hostName(host: string, port: number): string {
  const name = host.toLowerCase()
  return port === 22 ? name : `[${name}]:${port}`
}

/** True where the first field of a known_hosts line means this name, as in OpenSSH's match_hostname. */
export function matchesNames(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHashed(names, name)
  let found = false
  for (const pattern of names.split(',')) {
    const negated = pattern.startsWith('!')
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue
    // One negated match rules the whole line out, wherever it stands.
    if (negated) return false
    found = true
  }
  return found
}

/** `|1|SALT|HASH`: HMAC-SHA1 of the name with the salt as its key, both in base64. */
function matchesHashed(names: string, name: string): boolean {
  const [, version, salt, hash, rest] = names.split('|')
  if (version !== '1' || !salt || !hash || rest !== undefined) return false
  const key = Buffer.from(salt, 'base64')
  if (key.length !== 20) return false
  return createHmac('sha1', key).update(name).digest('base64') === hash
}

/** `*` is any run of characters, `?` is one; everything else is itself, without regard to case. */
function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase()
  // The usual two-pointer match: on a mismatch go back to the last star and let it take one character more.
  let p = 0
  let n = 0
  let star = -1
  let mark = 0
  while (n < name.length) {
    if (wanted[p] === '*') {
      star = p++
      mark = n
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === name[n])) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++mark
    } else return false
  }
  while (wanted[p] === '*') p++
  return p === wanted.length
}
