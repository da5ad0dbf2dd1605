import ssh2, {
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2'

/** The agent of the operator's session, if there is one. */
export function sessionAgent(): BaseAgent | undefined {
  const socket = process.env.SSH_AUTH_SOCK
  return socket ? ssh2.createAgent(socket) : undefined
}

/** An agent that offers these keys only, in this order: a server counts each offer as a try (MaxAuthTries). */
export class ChosenKeys extends ssh2.BaseAgent {
  readonly #agent: BaseAgent
  readonly #keys: ParsedKey[]

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
    if (typeof options === 'function') this.#agent.sign(key, data, options)
    else this.#agent.sign(key, data, options, callback)
  }
}
