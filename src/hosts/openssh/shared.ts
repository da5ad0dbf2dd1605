import { createMasters, type Masters } from './hops.ts'
import { createPassphrases, type Passphrases } from './passphrases.ts'

/** What the openssh links of one fleet share. */
export interface SharedOpenssh {
  hops: Masters
  passphrases: Passphrases
  close(): Promise<void>
}

/** For one fleet, which closes it after its links. */
export function createSharedOpenssh(): SharedOpenssh {
  const hops = createMasters()
  const passphrases = createPassphrases()
  return {
    hops,
    passphrases,
    async close() {
      passphrases.clear()
      await hops.close()
    },
  }
}
