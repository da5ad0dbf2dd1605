import type { SecretSource, SecretStore } from '../../src/model/secret.ts'

/** What a redactor needs of the store of secrets. */
export function testSecrets(initial: Record<string, string> = {}) {
  const source: SecretSource = 'stdin'
  const entries = Object.entries(initial).map(([name, value]) => ({ name, value, source }))
  const listeners = new Set<Parameters<SecretStore['onRegister']>[0]>()
  return {
    entries: () => entries,
    onRegister(listener: Parameters<SecretStore['onRegister']>[0]) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    register(name: string, value: string) {
      entries.push({ name, value, source })
      for (const listener of listeners) listener(name, value, source)
    },
  }
}
