// How a record is chained, byte for byte, so that anyone can check it without sitrep:
//
//   dataHash = 'sha256:' + hex(sha256(utf8(salt + C(data))))
//   hash     = 'sha256:' + hex(sha256(utf8(C(record without hash, salt and data))))
//   prev     = the hash of the writer's record before this one; of its first, 'sha256:' and 64 zeros
//
// C is canonical JSON (RFC 8785); the salt is 32 lower-case hex digits, so that the data of an erased event
// can't be guessed from its dataHash.
import { hash as digest } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { EventRecord } from '../model/event.ts'

/** The `prev` of a writer's first record. */
export const firstPrev = `sha256:${'0'.repeat(64)}`

/** The lower-case hex sha256 of text (as UTF-8) or bytes. */
export function sha256(content: string | Uint8Array): string {
  return digest('sha256', content, 'hex')
}

/** The `dataHash` of a record: the salt and the canonical data. Throws where the data has no canonical form (half of a surrogate pair). */
export function dataHashOf(salt: string, data: unknown): string {
  return `sha256:${sha256(salt + (canonicalize(data) ?? ''))}`
}

/** The `hash` of a record: all of it but hash, salt and data. Throws as `dataHashOf` does. */
export function recordHashOf(record: Omit<EventRecord, 'hash'> & { hash?: string }): string {
  const { hash: _hash, salt: _salt, data: _data, ...covered } = record
  return `sha256:${sha256(plainEnvelope(covered) ?? canonicalize(covered) ?? '')}`
}

const envelopeKeys = 10

/**
 * The canonical JSON of an envelope as every record of this version has it, several times as fast as the general way:
 * its keys in their order, texts and whole numbers only. Undefined for any other.
 */
function plainEnvelope(covered: Omit<EventRecord, 'hash' | 'salt' | 'data'>): string | undefined {
  const { at, by, dataHash, hlc, id, prev, seq, type, v, writer } = covered
  if (Object.keys(covered).length !== envelopeKeys) return undefined
  if (!Number.isInteger(seq) || !Number.isInteger(v)) return undefined
  for (const text of [at, by, dataHash, hlc, id, prev, type, writer])
    if (typeof text !== 'string' || !text.isWellFormed()) return undefined
  return JSON.stringify({ at, by, dataHash, hlc, id, prev, seq, type, v, writer })
}
