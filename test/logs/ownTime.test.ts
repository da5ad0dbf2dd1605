import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownTime, placed } from '../../src/logs/ownTime.ts'
import { sayUncertainty } from '../../src/model/uncertainty.ts'

describe('the time that a log line bears', () => {
  it.each([
    ['2026-11-18T21:05:19Z: failed', '2026-11-18T21:05:19.000Z', 1000],
    ['2026-11-18T21:05:19.123456+02:00 failed', '2026-11-18T19:05:19.123Z', 1],
    ['2026-11-18 21:05:19,5+0200 failed', '2026-11-18T19:05:19.500Z', 100],
    ['2026-11-18T21:05:19-0330 host app[1]: failed', '2026-11-19T00:35:19.000Z', 1000],
    ['{"level":"error","time":"2026-11-20T22:16:00.000Z"}', '2026-11-20T22:16:00.000Z', 1],
    // pm2 --time, and nginx: the host's local time, without a zone.
    ['2026-11-18T21:05:19: failed', '2026-11-18T21:05:19.000', 1000],
    ['2026/11/18 21:05:19 [error] 1#1: failed', '2026-11-18T21:05:19.000', 1000],
    [
      '2001:db8:1234:5678:9abc:def0:1:2 - - [20/Nov/2026:23:16:04 +0100] "GET / HTTP/1.1" 500 1',
      '2026-11-20T22:16:04.000Z',
      1000,
    ],
    ['{"level":"error","ts":1795212964.25,"logger":"http"}', '2026-11-20T22:16:04.250Z', 10],
    ['{"level":30,"time":1795212964250,"pid":1}', '2026-11-20T22:16:04.250Z', 1],
    ['{"ts":1795212964}', '2026-11-20T22:16:04.000Z', 1000],
  ])('%s', (line, at, resolutionMs) => expect(ownTime(line)).toEqual({ at, resolutionMs }))

  it.each([
    'failed',
    '',
    '2026-99-99T21:05:19Z: no time',
    `${'x'.repeat(40)}2026-11-18T21:05:19Z`,
    '1.2.3.4 - - [20/Foo/2026:22:16:04 +0000] "GET /"',
    '{"count":1795212964}',
    '[99/Nov/2026:22:16:04 +9900]',
  ])('is none in: %s', (line) => expect(ownTime(line)).toBeUndefined())
})

describe('when a line was written', () => {
  const received = '2026-11-20T22:16:04.000Z'
  const measured = { at: '2026-11-20T22:16:00.000Z', uncertaintyMs: 40 }
  const at = (line: string, clock?: { offsetMs: number; uncertaintyMs: number; at: string }) => {
    const own = ownTime(line)
    return own === undefined ? undefined : placed(own, received, clock)
  }

  it('is what the line says, where nothing is known of the clock of its host', () => {
    expect(at('2026-11-18T21:05:19Z x')).toEqual({ at: '2026-11-18T21:05:19.000Z' })
    expect(at('2026-11-21T00:00:00Z after it was received')).toBeUndefined()
  })

  it('fault 39: is corrected where the clock of the host is an hour ahead, and says how sure it is', () => {
    expect(at('2026-11-20T23:16:03.500Z x', { offsetMs: 3_600_000, ...measured })).toEqual({
      at: '2026-11-20T22:16:03.500Z',
      uncertaintyMs: 42,
    })
    expect(at('2026-11-20T21:16:03Z x', { offsetMs: -3_600_000, ...measured })).toEqual({
      at: '2026-11-20T22:16:03.000Z',
      uncertaintyMs: 1041,
    })
    // Within what is unsure, it is no later than its receipt; beyond it, it is not believed.
    expect(at('2026-11-20T22:16:04.030Z x', { offsetMs: 0, ...measured })?.at).toBe(received)
    expect(at('2026-11-20T22:16:05.000Z x', { offsetMs: 0, ...measured })).toBeUndefined()
  })

  it('is less sure the longer ago it was, for clocks drift', () => {
    const day = at('2026-11-19T22:16:00.000Z x', { offsetMs: 0, ...measured })
    expect(day).toEqual({ at: '2026-11-19T22:16:00.000Z', uncertaintyMs: 40 + 1 + 8640 })
  })

  it('counts without a zone only where the line is older than any zone explains', () => {
    expect(at('2026-11-18T21:05:19: x')).toEqual({
      at: '2026-11-18T21:05:19.000Z',
      uncertaintyMs: 50_400_000,
    })
    expect(at('2026-11-20T21:05:19: may be now, in some zone')).toBeUndefined()
  })
})

it('any clock of a journal, any receipt and any line give a time or none, and never an error', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(1e20, -1e20, 8.64e15, Number.NaN))
  const time = fc.oneof(
    fc.constantFrom('2026-11-20T22:16:04.000Z', 'x', '+275760-09-13T00:00:00Z'),
    fc.string(),
  )
  const line = fc.constantFrom(
    '9999-12-31T23:59:59-14:00 x',
    '0000-01-01T00:00:00+14:00 x',
    '2026-11-18T21:05:19Z x',
  )
  fc.assert(
    fc.property(line, time, number, number, time, (text, received, offsetMs, uncertaintyMs, at) => {
      const own = ownTime(text)
      if (own === undefined) return
      const found = placed(own, received, { offsetMs, uncertaintyMs, at })
      if (found !== undefined) expect(Date.parse(found.at)).not.toBeNaN()
    }),
  )
  const own = { at: '2026-11-18T21:05:19.000Z', resolutionMs: 1 }
  const absurd = { offsetMs: 1e23, uncertaintyMs: 10, at: '2026-11-20T22:16:00.000Z' }
  expect(placed(own, '2026-11-20T22:16:04.000Z', absurd)).toEqual({ at: own.at })
  expect(ownTime('9999-12-31T23:59:59-14:00 x')).toBeUndefined()
})

it('says how sure a time is, rounded up', () => {
  const said = [1, 100, 140, 9_940, 12_100, 121_000, 50_400_000].map(sayUncertainty)
  expect(said).toEqual(['±0.1s', '±0.1s', '±0.2s', '±10s', '±13s', '±3m', '±14h'])
})
