import type { Prompt } from '../console.types.ts'

/** Questions to the person at the console, one at a time, in the order they came. */
export interface Prompts {
  secret(q: { who: string; what: string }): Promise<string | undefined>
  confirm(q: { who: string; what: string }): Promise<boolean>
  /** Answers the open prompt; undefined is "no". */
  reply(prompt: string, value: string | undefined): void
  /** Answers everything that waits with "no". */
  close(): void
}

/** Prompts that `show` puts on the screen; undefined takes the last one away. */
export function createPrompts(show: (prompt: Prompt | undefined) => void): Prompts {
  const queue: { prompt: Prompt; resolve: (value: string | undefined) => void }[] = []
  let closed = false
  const ask = (kind: Prompt['kind'], q: { who: string; what: string }): Promise<string | undefined> =>
    new Promise((resolve) => {
      if (closed) return resolve(undefined)
      queue.push({ prompt: { id: crypto.randomUUID(), kind, ...q }, resolve })
      if (queue.length === 1) show(queue[0]?.prompt)
    })
  const next = (value: string | undefined) => {
    const answered = queue.shift()
    show(queue[0]?.prompt)
    answered?.resolve(value)
  }
  return {
    secret: (q) => ask('secret', q),
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
