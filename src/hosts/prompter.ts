/** One question to a person. `who` is the host that asks (`core-1 (10.0.4.11)`), `what` one or a few lines. */
export interface Question {
  who: string
  what: string
  /** Takes the question back, as where the host hung up meanwhile; it counts as not answered. */
  signal?: AbortSignal
}

/** Asks the person at the console or at the terminal. */
export interface Prompter {
  /** What was typed, never shown; undefined where nobody answers. */
  secret(q: Question): Promise<string | undefined>
  /** What was typed, shown while it is typed; undefined where nobody answers. */
  text(q: Question): Promise<string | undefined>
  /** False where nobody answers. */
  confirm(q: Question): Promise<boolean>
}
