import type { AnyAuthMethod, Prompt } from 'ssh2'
import type { Host } from '../../model/host.ts'
import type { SecretStore } from '../../model/secret.ts'
import { hostWords } from '../errors.ts'
import type { Prompter, Question } from '../prompter.ts'

/** Characters of one of a host's texts that are shown: whole or not at all, for a redactor knows no secret that was cut. */
const shown = 1000

/** A shorter answer would be found all over ordinary output, and hiding it would hide that output instead. */
const shortest = 4

/** What asking a person on behalf of a host may use. */
export interface AskingDeps {
  prompter: Prompter
  secrets: Pick<SecretStore, 'register'>
  /** The person's time is not the host's. */
  waiting(on: boolean): void
  /** Ends a question whose connection has ended. */
  signal: AbortSignal
}

/** Asks for something secret to log in, and has it hidden from then on; undefined where nobody answers. */
export async function askSecret(host: Host, what: string, o: AskingDeps): Promise<string | undefined> {
  o.waiting(true)
  try {
    const answer = await o.prompter.secret(question(host, what, o))
    if (answer !== undefined && answer.length >= shortest && !isUsedUp(what, answer))
      o.secrets.register(`ssh ${host.user}@${host.name}`, 'prompt', answer)
    return answer
  } finally {
    o.waiting(false)
  }
}

/**
 * Answers a host's questions (RFC 4256), one after the other, for as many rounds as it likes. `onRound` hears of each round
 * that was answered; `onDeclined` of one that nobody answered, after which the host gets no answer at all.
 */
export function keyboardInteractive(
  host: Host,
  o: AskingDeps & { again: boolean; onRound(): void; onDeclined(): void },
): AnyAuthMethod {
  let first = o.again
  const round = async (
    name: string,
    instructions: string,
    prompts: Prompt[],
  ): Promise<string[] | undefined> => {
    const answers: string[] = []
    for (const [at, { prompt, echo }] of prompts.entries()) {
      const words = [...(at === 0 ? [name, instructions] : []), prompt || 'an answer']
        .map(hostWords)
        .map((text) => (text.length > shown ? `(${text.length} characters, not shown)` : text))
        .filter((text) => text !== '')
      const wrong = first ? 'that was not it; ' : ''
      first = false
      const what = `${wrong}to log in as ${host.user} this host asks:\n${words.join('\n')}`
      const answer = echo === true ? await askText(host, what, o) : await askSecret(host, what, o)
      if (answer === undefined) return undefined
      answers.push(answer)
    }
    return answers
  }
  return {
    type: 'keyboard-interactive',
    username: host.user,
    prompt: (name, instructions, _lang, prompts, finish) => {
      round(name, instructions, prompts).then(
        (answers) => {
          if (!answers) return o.onDeclined()
          o.onRound()
          finish(answers)
        },
        () => o.onDeclined(),
      )
    },
  }
}

async function askText(host: Host, what: string, o: AskingDeps): Promise<string | undefined> {
  o.waiting(true)
  try {
    return await o.prompter.text(question(host, what, o))
  } finally {
    o.waiting(false)
  }
}

function question(host: Host, what: string, { signal }: AskingDeps): Question {
  return { who: `${host.name} (${host.address})`, what, signal }
}

/** A one-time code is worth nothing once it is used, and digits that few are found in ordinary output. */
function isUsedUp(what: string, answer: string): boolean {
  return /^\d{4,10}$/.test(answer) && /code|token|otp|one.time|passcode|verification/i.test(what)
}
