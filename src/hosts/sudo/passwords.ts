import type { Host } from '../../model/host.ts'
import type { SecretStore } from '../../model/secret.ts'
import type { Prompter } from '../prompter.ts'

/** Passwords for sudo: asked once for each host and user, kept in memory only. */
export interface SudoPasswords {
  /** The password; undefined where nobody gave one. */
  get(host: Host, user: string, as: string): Promise<string | undefined>
  /** It was wrong: the next command asks again. */
  forget(host: Host, user: string): void
}

/** Asks through the prompter; a value is told to the secret store, so that every sink hides it. */
export function createSudoPasswords(o: { prompter?: Prompter; secrets: SecretStore }): SudoPasswords {
  const kept = new Map<string, Promise<string | undefined>>()
  const key = (host: Host, user: string) => `${host.name} ${user}`
  const ask = async (host: Host, user: string, as: string): Promise<string | undefined> => {
    const password = await o.prompter?.secret({
      who: `${host.name} (${host.address})`,
      what: `sudo asks for the password of ${user}, to run as ${as}`,
    })
    if (password === undefined || /[\n\0]/.test(password)) return undefined
    // The store refuses what is too short to be told from ordinary output; sudo may still take it.
    if (password.length >= 4) o.secrets.register(`sudo ${user}@${host.name}`, 'prompt', password)
    return password
  }
  return {
    async get(host, user, as) {
      const known = kept.get(key(host, user)) ?? ask(host, user, as)
      kept.set(key(host, user), known)
      const password = await known.catch(() => undefined)
      if (password === undefined) kept.delete(key(host, user))
      return password
    },
    forget: (host, user) => void kept.delete(key(host, user)),
  }
}
