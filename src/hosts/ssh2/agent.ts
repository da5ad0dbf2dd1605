import ssh2, {
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2'
import type { Host } from '../../model/host.ts'
import { expandHome } from '../known_hosts.ts'

/** The agent of a host: the one that its IdentityAgent names, else that of the operator's session; undefined where there is none. */
export function agentOf({ identityAgent }: Pick<Host, 'identityAgent'>): BaseAgent | undefined {
  if (identityAgent === 'none') return undefined
  const socket = identityAgent === undefined ? process.env.SSH_AUTH_SOCK : expandHome(identityAgent)
  return socket ? ssh2.createAgent(socket) : undefined
}

/** An agent that offers these keys only, in this order: a server counts each offer as a try (MaxAuthTries). */
export class ChosenKeys extends ssh2.BaseAgent {
  readonly #agent: BaseAgent
  readonly #keys: ParsedKey[]
  /** True from the moment on in which the host had a use for one of them. */
  signed = false

  constructor(agent: BaseAgent, keys: ParsedKey[]) {
    super()
    this.#agent = agent
    this.#keys = keys
  }

  override getIdentities(callback: IdentityCallback): void {
    callback(undefined, this.#keys)
  }

  override sign(
    key: ParsedKey | Buffer | string,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    this.signed = true
    if (typeof options === 'function') this.#agent.sign(key, data, options)
    else this.#agent.sign(key, data, options, callback)
  }
}
