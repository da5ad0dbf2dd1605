import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostName, matchesNames } from './match.ts'
import { type KnownLine, parseKnownHosts } from './parse.ts'

/** A key that a known_hosts file holds for the host. */
export interface KnownKey {
  fingerprint: string
  file: string
  line: number
}

/** A `@cert-authority` line that means the host: its certificate may be good where its plain key is not known. */
export interface KnownAuthority {
  file: string
  line: number
}

/** What the known_hosts files say of the key that a host showed. Only `known` lets a connection go on. */
export type HostKeyVerdict =
  | { is: 'known'; fingerprint: string }
  | { is: 'unknown'; fingerprint: string; authority?: KnownAuthority }
  | { is: 'changed'; fingerprint: string; known: KnownKey[]; authority?: KnownAuthority }
  | { is: 'revoked'; fingerprint: string; file: string; line: number }
  | { is: 'unreadable'; fingerprint: string; file: string; reason: string }

type Readable = Exclude<HostKeyVerdict, { is: 'unreadable' }>

/** The fingerprint as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/**
 * Judges the key that a host showed as `ssh -o StrictHostKeyChecking=yes` would: a revoked key is refused whatever else
 * matches; `@cert-authority` lines say nothing of a plain key, and are only named where it is not known; a file that is missing knows nobody; a file that is there
 * and can't be read refuses. Synchronous, since a verifier that answers late is no verifier.
 */
export function verdict(files: readonly string[], host: string, port: number, key: Buffer): HostKeyVerdict {
  const fingerprint = fingerprintOf(key)
  const read = readLines(files)
  if ('reason' in read) return { is: 'unreadable', fingerprint, ...read }
  const own = judge(namesOf(read.lines, host, port), key, fingerprint)
  // OpenSSH also takes a line without a port for a host on another port where no other line means it, but only to say yes, or
  // that the key is revoked (sshconnect.c, "checking without port identifier").
  if (own.is !== 'unknown' || port === 22) return own
  const bare = judge(namesOf(read.lines, host, 22), key, fingerprint)
  if (bare.is === 'known' || bare.is === 'revoked') return bare
  const authority = own.authority ?? ('authority' in bare ? bare.authority : undefined)
  return { is: 'unknown', fingerprint, ...(authority ? { authority } : {}) }
}

const namesOf = (lines: readonly KnownLine[], host: string, port: number): KnownLine[] =>
  lines.filter((line) => matchesNames(line.names, hostName(host, port)))

/** What the lines that mean the host say of its key. */
function judge(lines: readonly KnownLine[], key: Buffer, fingerprint: string): Readable {
  const revoked = lines.find((line) => line.marker === 'revoked' && line.key.equals(key))
  if (revoked) return { is: 'revoked', fingerprint, file: revoked.file, line: revoked.line }
  const plain = lines.filter((line) => line.marker === undefined)
  if (plain.some((line) => line.key.equals(key))) return { is: 'known', fingerprint }
  const vouched = authorityOf(lines)
  if (plain.length > 0) return { is: 'changed', fingerprint, known: plain.map(knownKey), ...vouched }
  return { is: 'unknown', fingerprint, ...vouched }
}

function authorityOf(lines: readonly KnownLine[]): { authority?: KnownAuthority } {
  const found = lines.find((line) => line.marker === 'cert-authority')
  return found ? { authority: { file: found.file, line: found.line } } : {}
}

const algorithmsOf: Record<string, string[]> = { 'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'] }

/**
 * The host key algorithms for which a key of this host is known, to be asked for first: a host known by its ed25519 key
 * would otherwise look changed when it offers RSA. Empty where nothing is known.
 */
export function knownAlgorithms(files: readonly string[], host: string, port: number): string[] {
  const read = readLines(files)
  if ('reason' in read) return []
  const plain = read.lines.filter((line) => line.marker === undefined)
  const own = namesOf(plain, host, port)
  const lines = own.length > 0 ? own : namesOf(plain, host, 22)
  return [...new Set(lines.flatMap((line) => algorithmsOf[line.type] ?? [line.type]))]
}

function knownKey(line: KnownLine): KnownKey {
  return { fingerprint: fingerprintOf(line.key), file: line.file, line: line.line }
}

function readLines(files: readonly string[]): { lines: KnownLine[] } | { file: string; reason: string } {
  const lines: KnownLine[] = []
  for (const file of files) {
    try {
      lines.push(...parseKnownHosts(readFileSync(file, 'latin1'), file))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
      if (code !== 'ENOENT') return { file, reason: code }
    }
  }
  return { lines }
}
