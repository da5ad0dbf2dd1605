import type { Host } from '../../model/host.ts'
import type { SecretStore } from '../../model/secret.ts'
import type { Prompter } from '../prompter.ts'

/** A password that one command may try, and must say what came of it: nobody else tries it before. */
export interface Attempt {
  password: string
  /** sudo took it: everybody may use it. */
  right(): void
  /** It was refused, or nobody knows: the next command asks a person again. */
  wrong(): void
}

/** Passwords for sudo: asked once for each host and user, and kept in memory only. */
export interface SudoPasswords {
  /**
   * The password; undefined where nobody gave one. What a person has just typed goes to one command alone, and all others wait
   * for what it finds out: so one answer is one attempt, however many commands run side by side.
   */
  get(host: Host, user: string, as: string): Promise<Attempt | undefined>
}

/** One answer of a person. */
interface Answer {
  password: Promise<string | undefined>
  proven: boolean
  trial?: PromiseWithResolvers<void>
}

/** Asks through the prompter; a value is told to the secret store, so that every sink hides it. */
export function createSudoPasswords(o: { prompter?: Prompter; secrets: SecretStore }): SudoPasswords {
  const kept = new Map<string, Answer>()
  const ask = async (host: Host, user: string, as: string): Promise<string | undefined> => {
    const password = await o.prompter
      ?.secret({
        who: `${host.name} (${host.address})`,
        what: `sudo asks for the password of ${user}, to run as ${as}`,
      })
      .catch(() => undefined)
    if (password === undefined || /[\n\0]/.test(password)) return undefined
    // The store refuses what is too short to be told from ordinary output; sudo may still take it.
    if (password.length >= 4) o.secrets.register(`sudo ${user}@${host.name}`, 'prompt', password)
    return password
  }
  return {
    async get(host, user, as) {
      const key = `${host.name} ${user}`
      for (;;) {
        const answer: Answer = kept.get(key) ?? { password: ask(host, user, as), proven: false }
        kept.set(key, answer)
        const password = await answer.password
        const forget = () => {
          if (kept.get(key) === answer) kept.delete(key)
          answer.trial?.resolve()
        }
        if (password === undefined) {
          forget()
          return undefined
        }
        if (kept.get(key) !== answer) continue
        if (!answer.proven && answer.trial !== undefined) {
          await answer.trial.promise
          continue
        }
        if (!answer.proven) answer.trial = Promise.withResolvers()
        const right = () => {
          answer.proven = true
          answer.trial?.resolve()
        }
        return { password, right, wrong: forget }
      }
    },
  }
}
