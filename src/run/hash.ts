import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Sha256 } from '../model/command.ts'

/** sha256 of the value's canonical JSON (RFC 8785); what can't stand in JSON (undefined) is left out first. */
export function hashOf(value: unknown): Sha256 {
  const plain: unknown = JSON.parse(JSON.stringify(value))
  return createHash('sha256')
    .update(canonicalize(plain) ?? '')
    .digest('hex')
}
