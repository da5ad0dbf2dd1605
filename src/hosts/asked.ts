import { performance } from 'node:perf_hooks'
import type { Prompter } from './prompter.ts'

/** A prompter, and how long its questions have been open so far, in milliseconds: that is a person's time, and not a host's. */
export interface TimedPrompter {
  prompter: Prompter
  ms(): number
}

/** Times a prompter; questions that are open at once count once. */
export function timedPrompter(prompter: Prompter): TimedPrompter {
  let open = 0
  let since = 0
  let spent = 0
  const timed = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (open++ === 0) since = performance.now()
    try {
      return await ask()
    } finally {
      if (--open === 0) spent += performance.now() - since
    }
  }
  return {
    prompter: {
      secret: (q) => timed(() => prompter.secret(q)),
      text: (q) => timed(() => prompter.text(q)),
      confirm: (q) => timed(() => prompter.confirm(q)),
    },
    ms: () => spent + (open === 0 ? 0 : performance.now() - since),
  }
}
