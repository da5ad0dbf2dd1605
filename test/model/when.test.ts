import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SitrepError } from '../../src/model/errors.ts'
import { looksLikeWhen, parseClockRange, parseWhen, parseWhenWithin } from '../../src/model/when.ts'

const now = new Date('2026-11-20T03:12:09.500Z')
const at = (text: string) => parseWhen(text, now).toISOString()

describe('parseWhen', () => {
  it('reads how long ago', () => {
    expect(at('-10m')).toBe('2026-11-20T03:02:09.500Z')
    expect(at('-1h30m')).toBe('2026-11-20T01:42:09.500Z')
    expect(at('-45s')).toBe('2026-11-20T03:11:24.500Z')
    expect(at('-2d')).toBe('2026-11-18T03:12:09.500Z')
  })

  it('reads a clock time as the latest that is past, in UTC', () => {
    expect(at('03:12')).toBe('2026-11-20T03:12:00.000Z')
    expect(at('03:13')).toBe('2026-11-19T03:13:00.000Z')
    expect(at('22:32')).toBe('2026-11-19T22:32:00.000Z')
    expect(at('22:32:41')).toBe('2026-11-19T22:32:41.000Z')
    expect(parseWhen('00:30', new Date('2026-03-01T00:10:00Z')).toISOString()).toBe(
      '2026-02-28T00:30:00.000Z',
    )
  })

  it('reads ISO 8601, as UTC where no offset is said', () => {
    expect(at('2025-10-20T22:16:00Z')).toBe('2025-10-20T22:16:00.000Z')
    expect(at('2025-10-20T22:16')).toBe('2025-10-20T22:16:00.000Z')
    expect(at('2025-10-20 22:16:05.25')).toBe('2025-10-20T22:16:05.250Z')
    expect(at('2025-10-21T00:16:00+02:00')).toBe('2025-10-20T22:16:00.000Z')
    expect(at('2025-10-20')).toBe('2025-10-20T00:00:00.000Z')
  })

  it('refuses what is not a time, and says how to say one', () => {
    for (const text of [
      '',
      'soon',
      '25:00',
      '22:60',
      '10m',
      '-10',
      '-10x',
      '2025-02-30',
      '2025-13-01T00:00Z',
      '1:2',
    ]) {
      expect(() => parseWhen(text, now), text).toThrow(SitrepError)
    }
    try {
      parseWhen('soon', now)
    } catch (error) {
      expect(error).toMatchObject({ kind: 'usage', next: expect.stringContaining('-10m') })
    }
  })

  it('never gives a clock time in the future or more than a day ago', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1439 }),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }),
        (m, moment) => {
          const text = `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`
          const age = moment.getTime() - parseWhen(text, moment).getTime()
          return looksLikeWhen(text) && age >= 0 && age < 86_400_000
        },
      ),
    )
  })
})

describe('parseWhenWithin', () => {
  const span = { from: new Date('2026-11-18T22:00:00Z'), to: new Date('2026-11-18T23:30:00Z') }
  const within = (text: string, since?: string) =>
    parseWhenWithin(text, now, span, since === undefined ? undefined : new Date(since)).toISOString()

  it('puts a clock time on the day of what it is about, also where it is later than now', () => {
    expect(within('22:10')).toBe('2026-11-18T22:10:00.000Z')
    expect(within('03:00')).toBe('2026-11-19T03:00:00.000Z')
    expect(within('21:00')).toBe('2026-11-18T21:00:00.000Z')
    expect(within('00:20', '2026-11-18T22:10:00Z')).toBe('2026-11-19T00:20:00.000Z')
    const live = { from: new Date('2026-11-20T02:00:00Z'), to: now }
    expect(parseWhenWithin('03:30', now, live).toISOString()).toBe('2026-11-20T03:30:00.000Z')
    expect(within('-10m')).toBe('2026-11-20T03:02:09.500Z')
  })

  it('leaves a window that ends before it begins as it is said', () => {
    expect(within('22:10', '2026-11-18T22:20:00Z')).toBe('2026-11-18T22:10:00.000Z')
  })
})

describe('parseClockRange', () => {
  it('reads a window, also over midnight', () => {
    expect(parseClockRange('22:32-22:41', now)).toEqual({
      at: new Date('2026-11-19T22:32:00Z'),
      until: new Date('2026-11-19T22:41:00Z'),
    })
    expect(parseClockRange('23:58-00:10', now)).toEqual({
      at: new Date('2026-11-19T23:58:00Z'),
      until: new Date('2026-11-20T00:10:00Z'),
    })
  })

  it('is undefined for other text', () => {
    for (const text of ['22:32', '22:32-', '-10m', '22:32-22:41-22:50', 'a-b'])
      expect(parseClockRange(text, now)).toBeUndefined()
  })
})
