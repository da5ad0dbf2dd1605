import { listOf, oneOf, type Values } from './values.ts'

/** What the built-in client offers to every host, by the keyword that would choose among it. */
export const builtIn: Readonly<Record<string, { keyword: string; offers: readonly string[] }>> = {
  ciphers: {
    keyword: 'Ciphers',
    offers: [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'aes256-ctr',
      'aes192-ctr',
      'aes128-ctr',
      'chacha20-poly1305@openssh.com',
    ],
  },
  hostkeyalgorithms: {
    keyword: 'HostKeyAlgorithms',
    offers: [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
  },
}

const plain: readonly [key: string, keyword: string, usual?: string][] = [
  ['bindaddress', 'BindAddress'],
  ['bindinterface', 'BindInterface'],
  ['addressfamily', 'AddressFamily', 'any'],
  ['preferredauthentications', 'PreferredAuthentications'],
]

/** What of a configuration the built-in client does not follow, one sentence each. */
export function unusedBySsh2(values: Values): string[] {
  const strict = Object.entries(builtIn).flatMap(([key, { keyword, offers }]) =>
    isStricter(listOf(values, key), offers) ? [keyword] : [],
  )
  const set = plain.flatMap(([key, keyword, usual]) => {
    const value = oneOf(values, key)
    return value === undefined || value.toLowerCase() === usual ? [] : [`${keyword} ${value}`]
  })
  return [...strict, ...set].map(
    (what) =>
      `${what} of the OpenSSH configuration is not used by the built-in client; transport: openssh does`,
  )
}

/** True where a list leaves out what would be offered. `ssh -G` gives whole lists; in a file `+` and `^` only add to one. */
function isStricter(list: readonly string[], offers: readonly string[]): boolean {
  const [first] = list
  if (first === undefined || /^[+^]/.test(first)) return false
  return first.startsWith('-') || offers.some((name) => !list.includes(name))
}
