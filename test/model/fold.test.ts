import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { type EventRecord, type EventType, eventData } from '../../src/model/event.ts'
import type { Incident } from '../../src/model/incident.ts'
import { byOrder } from '../../src/model/reduce/order.ts'
import { createFold, emptyIncident, foldAll, reduce } from '../../src/model/reduce.ts'
import { record, story } from './records.ts'

const incident = () => foldAll(story(), '2026-11-20-core-login-500')

describe('a live fold', () => {
  it('ends with the same incident whatever order the records arrive in, each taken once', () => {
    const records = story()
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
        const fold = createFold('2026-11-20-core-login-500')
        for (const one of shuffled) expect([fold.add(one), fold.add(one)]).toEqual([true, true])
        expect(fold.incident()).toEqual(incident())
      }),
      { numRuns: 30 },
    )
  })

  it('keeps a window: within it any order will do, and what comes before it is refused, not misplaced', () => {
    const records = story()
    const order = fc.shuffledSubarray(records, { minLength: records.length })
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 20 }), fc.boolean(), (shuffled, window, looked) => {
        const fold = createFold('2026-11-20-core-login-500', { window })
        const taken: EventRecord[] = []
        for (const one of shuffled) {
          if (fold.add(one)) taken.push(one)
          if (looked) expect(fold.incident().events).toBe(taken.length)
        }
        expect(taken.length).toBeGreaterThanOrEqual(Math.min(2 * window, records.length))
        expect(fold.incident()).toEqual(foldAll(taken.sort(byOrder), '2026-11-20-core-login-500'))
      }),
      { numRuns: 60 },
    )
  })

  it('gives incidents that never change, also when more is folded behind them', () => {
    const records = story()
    const fold = createFold('x', { window: 3 })
    const seen: { incident: Incident; text: string }[] = []
    for (const one of records) {
      fold.add(one)
      const incident = fold.incident()
      seen.push({ incident, text: JSON.stringify(incident) })
    }
    for (const { incident, text } of seen) expect(JSON.stringify(incident)).toBe(text)
    expect(fold.incident()).toEqual(foldAll(records, 'x'))
  })

  it('read in order, is the fold of all', () => {
    const fold = createFold('x', { window: 2 })
    for (const one of story()) fold.next(one)
    expect(fold.incident()).toEqual(foldAll(story(), 'x'))
  })
})

describe('records that this version does not know', () => {
  const strange = (type: string, n: number) =>
    ({ ...record('note.added', {} as never), type, seq: n }) as EventRecord

  it('stand on the timeline as such, each of them up to twenty of a name, and all are counted', () => {
    const later = Array.from({ length: 30 }, (_, n) => strange('pager.paged', n))
    const version2 = { ...record('note.added', { text: 'x', at: '2026-11-20T22:30:00.000Z' }), v: 2 }
    const formless = record('note.added', { text: 4 } as never)
    const { timeline, unknown, events } = foldAll([...later, version2 as never, formless], 'x')
    expect(events).toBe(32)
    expect(unknown).toEqual({
      'pager.paged': 30,
      'note.added (version 2)': 1,
      'note.added (not its form)': 1,
    })
    const texts = timeline.map(({ text }) => text)
    expect(texts.slice(0, 2)).toEqual(Array(2).fill('pager.paged: of a later version of sitrep'))
    expect(texts.slice(19)).toEqual([
      'pager.paged: of a later version of sitrep; further ones are only counted',
      'note.added (version 2): of a later version of sitrep',
      'note.added (not its form): not in the form that this version knows',
    ])
    expect(timeline.every(({ kind, event }) => kind === 'other' && event !== '')).toBe(true)
  })

  it('fill neither the timeline nor the memory, however many names they have', () => {
    const many = Array.from({ length: 5000 }, (_, n) => strange(`later.${n}`, n))
    const { timeline, unknown, events } = foldAll(many, 'x')
    expect(events).toBe(5000)
    expect(Object.keys(unknown)).toHaveLength(101)
    expect(unknown['other types']).toBe(4900)
    expect(timeline.length).toBe(120)
  })
})

describe('the fold', () => {
  it('is total and pure: any envelope around any data is folded, and the records stay as they are', () => {
    const name = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'h', '', ' ')
    const loose: fc.Arbitrary<unknown> = fc.oneof(
      name,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(
        'ok',
        'failed',
        'in_sync',
        'would_change',
        '2026-11-20T22:30:00.000Z',
        'sev1',
        'closed',
        'after',
      ),
      fc.array(name, { maxLength: 2 }),
    )
    const one = fc.constantFrom(...(Object.keys(eventData) as EventType[])).chain((type) =>
      fc.record({
        type: fc.oneof({ weight: 9, arbitrary: fc.constant<string>(type) }, name),
        data: fc.oneof(
          { weight: 6, arbitrary: dataOf(eventData[type], name, loose) },
          { weight: 1, arbitrary: loose },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
        v: fc.constantFrom(1, 1, 1, 2),
        id: name,
        writer: name,
      }),
    )
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), (parts) => {
        const used = new Set<string>()
        const records = parts.map((part, n) => {
          // Ids are given once: no two events share one.
          const id = used.has(part.id) ? `${part.id}${n}` : part.id
          used.add(id)
          return { ...record('note.added', {} as never), ...part, id } as EventRecord
        })
        const before = JSON.stringify(records)
        const folded = foldAll(records, 'x')
        expect(folded.events).toBe(records.length)
        expect(Object.keys(folded.writers).sort()).toEqual(
          [...new Set(records.map(({ writer }) => writer))].sort(),
        )
        expect(records.reduce(reduce, emptyIncident('x'))).toEqual(folded)
        expect(JSON.stringify(records)).toBe(before)
      }),
      { numRuns: process.env.SITREP_FULL ? 3000 : 200 },
    )
  })
})

/** Data of an event's form, its texts out of `name`; where a field takes none of these, anything. */
function dataOf(
  schema: z.ZodObject,
  name: fc.Arbitrary<string>,
  loose: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const candidates: unknown[] = [
    ...['h', '2026-11-20T22:30:00.000Z', 'ok', 'auto', 'after', 'run', 'closed', 'sev1', 'detected'],
    ...[1, true, [], ['h'], {}, { h: 'x' }, { sha256: 'a', bytes: 1 }, { file: 'f', bytes: 1 }],
    ...[[{ say: 's' }], [{ do: { say: 's' }, undo: [] }], [{ id: 'i', title: 't', uses: 'u' }]],
  ]
  const fields = Object.entries(schema.shape).map(([key, field]) => {
    const type = field as z.ZodType
    const fitting = candidates.filter((value) => type.safeParse(value).success)
    const text = type.safeParse('__proto__').success
    const value = text ? name : fitting.length > 0 ? fc.constantFrom(...fitting) : loose
    return [key, value] as const
  })
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>)
}
