import type { ParsedKey } from 'ssh2'

/** The private keys that were unlocked for one fleet: each asked for once, in memory only, and forgotten at its end. */
export interface Keyring {
  /**
   * The key of this file; `unlock` asks for it where it is not there yet. Hosts that want it at the same time share one
   * question. Undefined where its passphrase was not given; the next to want it asks again.
   */
  get(file: string, unlock: () => Promise<ParsedKey | undefined>): Promise<ParsedKey | undefined>
  clear(): void
}

/** An empty keyring. */
export function createKeyring(): Keyring {
  const keys = new Map<string, Promise<ParsedKey | undefined>>()
  return {
    get(file, unlock) {
      const known = keys.get(file)
      if (known) return known
      const asked = unlock()
      keys.set(file, asked)
      const forget = () => {
        if (keys.get(file) === asked) keys.delete(file)
      }
      asked.then((key) => key ?? forget(), forget)
      return asked
    },
    clear: () => keys.clear(),
  }
}
