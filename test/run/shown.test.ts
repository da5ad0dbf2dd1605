import { expect, it } from 'vitest'
import { shownSaid } from '../../src/run/shown.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().replaceAll('a-long-secret', '‹secret:x›')

it('fault 24: what is recorded of a look is redacted before it is cut', () => {
  for (let before = 270; before < 310; before++) {
    const { reason } = shownSaid({ text }, { reason: `${'.'.repeat(before)}a-long-secret` }, 'reason')
    expect(reason.length).toBeLessThanOrEqual(300)
    expect(reason).not.toMatch(/a-lo/)
  }
  const long = shownSaid(
    { text },
    { observed: 'ok', evidence: `${'.'.repeat(4090)}a-long-secret tail` },
    'observed',
  )
  expect(long.evidence).toBe(`${'.'.repeat(4090)}‹secr…`)
  expect(shownSaid({ text }, { reason: 'ok', evidence: ['one', 'a-long-secret'] }, 'reason')).toEqual({
    reason: 'ok',
    evidence: ['one', '‹secret:x›'],
  })
})
