import { expect } from 'vitest'
import { readJournal } from '../../../src/journal/read.ts'
import { verifyJournal } from '../../../src/journal/verify.ts'
import type { EventRecord } from '../../../src/model/event.ts'
import { byOrder } from '../../../src/model/reduce/order.ts'

/** What a writer said was on disk. */
export interface Acknowledged {
  writer: string
  seq: number
  id: string
}

/**
 * Holds an incident's journal to what was acknowledged: each of those events is there under its number; no writer's
 * numbers have a gap, so nothing is lost or glued in between; all are in one strict order; nothing but a last line that
 * was never finished is amiss; and all chains hold. Gives the records.
 */
export async function expectWhole(
  dir: string,
  acknowledged: readonly Acknowledged[],
): Promise<EventRecord[]> {
  const { records, problems } = await readJournal(dir)
  expectAcknowledged(records, acknowledged)
  for (const { writer, line, reason } of problems) {
    expect(reason).toMatch(/never finished/)
    expect(line).toBe(records.filter((record) => record.writer === writer).length + 1)
  }
  expect(new Set(problems.map(({ writer }) => writer)).size).toBe(problems.length)
  const report = await verifyJournal(dir)
  expect(report.writers.filter(({ first_bad }) => first_bad !== undefined)).toEqual([])
  expect(report.whole).toBe(true)
  return records
}

/** Holds records to what was acknowledged: all are there, under their numbers, without a gap, in one strict order. */
export function expectAcknowledged(
  records: readonly EventRecord[],
  acknowledged: readonly Acknowledged[],
): void {
  const next = new Map<string, number>()
  const ids = new Map<string, EventRecord>()
  for (const [index, record] of records.entries()) {
    const expected = next.get(record.writer) ?? 1
    if (record.seq !== expected)
      expect(record, `record ${expected} is missing`).toHaveProperty('seq', expected)
    next.set(record.writer, expected + 1)
    ids.set(record.id, record)
    const before = records[index - 1]
    if (before !== undefined && byOrder(before, record) >= 0) expect.unreachable(`no order at ${record.id}`)
  }
  const lost = acknowledged.filter(({ writer, seq, id }) => {
    const found = ids.get(id)
    return found === undefined || found.writer !== writer || found.seq !== seq
  })
  expect(lost, 'acknowledged, and not there').toEqual([])
}
