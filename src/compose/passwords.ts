import type { Prompter } from '../hosts/prompter.ts'
import { createSudoPasswords, type SudoPasswords } from '../hosts/sudo/passwords.ts'
import type { SecretStore } from '../model/secret.ts'

const kept = new WeakMap<SecretStore, WeakMap<Prompter, SudoPasswords>>()

/**
 * The passwords of one incident, which its secret store stands for: every runbook that is opened in it, and every undo, shares
 * what its person has typed, and nothing outlives the store.
 */
export function passwordsOf(o: { secrets: SecretStore; prompter?: Prompter }): SudoPasswords {
  const { secrets, prompter } = o
  if (prompter === undefined) return createSudoPasswords({ secrets })
  const known = kept.get(secrets) ?? new WeakMap<Prompter, SudoPasswords>()
  kept.set(secrets, known)
  const passwords = known.get(prompter) ?? createSudoPasswords({ secrets, prompter })
  known.set(prompter, passwords)
  return passwords
}
