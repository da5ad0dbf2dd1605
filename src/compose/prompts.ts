import type { Prompt } from '../console.types.ts'
import type { Prompter, Question } from '../hosts/prompter.ts'

/** Questions to the person at the console, one at a time, in the order they came. */
export interface Prompts extends Prompter {
  /** Answers the open prompt; undefined is "no". */
  reply(prompt: string, value: string | undefined): void
  /** Answers everything that waits with "no". */
  close(): void
}

/** Prompts that `show` puts on the screen; undefined takes the last one away. */
export function createPrompts(show: (prompt: Prompt | undefined) => void): Prompts {
  const queue: { prompt: Prompt; resolve: (value: string | undefined) => void }[] = []
  let closed = false
  const ask = (kind: Prompt['kind'], { who, what, signal }: Question): Promise<string | undefined> =>
    new Promise((resolve) => {
      if (closed || signal?.aborted) return resolve(undefined)
      const asked = {
        prompt: { id: crypto.randomUUID(), kind, who, what },
        resolve: (value: string | undefined) => {
          signal?.removeEventListener('abort', takeBack)
          resolve(value)
        },
      }
      const takeBack = () => {
        const at = queue.indexOf(asked)
        if (at === 0) next(undefined)
        else if (at > 0) queue.splice(at, 1)
        asked.resolve(undefined)
      }
      signal?.addEventListener('abort', takeBack, { once: true })
      queue.push(asked)
      if (queue.length === 1) show(queue[0]?.prompt)
    })
  const next = (value: string | undefined) => {
    const answered = queue.shift()
    show(queue[0]?.prompt)
    answered?.resolve(value)
  }
  return {
    secret: (q) => ask('secret', q),
    text: (q) => ask('text', q),
    confirm: async (q) => (await ask('confirm', q)) !== undefined,
    reply: (prompt, value) => {
      if (queue[0]?.prompt.id === prompt) next(value)
    },
    close: () => {
      closed = true
      while (queue.length > 0) next(undefined)
    },
  }
}
