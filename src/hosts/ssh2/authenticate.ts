import type { AnyAuthMethod, AuthHandlerMiddleware } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import type { Host } from '../../model/host.ts'
import type { SecretStore } from '../../model/secret.ts'
import type { Prompter } from '../prompter.ts'
import type { Keyring } from './keyring.ts'
import { type KeyOffer, keyOffers } from './publicKeys.ts'
import { type AskingDeps, askSecret, keyboardInteractive } from './questions.ts'

/** How often a host's questions, and its password, are answered anew where an answer was wrong. */
const tries = 3

/** What authentication may use. */
export interface AuthenticationDeps {
  prompter?: Prompter
  secrets: Pick<SecretStore, 'register'>
  keys: Keyring
  /** A person is being asked: their time is not the host's. */
  waiting(on: boolean): void
  /** A person's answer was given, and the host may now wait for another of their devices. */
  onAnswer(): void
  /** Nobody answered: the host is to get no answer at all, for an empty one would count as a wrong one. */
  onDeclined(): void
  signal: AbortSignal
  agentTimeoutMs: number
}

/** One host's authentication: what ssh2 asks for the next method, and what to tell where the host said no. */
export interface Authentication {
  handler: AuthHandlerMiddleware
  /** What was accepted, in words: `~/.ssh/id_ed25519`, `the agent's key and answers to its questions`. */
  accepted(): string
  refusal(): { message: string; next?: string }
}

/**
 * Offers keys first, then answers the host's questions (keyboard-interactive), then gives a password; a person is asked for
 * the latter two. Each is tried only where the host takes it, and again after a part was accepted (a key and a code).
 */
export function authentication(host: Host, o: AuthenticationDeps): Authentication {
  const username = host.user
  const tried: string[] = []
  const wanted = new Set<string>()
  const asking: AskingDeps | undefined = o.prompter && {
    prompter: o.prompter,
    secrets: o.secrets,
    waiting: o.waiting,
    signal: o.signal,
  }
  const ask = asking && (({ what }: { what: string }) => askSecret(host, what, asking))
  const keys = keyOffers(host, { keys: o.keys, ask, agentTimeoutMs: o.agentTimeoutMs, tried })
  let last: KeyOffer | undefined
  /** What was accepted as a part, and what was given last. */
  const parts: string[] = []
  let given = 'nothing'
  let probe: KeyOffer | undefined
  let probed = false
  let rounds = 0
  let questions = 0
  let passwords = 0

  const next = async (allowed: readonly string[] | null): Promise<AnyAuthMethod | false> => {
    const before = last
    last = undefined
    // ssh2 keeps the answer to an agent's key to itself: a request without credentials is answered by what is taken now.
    if (before?.signed?.()) {
      probe = before
      return { type: 'none', username }
    }
    if (probe && allowed?.includes('publickey') === false) parts.push(probe.what)
    probe = undefined
    if (allowed === null || allowed.includes('publickey')) {
      const step = await keys.next()
      last = step.value
      if (last) {
        given = last.what
        return last.method
      }
      if (allowed === null && !probed) {
        probed = true
        return { type: 'none', username }
      }
    }
    if (allowed === null) return false
    if (!asking) {
      for (const method of allowed) wanted.add(method)
      return false
    }
    if (allowed.includes('keyboard-interactive') && questions < tries) {
      questions++
      given = 'answers to its questions'
      // A host that fails it without a question has none to ask.
      if (questions === 1 || rounds > 0)
        return keyboardInteractive(host, {
          ...asking,
          again: questions > 1,
          onRound: () => {
            if (rounds++ === 0) tried.push('answers to its questions')
            o.onAnswer()
          },
          onDeclined: o.onDeclined,
        })
    }
    // Who was asked by the host's questions was asked for the password already.
    if (allowed.includes('password') && rounds === 0 && passwords < tries) {
      if (passwords === 0) tried.push('a password')
      const what = `${passwords > 0 ? 'that was not it; ' : ''}the password of ${username}`
      passwords++
      const password = await askSecret(host, what, asking)
      if (password !== undefined) {
        o.onAnswer()
        given = 'a password'
        return { type: 'password', username, password }
      }
      o.onDeclined()
      return false
    }
    for (const method of allowed) wanted.add(method)
    return false
  }
  return {
    handler: (allowed, partial, callback) => {
      // A part was accepted: what the host asks for next is asked for the first time.
      if (partial) {
        rounds = questions = passwords = 0
        parts.push(given)
      }
      next(allowed as readonly string[] | null).then(
        (method) => callback(method as never),
        (error: unknown) => {
          tried.push(messageOf(error))
          callback(false as never)
        },
      )
      // Undefined tells ssh2 to wait for the callback.
      return undefined as never
    },
    accepted: () => [...new Set([...parts, given])].join(' and '),
    refusal() {
      const list = tried.length === 0 ? 'no key was found to try' : `tried: ${tried.join('; ')}`
      const takes = wanted.size === 0 ? '' : `; it takes ${[...wanted].join(', ')}`
      const message = `it did not let ${username} in; ${list}${takes}`
      const personal =
        !o.prompter && ['keyboard-interactive', 'password'].some((method) => wanted.has(method))
      return personal
        ? {
            message: `${message}; nobody can be asked here for a password or a code`,
            next: 'log in from the console or from a terminal, or set up a key',
          }
        : { message }
    },
  }
}
