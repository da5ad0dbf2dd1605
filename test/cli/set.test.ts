import { describe, expect, it } from 'vitest'
import { changesOf } from '../../src/cli/set.ts'

const now = new Date('2026-11-20T12:00:00.000Z')

describe('changesOf', () => {
  it('reads fields and milestones; a value may hold an equals sign or be empty', () => {
    expect(
      changesOf(['title=a=b', 'severity=sev2', 'impact=', 'detected=-5m', 'impact_started=11:00'], now),
    ).toEqual({
      fields: { title: 'a=b', severity: 'sev2', impact: '' },
      milestones: [
        { milestone: 'detected', at: '2026-11-20T11:55:00.000Z' },
        { milestone: 'impact_started', at: '2026-11-20T11:00:00.000Z' },
      ],
    })
    expect(changesOf([], now)).toEqual({ fields: {}, milestones: [] })
  })

  it.each([
    ['title', 'expected KEY=VALUE'],
    ['=x', 'expected KEY=VALUE'],
    ['colour=red', 'unknown key colour'],
    ['severity=sev9', 'unknown severity sev9'],
    ['resolved=soon', 'is not a time'],
  ])('refuses %s', (pair, why) => {
    expect(() => changesOf(['title=fine', pair], now)).toThrow(why)
  })
})
