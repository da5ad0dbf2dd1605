/** One usable line of a known_hosts file. */
export interface KnownLine {
  file: string
  /** Counts from 1. */
  line: number
  marker: 'revoked' | 'cert-authority' | undefined
  /** The first field as it stands: patterns separated by commas, or a hashed name. */
  names: string
  type: string
  /** The public key in SSH wire form. */
  key: Buffer
}

const markers: Record<string, KnownLine['marker']> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
}

/** The lines of a known_hosts file that OpenSSH would use (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT); others are passed over. */
export function parseKnownHosts(text: string, file: string): KnownLine[] {
  return text.split('\n').flatMap((line, index) => {
    const parsed = parseLine(line)
    return parsed ? [{ file, line: index + 1, ...parsed }] : []
  })
}

function parseLine(line: string): Omit<KnownLine, 'file' | 'line'> | undefined {
  const fields = line.replace(/^[ \t]+/, '').split(/[ \t]+/)
  if (fields[0]?.startsWith('#')) return undefined
  const marked = fields[0]?.startsWith('@') === true
  const marker = marked ? markers[fields[0] ?? ''] : undefined
  if (marked && marker === undefined) return undefined
  const [names, type, rest] = marked ? fields.slice(1) : fields
  const blob = rest?.replace(/\r$/, '')
  // Buffer.from passes over what is no base64, and takes it without its padding; OpenSSH refuses the line.
  if (!names || !type || !blob || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0)
    return undefined
  const key = Buffer.from(blob, 'base64')
  // OpenSSH refuses a key whose own type is not the one that the line says, and one that is cut short or has more behind it.
  return keyType(key) === type && partsOf(key) === parts[type] ? { marker, names, type, key } : undefined
}

/** How many length-prefixed parts a public key has, its type counted (RFC 4253, 5656, 8709; PROTOCOL.u2f). */
const parts: Record<string, number> = {
  'ssh-ed25519': 2,
  'ssh-rsa': 3,
  'ssh-dss': 5,
  'ecdsa-sha2-nistp256': 3,
  'ecdsa-sha2-nistp384': 3,
  'ecdsa-sha2-nistp521': 3,
  'sk-ssh-ed25519@openssh.com': 3,
  'sk-ecdsa-sha2-nistp256@openssh.com': 4,
}

function partsOf(key: Buffer): number | undefined {
  let count = 0
  let at = 0
  for (; at + 4 <= key.length; count++) at += 4 + key.readUInt32BE(at)
  return at === key.length ? count : undefined
}

/** The type that a public key in SSH wire form names itself; undefined for bytes that are none. */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined
  const length = key.readUInt32BE(0)
  if (length === 0 || length > 64 || key.length <= 4 + length) return undefined
  return key.toString('latin1', 4, 4 + length)
}
