/** How many fields a key of each type has after the type (RFC 4253, RFC 5656; OpenSSH's PROTOCOL.certkeys and PROTOCOL.u2f). */
const fields: Record<string, number> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'sk-ssh-ed25519@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
}

/**
 * The key within a certificate, in SSH wire form; the key itself where it is none. A certificate has the same fields as its
 * key behind a nonce, and further ones behind them. Undefined for a type that is not known.
 */
export function keyWithin(blob: Buffer): Buffer | undefined {
  const [type, ...rest] = strings(blob)
  const [, base, domain] = /^(.*)-cert-v01(@openssh\.com)$/.exec(type?.toString('latin1') ?? '') ?? []
  if (base === undefined) return blob
  const name = base.startsWith('sk-') ? `${base}${domain}` : base
  const count = fields[name]
  const key = count === undefined ? [] : rest.slice(1, 1 + count)
  return key.length === count ? Buffer.concat([Buffer.from(name), ...key].map(framed)) : undefined
}

/** What stands at the beginning of a blob as strings, each with its length before it. */
function strings(blob: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 4 <= blob.length && found.length < 5; ) {
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) break
    found.push(blob.subarray(at + 4, end))
    at = end
  }
  return found
}

function framed(field: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(field.length)
  return Buffer.concat([length, field])
}
