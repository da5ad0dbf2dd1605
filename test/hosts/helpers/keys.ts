import { createHmac, randomBytes } from 'node:crypto'
import ssh2 from 'ssh2'

/** A public host key made for a test. */
export interface TestKey {
  type: string
  blob: string
  key: Buffer
  /** The private key, for a server. */
  private: string
}

/** A fresh key of this type. */
export function testKey(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): TestKey {
  const pair =
    type === 'ed25519'
      ? ssh2.utils.generateKeyPairSync('ed25519')
      : type === 'ecdsa'
        ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })
        : ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
  const [name = '', blob = ''] = pair.public.split(' ')
  return { type: name, blob, key: Buffer.from(blob, 'base64'), private: pair.private }
}

/** A name as `ssh-keygen -H` hashes it. */
export function hashedName(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
