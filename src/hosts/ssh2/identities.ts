import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2'
import type { Host } from '../../model/host.ts'
import { expandHome } from '../known_hosts.ts'

/** A private key file as it was found. */
export type Identity =
  | { file: string; is: 'ready'; key: ParsedKey }
  | { file: string; is: 'encrypted'; text: Buffer; publicKey: Buffer | undefined }
  | { file: string; is: 'unusable'; reason: string }

const defaults = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/** The identity files of a host: the one that the inventory names, or those of ~/.ssh that are there. */
export function identities(host: Pick<Host, 'identityFile'>): Identity[] {
  if (host.identityFile !== undefined) return [readIdentity(expandHome(host.identityFile))]
  return defaults
    .map((name) => readIdentity(join(homedir(), '.ssh', name)))
    .filter((identity) => identity.is !== 'unusable' || identity.reason !== 'ENOENT')
}

function readIdentity(file: string): Identity {
  let text: Buffer
  try {
    text = readFileSync(file)
  } catch (error) {
    return { file, is: 'unusable', reason: (error as NodeJS.ErrnoException).code ?? 'unreadable' }
  }
  const key = ssh2.utils.parseKey(text)
  if (!(key instanceof Error)) return key.isPrivateKey() ? { file, is: 'ready', key } : notPrivate(file)
  if (/passphrase|encrypted/i.test(key.message)) {
    return { file, is: 'encrypted', text, publicKey: publicKeyOf(file) }
  }
  return { file, is: 'unusable', reason: 'not a private key that can be used here' }
}

const notPrivate = (file: string): Identity => ({ file, is: 'unusable', reason: 'this is a public key' })

/** The public half of an encrypted key, from the file beside it; tells whether an agent holds the key. */
function publicKeyOf(file: string): Buffer | undefined {
  try {
    const key = ssh2.utils.parseKey(readFileSync(`${file}.pub`))
    return key instanceof Error ? undefined : key.getPublicSSH()
  } catch {
    return undefined
  }
}

/** An encrypted key with its passphrase applied; undefined where it is the wrong one. */
export function decrypt(text: Buffer, passphrase: string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(text, passphrase)
  return key instanceof Error || !key.isPrivateKey() ? undefined : key
}

/** The keys of the agent at SSH_AUTH_SOCK; empty where there is none or it does not answer. */
export function agentKeys(agent: BaseAgent, timeoutMs: number): Promise<ParsedKey[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve([]), timeoutMs)
    agent.getIdentities((error, keys) => {
      clearTimeout(timer)
      resolve(
        error || !keys ? [] : (keys as ParsedKey[]).filter((key) => typeof key?.getPublicSSH === 'function'),
      )
    })
  })
}
