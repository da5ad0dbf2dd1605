import { expect, it } from 'vitest'
import { sayEmpty, windowOf } from '../../src/cli/keptWindow.ts'

const kept = { from: '2026-11-18T22:00:00.000Z', to: '2026-11-18T23:30:00.000Z' }
const now = new Date('2026-11-20T03:12:00Z')

it('reads clock times of the day of the log, later than now or not', () => {
  expect(windowOf({ since: '22:10', until: '04:00' }, kept, now)).toEqual({
    from: '2026-11-18T22:10:00.000Z',
    until: '2026-11-19T04:00:00.000Z',
  })
  expect(windowOf({}, kept, now)).toEqual({})
})

it('refuses a window that ends before it begins, and says what an empty one misses', () => {
  expect(() => windowOf({ since: '22:20', until: '22:10' }, kept, now)).toThrow(
    expect.objectContaining({ kind: 'usage', next: expect.stringContaining(kept.from) }),
  )
  expect(sayEmpty({ until: '2026-01-01T00:00:00.000Z' }, kept)).toBe(
    `nothing was received until 2026-01-01T00:00:00.000Z; the log was kept from ${kept.from} to ${kept.to}`,
  )
})
