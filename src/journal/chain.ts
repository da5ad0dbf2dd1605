import { randomBytes } from 'node:crypto'
import type { EventData, EventRecord, EventType } from '../model/event.ts'
import type { Clock } from './clock.ts'
import { dataHashOf, firstPrev, recordHashOf } from './hash.ts'

/** An event that has no place in the chain yet. */
export interface Unsealed<T extends EventType = EventType> {
  id: string
  at: string
  type: T
  data: EventData<T>
  salt: string
  dataHash: string
}

/** A writer's chain of records. */
export interface Chain {
  /** The events as the records that would come next; the chain stays where it is. */
  seal(events: readonly Unsealed[]): EventRecord[]
  /** This record is acknowledged: the next one comes after it. */
  advance(record: EventRecord): void
}

/**
 * Begins a chain. A record gets its number and its place when it is about to be written and no sooner, so that one that
 * never came to the disk leaves no gap.
 */
export function createChain({ by, writer, clock }: { by: string; writer: string; clock: Clock }): Chain {
  let seq = 0
  let prev = firstPrev
  return {
    seal(events) {
      let last = { seq, hash: prev }
      return events.map(({ id, at, type, data, salt, dataHash }) => {
        const envelope = { v: 1 as const, id, at, hlc: clock.next(), by, writer, seq: last.seq + 1, type }
        const unsigned = { ...envelope, data, salt, dataHash, prev: last.hash }
        const record = { ...unsigned, hash: recordHashOf(unsigned) }
        last = record
        return record
      })
    },
    advance(record) {
      seq = record.seq
      prev = record.hash
    },
  }
}

/** The salt and the hash of an event's data. Throws where the data has no canonical form. */
export function salted(data: unknown): { salt: string; dataHash: string } {
  const salt = nextSalt()
  return { salt, dataHash: dataHashOf(salt, data) }
}

const saltBytes = 16
// Drawn many at a time: a call to the random generator costs more than the rest of an event's hashing.
let drawn = Buffer.alloc(0)
let used = 0

function nextSalt(): string {
  if (used + saltBytes > drawn.length) {
    drawn = randomBytes(256 * saltBytes)
    used = 0
  }
  used += saltBytes
  return drawn.toString('hex', used - saltBytes, used)
}
