import type { Console, ConsoleState, Intent } from '../../src/console.types.ts'

/** A console whose state the test sets, and whose intents it reads. */
export interface FakeConsole extends Console {
  intents: Intent[]
  set(change: (state: ConsoleState) => ConsoleState): void
  /** What an intent does to the state; may throw, which rejects the intent. */
  on(react: (intent: Intent, console: FakeConsole) => void): void
  closed: boolean
}

/** A fake console that starts with `state`. */
export function fakeConsole(state: ConsoleState): FakeConsole {
  const listeners = new Set<(state: ConsoleState, previous: ConsoleState) => void>()
  let react: (intent: Intent, console: FakeConsole) => void = () => {}
  const console: FakeConsole = {
    intents: [],
    closed: false,
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    set(change) {
      const previous = state
      state = change(state)
      for (const listener of listeners) listener(state, previous)
    },
    on(next) {
      react = next
    },
    async send(intent) {
      console.intents.push(intent)
      react(intent, console)
    },
    exit: () => 0,
    async close() {
      console.closed = true
      return { postmortem: '/tmp/postmortem.md' }
    },
  }
  return console
}
