import { readFileSync, renameSync } from 'node:fs'
import { keyPair } from './keys.ts'
import { must } from './sh.ts'

/** What a certificate says beside its key. */
export interface CertificateOptions {
  /** The users or the host names that it is for. */
  principals: string[]
  host?: boolean
  /** As `ssh-keygen -V` takes it: `-2h:-1h` for one that has expired. */
  validity?: string
}

/** Makes a certificate authority's key pair, and gives the path of its private half. */
export const authority = (path: string): Promise<string> => keyPair(path, 'ed25519', 'sitrep-ca')

/** Signs the public half of a key with an authority's key; the certificate is written to `PATH`, or beside the key. */
export async function certify(
  ca: string,
  key: string,
  o: CertificateOptions,
  path?: string,
): Promise<string> {
  const kind = o.host ? ['-h'] : []
  const validity = o.validity === undefined ? [] : ['-V', o.validity]
  const names = ['-I', 'sitrep-test', '-n', o.principals.join(',')]
  await must(['ssh-keygen', '-q', '-s', ca, ...kind, ...names, ...validity, `${key}.pub`])
  const made = `${key}-cert.pub`
  if (path !== undefined) renameSync(made, path)
  return path ?? made
}

/** The known_hosts line by which every host of this name and port is known whose certificate this authority has signed. */
export function authorityLine(ca: string, name: string, port: number): string {
  const key = readFileSync(`${ca}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  return `@cert-authority ${port === 22 ? name : `[${name}]:${port}`} ${key}\n`
}
