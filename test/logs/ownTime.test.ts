import { describe, expect, it } from 'vitest'
import { ownTime } from '../../src/logs/ownTime.ts'

const received = '2026-11-20T22:16:04.000Z'

describe('the time of a log line', () => {
  it.each([
    ['2026-11-18T21:05:19Z: failed', '2026-11-18T21:05:19.000Z'],
    ['2026-11-18T21:05:19.123456+02:00 failed', '2026-11-18T19:05:19.123Z'],
    ['2026-11-18 21:05:19,5+0200 failed', '2026-11-18T19:05:19.500Z'],
    ['{"level":"error","time":"2026-11-20T22:16:00.000Z"}', '2026-11-20T22:16:00.000Z'],
    // pm2 --time has no zone: days old in any zone.
    ['2026-11-18T21:05:19: failed', '2026-11-18T21:05:19.000Z'],
  ])('%s', (line, at) => expect(ownTime(line, received)).toBe(at))

  it.each([
    '2026-11-20T21:05:19: may be now, in some zone',
    'failed',
    '2026-99-99T21:05:19Z: no time',
    '2026-11-21T00:00:00Z: after it was received',
    `${'x'.repeat(40)}2026-11-18T21:05:19Z`,
  ])('is that of its receipt for: %s', (line) => expect(ownTime(line, received)).toBeUndefined())
})
