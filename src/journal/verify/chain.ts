import { isUtf8 } from 'node:buffer'
import type { EventRecord } from '../../model/event.ts'
import { type Decoded, decodeLine } from '../decode.ts'
import { dataHashOf, firstPrev, recordHashOf } from '../hash.ts'

/** The first record of a writer that does not hold, and why. */
export interface BadRecord {
  /** Counted from 1. */
  line: number
  /** The number it should have. */
  seq: number
  id?: string
  reason: string
}

/** Where a checkpoint saw this writer's chain; `source` says which: `checkpoint.json`, a file's name. */
export interface KnownPlace {
  source: string
  seq: number
  /** Absent where only the number is known. */
  hash?: string
}

/** What one writer's file was found to be. */
export interface Chain {
  writer: string
  records: number
  /** The last record that holds. */
  last: { seq: number; hash: string } | undefined
  bad: BadRecord | undefined
  /** Records without data, in order: each needs an event that says that it was erased. */
  dataless: BadRecord[]
}

/** Follows one writer's chain from its first record on; lines are given as bytes, in order. */
export function followChain(
  writer: string,
  known: readonly KnownPlace[],
  onHolding: (record: EventRecord) => void,
) {
  const chain: Chain = { writer, records: 0, last: undefined, bad: undefined, dataless: [] }

  /** Why the line does not hold at its place; undefined where it does. */
  function whyBad(record: EventRecord, line: string): string | undefined {
    const seq = chain.records
    if (record.seq !== seq) return `record ${seq} is missing here: record ${record.seq} stands in its place`
    if (record.prev !== (chain.last?.hash ?? firstPrev))
      return 'it does not follow the record before it (prev differs)'
    if (record.writer !== writer) return `it belongs to another writer: ${record.writer}`
    const wrong = whyChanged(record, line)
    if (wrong !== undefined) return wrong
    const seen = known.find(
      (place) => place.seq === seq && place.hash !== undefined && place.hash !== record.hash,
    )
    return seen && `it is not the record that ${seen.source} saw`
  }

  /** What was erased, and which files there are, is told by a record out of its place and those after it too, where it holds in itself. */
  function listen(decoded: Decoded, line: string): void {
    if ('record' in decoded && whyChanged(decoded.record, line) === undefined) onHolding(decoded.record)
  }

  return {
    chain,
    take(bytes: Buffer): void {
      chain.records++
      const place = { line: chain.records, seq: chain.records }
      const line = bytes.toString('utf8')
      const decoded = decodeLine(line)
      if (chain.bad) {
        listen(decoded, line)
        return
      }
      if (!('record' in decoded) || !isUtf8(bytes)) {
        chain.bad = { ...place, reason: 'record' in decoded ? 'it is not UTF-8' : decoded.problem }
        return
      }
      const { record } = decoded
      const reason = whyBad(record, line)
      if (reason !== undefined) {
        chain.bad = { ...place, id: record.id, reason }
        listen(decoded, line)
        return
      }
      chain.last = { seq: record.seq, hash: record.hash }
      if (record.data === undefined)
        chain.dataless.push({
          ...place,
          id: record.id,
          reason: 'its data is gone, and no event says that it was erased',
        })
      onHolding(record)
    },
    end(): void {
      const longest = known.reduce<KnownPlace | undefined>((a, b) => (a && a.seq >= b.seq ? a : b), undefined)
      if (chain.bad || longest === undefined || longest.seq <= chain.records) return
      const reason = `the tail is cut: ${longest.source} saw ${longest.seq} records`
      chain.bad = { line: chain.records + 1, seq: chain.records + 1, reason }
    },
  }
}

/** Why a record is not as it was written, whatever stands around it; undefined where it is. */
function whyChanged(record: EventRecord, line: string): string | undefined {
  if (!fits(record.hash, () => recordHashOf(record))) return 'it was changed: its hash does not fit'
  if (record.data === undefined) {
    if (record.salt !== undefined) return 'its data is gone, but its salt is still here'
    if (record.type === 'erased')
      return 'its data is gone, and what says that something was erased is never erased'
  } else if (!fits(record.dataHash, () => dataHashOf(record.salt ?? '', record.data))) {
    return 'its data was changed: the dataHash does not fit'
  }
  // A change that JSON does not see (a blank, \u0041 for A) is a change all the same. Blanks fill up an erased record's line.
  const written = record.data === undefined ? line.replace(/ +$/, '') : line
  return JSON.stringify(record) === written ? undefined : 'its line was changed: it is not as it was written'
}

/** False also for what can't be hashed, such as half of a surrogate pair or nesting without end. */
function fits(hash: string, compute: () => string): boolean {
  try {
    return hash === compute()
  } catch {
    return false
  }
}
