/** A secret by its registered name; the value is never part of a fact, a plan, a change or an event. */
export interface SecretRef {
  secret: string
}

/** Text in which secrets stand as references, in order. */
export type SecretText = readonly (string | SecretRef)[]

/** Text that may hold secrets: a plain string where it holds none. */
export type Text = string | SecretText

/** Where a secret's value comes from; only this, never the value, is journaled. */
export type SecretSource = `env:${string}` | `file:${string}` | 'stdin' | 'prompt' | `host:${string}`

/** Keeps the values of secrets in memory for one incident, and gives them only to what writes them on a stdin. */
export interface SecretStore {
  /** Registers a value (at least 4 characters, else a usage error) under a name; registering again replaces it. */
  register(name: string, source: SecretSource, value: string): void
  has(name: string): boolean
  /** The value; throws SitrepError('not_approved') where it was never resolved in this process. */
  value(ref: SecretRef): string
  /** Names and values, for the redactor. */
  entries(): readonly { name: string; value: string }[]
  /** Where a value came from. */
  sourceOf(name: string): SecretSource | undefined
  /** Calls back whenever a value was registered, so that running redactors learn it and the journal names it. */
  onRegister(listener: (name: string, value: string, source: SecretSource) => void): () => void
}

/** The text with every secret shown as its mark `‹secret:NAME›`, fit for a person. */
export function showText(text: Text): string {
  if (typeof text === 'string') return text
  return text.map((part) => (typeof part === 'string' ? part : `‹secret:${part.secret}›`)).join('')
}

/** The text with its secrets filled in; for a stdin only. */
export function revealText(text: Text, secrets: Pick<SecretStore, 'value'>): string {
  if (typeof text === 'string') return text
  return text.map((part) => (typeof part === 'string' ? part : secrets.value(part))).join('')
}
