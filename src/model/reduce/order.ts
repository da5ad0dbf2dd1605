import type { EventRecord } from '../event.ts'

/** Compares two records by the journal's one order: hybrid logical clock, writer, seq. */
export function byOrder(a: EventRecord, b: EventRecord): number {
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? -1 : 1
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1
  return a.seq - b.seq
}
