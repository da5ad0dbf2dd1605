import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2'
import type { Host } from '../../model/host.ts'
import { expandHome } from '../known_hosts.ts'

/** A private key file as it was found; its public half, where that is known, tells whether an agent holds the key. */
export type Identity =
  | { file: string; is: 'ready'; key: ParsedKey }
  | { file: string; is: 'encrypted'; text: Buffer; publicKey: Buffer | undefined }
  | { file: string; is: 'unusable'; reason: string; publicKey?: Buffer | undefined }

const defaults = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/** The identity files of a host: those that its entry or the OpenSSH configuration names, or those of ~/.ssh that are there. */
export function identities(host: Pick<Host, 'identityFiles'>): Identity[] {
  if (host.identityFiles !== undefined)
    return host.identityFiles.map((file) => readIdentity(expandHome(file)))
  return defaults
    .map((name) => readIdentity(join(homedir(), '.ssh', name)))
    .filter((identity) => identity.is !== 'unusable' || identity.reason !== 'ENOENT')
}

function readIdentity(file: string): Identity {
  let text: Buffer
  try {
    text = readFileSync(file)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    return { file, is: 'unusable', reason, publicKey: publicKeyOf(file) }
  }
  const key = ssh2.utils.parseKey(text)
  if (!(key instanceof Error) && key.isPrivateKey()) return { file, is: 'ready', key }
  if (!(key instanceof Error)) {
    return { file, is: 'unusable', reason: 'this is a public key', publicKey: key.getPublicSSH() }
  }
  if (/passphrase|encrypted/i.test(key.message)) {
    return { file, is: 'encrypted', text, publicKey: publicKeyOf(file) }
  }
  const reason = 'not a private key that can be used here'
  return { file, is: 'unusable', reason, publicKey: publicKeyOf(file) }
}

/** The public half of a key, from the file beside it. */
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
