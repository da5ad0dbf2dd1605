/** The passphrases that ssh asked for, by key file: each asked for once for one fleet, in memory only. */
export interface Passphrases {
  /** The one that is known, else that which `ask` gets; hosts that want it at the same time share one question. */
  get(file: string, ask: () => Promise<string | undefined>): Promise<string | undefined>
  /** That answer was the wrong one; what somebody else has given in the meantime stays. */
  forget(file: string, answer: Promise<string | undefined> | undefined): void
  clear(): void
}

/** None is known yet. */
export function createPassphrases(): Passphrases {
  const known = new Map<string, Promise<string | undefined>>()
  return {
    get(file, ask) {
      const before = known.get(file)
      if (before) return before
      const asked = ask()
      known.set(file, asked)
      const drop = () => {
        if (known.get(file) === asked) known.delete(file)
      }
      asked.then((answer) => answer ?? drop(), drop)
      return asked
    },
    forget(file, answer) {
      if (known.get(file) === answer) known.delete(file)
    },
    clear: () => known.clear(),
  }
}
