import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { privateFolder } from './paths.ts'
import { must } from './sh.ts'

/** Generates an unencrypted key pair once; the private half is 0600. */
export async function keyPair(path: string, type = 'ed25519', comment = 'sitrep-lab'): Promise<string> {
  if (!existsSync(path)) {
    await must(['ssh-keygen', '-q', '-t', type, '-N', '', '-C', comment, '-f', path])
  }
  return path
}

/** Generates a server's host keys into a folder of their own and gives the paths of the private halves. */
export async function hostKeys(folder: string, types = ['ed25519', 'ecdsa', 'rsa']): Promise<string[]> {
  privateFolder(folder)
  return Promise.all(
    types.map((type) => keyPair(join(folder, `ssh_host_${type}_key`), type, 'sitrep-lab-host')),
  )
}

/** The lines of known_hosts for an address, from the public halves of real host keys. */
export function knownHostsLines(name: string, port: number, privateKeys: string[]): string {
  const host = port === 22 ? name : `[${name}]:${port}`
  return privateKeys
    .map((path) => readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' '))
    .map((key) => `${host} ${key}\n`)
    .join('')
}

/** The SHA256 fingerprint of a key, as OpenSSH prints it. */
export async function fingerprint(path: string): Promise<string> {
  const line = await must(['ssh-keygen', '-l', '-E', 'sha256', '-f', `${path}.pub`])
  return line.split(' ')[1] ?? ''
}
