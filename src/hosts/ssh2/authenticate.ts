import type { AnyAuthMethod, AuthHandlerMiddleware, ParsedKey } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import type { Host } from '../../model/host.ts'
import type { Prompter } from '../prompter.ts'
import { ChosenKeys, sessionAgent } from './agent.ts'
import { agentKeys, decrypt, type Identity, identities } from './identities.ts'

/** Wrong passphrases that are asked again before the key is given up. */
const tries = 3

/** One host's authentication: what ssh2 asks for the next method, and what was tried, for the message. */
export interface Authentication {
  handler: AuthHandlerMiddleware
  tried: readonly string[]
}

/**
 * Tries the keys in this order: the named file, or the agent's keys and then the default files; an encrypted key whose
 * public half the agent holds goes by the agent; another asks for its passphrase, last. `waiting` tells when a person is
 * being asked, for their time is not the host's.
 */
export function authentication(
  host: Host,
  o: { prompter?: Prompter; waiting(on: boolean): void; agentTimeoutMs: number },
): Authentication {
  const tried: string[] = []
  const steps = methods(host, o, tried)
  const next = async (allowed: readonly string[] | null): Promise<AnyAuthMethod | false> => {
    if (allowed && !allowed.includes('publickey')) {
      tried.push(`the host only takes ${allowed.join(', ')}`)
      return false
    }
    const step = await steps.next()
    return step.done ? false : step.value
  }
  return {
    tried,
    handler: (allowed, _partial, callback) => {
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
  }
}

async function* methods(
  host: Host,
  o: { prompter?: Prompter; waiting(on: boolean): void; agentTimeoutMs: number },
  tried: string[],
): AsyncGenerator<AnyAuthMethod> {
  const username = host.user
  const files = identities(host)
  const agent = sessionAgent()
  const held = agent ? await agentKeys(agent, o.agentTimeoutMs) : []
  const named = host.identityFile !== undefined
  const inAgent = (identity: Identity) => {
    const own = publicOf(identity)
    return held.filter((key) => own !== undefined && key.getPublicSSH().equals(own))
  }
  const byFile = function* (identity: Identity): Generator<AnyAuthMethod> {
    if (identity.is !== 'ready') return
    tried.push(identity.file)
    yield { type: 'publickey', username, key: identity.key }
  }
  const byAgent = function* (keys: ParsedKey[]): Generator<AnyAuthMethod> {
    if (!agent || keys.length === 0) return
    tried.push(`the agent's ${keys.length === 1 ? 'key' : `${keys.length} keys`}`)
    yield { type: 'agent', username, agent: new ChosenKeys(agent, keys) }
  }
  for (const identity of files)
    if (identity.is === 'unusable') tried.push(`${identity.file} (${identity.reason})`)
  const first = files.flatMap(inAgent)
  if (named) for (const identity of files) yield* byFile(identity)
  yield* byAgent(first)
  yield* byAgent(held.filter((key) => !first.includes(key)))
  if (!named) for (const identity of files) yield* byFile(identity)
  for (const identity of files) {
    if (identity.is !== 'encrypted' || inAgent(identity).length > 0) continue
    const key = await unlock(host, identity, o)
    tried.push(key ? identity.file : `${identity.file} (its passphrase was not given)`)
    if (key) yield { type: 'publickey', username, key }
  }
}

function publicOf(identity: Identity): Buffer | undefined {
  if (identity.is === 'ready') return identity.key.getPublicSSH()
  return identity.is === 'encrypted' ? identity.publicKey : undefined
}

/** Keys that were unlocked in this process, by file: asked for once, kept in memory only. */
const unlocked = new Map<string, ParsedKey>()

async function unlock(
  host: Host,
  identity: Extract<Identity, { is: 'encrypted' }>,
  o: { prompter?: Prompter; waiting(on: boolean): void },
): Promise<ParsedKey | undefined> {
  const kept = unlocked.get(identity.file)
  if (kept) return kept
  if (!o.prompter) return undefined
  o.waiting(true)
  try {
    for (let attempt = 0; attempt < tries; attempt++) {
      const what = `${attempt > 0 ? 'that was not it; ' : ''}the passphrase of ${identity.file}`
      const answer = await o.prompter.secret({ who: `${host.name} (${host.address})`, what })
      if (answer === undefined) return undefined
      const key = decrypt(identity.text, answer)
      if (key) {
        unlocked.set(identity.file, key)
        return key
      }
    }
    return undefined
  } finally {
    o.waiting(false)
  }
}
