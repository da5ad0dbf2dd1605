import { open, readFile } from 'node:fs/promises'
import type { Host } from '../../model/host.ts'
import { isYes, listOf, oneOf, type Values } from './values.ts'

/**
 * Why only the system's ssh can do what the configuration asks for: one reason each, empty where ssh2 can do all of it.
 * `gssapi` tells whether the user asked for it: some distributions say yes for everybody.
 */
export async function reasonsForSsh(
  host: Pick<Host, 'identityFiles' | 'certificateFiles'>,
  values: Values,
  o: { home: string; gssapi: boolean },
): Promise<string[]> {
  const defaults = (values.get('identityfile') ?? []).map((file) => file.replace(/^~(?=\/)/, () => o.home))
  const files = host.identityFiles ?? defaults
  return [
    ...(host.certificateFiles ?? []).map((file) => `a certificate is set (${file})`),
    ...(await Promise.all(files.map(reasonOfKey))).flat(),
    ...asked(values),
    ...(o.gssapi ? ['GSSAPIAuthentication is on'] : []),
  ]
}

/** Those without which a host would be checked less: no other way may be taken instead. */
export function bindingReasons(values: Values): string[] {
  const file = oneOf(values, 'revokedhostkeys')
  return file === undefined ? [] : [`RevokedHostKeys is set (${file})`]
}

function asked(values: Values): string[] {
  const reasons = [...bindingReasons(values)]
  if (isYes(values, 'hostbasedauthentication')) reasons.push('HostbasedAuthentication is on')
  if (isYes(values, 'proxyusefdpass')) reasons.push('ProxyUseFdpass is on')
  if (oneOf(values, 'pkcs11provider') !== undefined) reasons.push('a PKCS11Provider is set')
  if (oneOf(values, 'knownhostscommand') !== undefined) reasons.push('a KnownHostsCommand is set')
  const kex = listOf(values, 'kexalgorithms')
  if (kex.length > 0 && kex.every((name) => /^(sntrup|mlkem)/.test(name)))
    reasons.push('only post-quantum key exchange is allowed (KexAlgorithms)')
  const keys = listOf(values, 'hostkeyalgorithms')
  if (keys.length > 0 && keys.every((name) => name.includes('-cert-')))
    reasons.push('only host certificates are allowed (HostKeyAlgorithms)')
  return reasons
}

/** A key file that ssh2 can't use, or that has a certificate beside it, which ssh would take by itself. */
async function reasonOfKey(file: string): Promise<string[]> {
  const certificate = `${file}-cert.pub`
  const [isFido, hasCertificate] = await Promise.all([isFidoKey(file), isThere(certificate)])
  return [
    ...(isFido ? [`${file} is a FIDO key`] : []),
    ...(hasCertificate ? [`${file} has a certificate (${certificate})`] : []),
  ]
}

async function isThere(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined)
  await handle?.close()
  return handle !== undefined
}

/** The type of a key stands in its public half, and unencrypted at the head of a private file of OpenSSH's format. */
async function isFidoKey(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '')
  if (!text.includes('BEGIN OPENSSH PRIVATE KEY')) return text.startsWith('sk-')
  const body = text.replace(/-----[^-]*-----/g, '').replace(/\s/g, '')
  return publicType(Buffer.from(body.slice(0, 2048), 'base64'))?.startsWith('sk-') === true
}

const magic = 'openssh-key-v1\0'

/**
 * The type of the first public key of an openssh-key-v1 file (OpenSSH's PROTOCOL.key): behind the magic stand the names of
 * the cipher and of the KDF, its options, how many keys there are, and the first one, which begins with its type.
 */
function publicType(head: Buffer): string | undefined {
  if (head.toString('latin1', 0, magic.length) !== magic) return undefined
  let at = magic.length
  const length = () => (at + 4 <= head.length ? head.readUInt32BE(at) : head.length)
  for (let skipped = 0; skipped < 3; skipped++) at += 4 + length()
  // The number of keys, and the length of the first.
  at += 8
  return at < head.length ? head.toString('latin1', at + 4, at + 4 + length()) : undefined
}
