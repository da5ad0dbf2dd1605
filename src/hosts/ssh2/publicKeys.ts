import type { AnyAuthMethod, ParsedKey } from 'ssh2'
import type { Host } from '../../model/host.ts'
import type { Question } from '../prompter.ts'
import { agentOf, ChosenKeys } from './agent.ts'
import { agentKeys, decrypt, type Identity, identities } from './identities.ts'
import type { Keyring } from './keyring.ts'

/** Wrong passphrases that are asked again before the key is given up. */
const tries = 3

/** What offering keys may use. `ask` is undefined where nobody can be asked; `tried` gets what was offered, for the message. */
export interface KeyDeps {
  keys: Keyring
  ask: ((question: Pick<Question, 'what'>) => Promise<string | undefined>) | undefined
  agentTimeoutMs: number
  tried: string[]
}

/** One offer of a key. Of an agent's key ssh2 does not tell what the host answered; `signed` says whether it had a use for it. */
export interface KeyOffer {
  method: AnyAuthMethod
  /** What is offered, in words. */
  what: string
  signed?(): boolean
}

/**
 * The keys to offer, in this order: the named files, or the agent's keys and then the default files; an encrypted key whose
 * public half the agent holds goes by the agent; another asks for its passphrase, last.
 */
export async function* keyOffers(host: Host, o: KeyDeps): AsyncGenerator<KeyOffer, undefined> {
  const { tried } = o
  const username = host.user
  const files = identities(host)
  const agent = agentOf(host)
  const held = agent ? await agentKeys(agent, o.agentTimeoutMs) : []
  const named = host.identityFiles !== undefined
  const inAgent = (identity: Identity) => {
    const own = publicOf(identity)
    return held.filter((key) => own !== undefined && key.getPublicSSH().equals(own))
  }
  const byFile = function* (identity: Identity): Generator<KeyOffer> {
    if (identity.is !== 'ready') return
    tried.push(identity.file)
    yield { method: { type: 'publickey', username, key: identity.key }, what: identity.file }
  }
  const byAgent = function* (keys: ParsedKey[]): Generator<KeyOffer> {
    if (!agent || keys.length === 0) return
    tried.push(`the agent's ${keys.length === 1 ? 'key' : `${keys.length} keys`}`)
    for (const key of keys) {
      const chosen = new ChosenKeys(agent, [key])
      yield {
        method: { type: 'agent', username, agent: chosen },
        what: "the agent's key",
        signed: () => chosen.signed,
      }
    }
  }
  for (const identity of files)
    if (identity.is === 'unusable' && inAgent(identity).length === 0)
      tried.push(`${identity.file} (${identity.reason})`)
  const first = files.flatMap(inAgent)
  if (named) for (const identity of files) yield* byFile(identity)
  yield* byAgent(first)
  if (host.identitiesOnly !== true) yield* byAgent(held.filter((key) => !first.includes(key)))
  if (!named) for (const identity of files) yield* byFile(identity)
  for (const identity of files) {
    if (identity.is !== 'encrypted' || inAgent(identity).length > 0) continue
    const key = await o.keys.get(identity.file, () => unlock(identity, o.ask))
    tried.push(key ? identity.file : `${identity.file} (its passphrase was not given)`)
    if (key) yield { method: { type: 'publickey', username, key }, what: identity.file }
  }
}

function publicOf(identity: Identity): Buffer | undefined {
  return identity.is === 'ready' ? identity.key.getPublicSSH() : identity.publicKey
}

async function unlock(
  identity: Extract<Identity, { is: 'encrypted' }>,
  ask: KeyDeps['ask'],
): Promise<ParsedKey | undefined> {
  for (let attempt = 0; ask && attempt < tries; attempt++) {
    const what = `${attempt > 0 ? 'that was not it; ' : ''}the passphrase of ${identity.file}`
    const answer = await ask({ what })
    if (answer === undefined) return undefined
    const key = decrypt(identity.text, answer)
    if (key) return key
  }
  return undefined
}
