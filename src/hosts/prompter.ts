/** Asks the person at the console or at the terminal. `who` is the host that asks (`core-1 (10.0.4.11)`), `what` one or two lines. */
export interface Prompter {
  /** What was typed, never shown; undefined where nobody answers. */
  secret(q: { who: string; what: string }): Promise<string | undefined>
  /** False where nobody answers. */
  confirm(q: { who: string; what: string }): Promise<boolean>
}
