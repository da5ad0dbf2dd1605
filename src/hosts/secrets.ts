import { SitrepError } from '../model/errors.ts'
import type { SecretSource, SecretStore } from '../model/secret.ts'

/** A shorter value would be found all over ordinary output, and redacting it would hide that output instead. */
const shortest = 4

/** What every store of this process was given. */
const given: { name: string; value: string }[] = []

/** Every secret that this process ever knew, for what is told when it is not known any more of which incident it is: the error that ends a command, and a crash. */
export function everySecret(): readonly { name: string; value: string }[] {
  return given
}

/** The secrets of one incident: in memory only. */
export function createSecretStore(): SecretStore {
  const values = new Map<string, { value: string; source: SecretSource }>()
  const listeners = new Set<(name: string, value: string, source: SecretSource) => void>()
  return {
    register(name, source, value) {
      if (value.length < shortest) {
        throw new SitrepError('usage', `the secret ${name} is shorter than ${shortest} characters`, {
          where: source,
          next: 'give its whole value; one so short can not be kept out of the output',
        })
      }
      values.set(name, { value, source })
      if (!given.some((known) => known.value === value)) given.push({ name, value })
      for (const listener of listeners) listener(name, value, source)
    },
    has: (name) => values.has(name),
    value(ref) {
      const found = values.get(ref.secret)
      if (found === undefined) {
        throw new SitrepError('not_approved', `the value of the secret ${ref.secret} is not known here`, {
          next: 'give it by its source, or answer the prompt for it',
        })
      }
      return found.value
    },
    entries: () => [...values].map(([name, { value }]) => ({ name, value })),
    sourceOf: (name) => values.get(name)?.source,
    onRegister(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
