import { createHops, type Hops } from './jump/hops.ts'
import { createSharedOpenssh, type SharedOpenssh } from './openssh/shared.ts'
import { createKeyring, type Keyring } from './ssh2/keyring.ts'

/** What the links of one fleet share: keys that were unlocked, and logins on jump hosts, so that a person is asked once. */
export interface SharedLinks {
  keys: Keyring
  hops: Hops
  openssh: SharedOpenssh
  /** Forgets the keys and ends the connections to jump hosts, and with them every link that still goes through one. */
  close(): Promise<void>
}

/** For one fleet, which closes it after its links. */
export function createSharedLinks(): SharedLinks {
  const keys = createKeyring()
  const hops = createHops()
  const openssh = createSharedOpenssh()
  return {
    keys,
    hops,
    openssh,
    async close() {
      keys.clear()
      await Promise.all([hops.close(), openssh.close()])
    },
  }
}
