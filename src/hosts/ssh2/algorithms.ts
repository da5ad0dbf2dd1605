import type { Algorithms, Client, ServerHostKeyAlgorithm } from 'ssh2'

const hostKeys: ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/**
 * What is offered to a host: AES-GCM first (chacha20 is 2.3 × slower without a native part), nothing with SHA-1; of the host
 * key algorithms those first for which a key is known.
 */
export function offeredAlgorithms(known: readonly string[]): Algorithms {
  const first = hostKeys.filter((name) => known.includes(name))
  return {
    kex: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group-exchange-sha256',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group18-sha512',
      'diffie-hellman-group14-sha256',
    ],
    cipher: [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'aes256-ctr',
      'aes192-ctr',
      'aes128-ctr',
      'chacha20-poly1305@openssh.com',
    ],
    hmac: [
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512',
    ],
    serverHostKey: [...first, ...hostKeys.filter((name) => !first.includes(name))],
    compress: ['none'],
  }
}

/** The negotiated ciphers of both directions, as ssh2's `handshake` event gives them. */
interface Negotiated {
  cs: { cipher: string }
  sc: { cipher: string }
}

/**
 * True where the connection can't be cut short unseen (Terrapin, CVE-2023-48795): by strict key exchange, or because
 * AES-GCM is not open to it. ssh2 keeps the former to itself, so its absence is taken for a no.
 */
export function isTerrapinSafe(client: Client, negotiated: Negotiated): boolean {
  const { _protocol } = client as unknown as { _protocol?: { _strictMode?: boolean } }
  const gcm = [negotiated.cs.cipher, negotiated.sc.cipher].every((name) => name.includes('-gcm'))
  return gcm || _protocol?._strictMode === true
}
