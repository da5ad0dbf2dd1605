import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { recordHashOf, sha256 } from '../../src/journal/hash.ts'
import type { EventRecord } from '../../src/model/event.ts'

it('the hash of a record is that of its canonical JSON (RFC 8785), whatever its envelope holds', () => {
  const text = fc.string({ unit: 'binary' })
  const envelope = fc.record({
    id: text,
    at: text,
    hlc: text,
    by: text,
    writer: text,
    seq: fc.integer(),
    type: text,
    dataHash: text,
    prev: text,
  })
  const extra = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 })
  fc.assert(
    fc.property(envelope, fc.option(extra, { nil: {} }), fc.constantFrom(1, 2, 1.5), (own, more, v) => {
      const record = { ...more, v, ...own } as EventRecord
      const { hash: _hash, salt: _salt, data: _data, ...covered } = record
      expect(recordHashOf(record)).toBe(`sha256:${sha256(canonicalize(covered) ?? '')}`)
    }),
    { numRuns: process.env.SITREP_FULL ? 5000 : 300 },
  )
})
