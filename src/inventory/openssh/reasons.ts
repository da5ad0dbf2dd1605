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

function asked(values: Values): string[] {
  const reasons: string[] = []
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
  // openssh-key-v1: three strings of at most some dozen bytes, a count, and then the public key with its type in front.
  return Buffer.from(body.slice(0, 1024), 'base64').toString('latin1').includes('sk-')
}
