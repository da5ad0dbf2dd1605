import { expect, it } from 'vitest'
import { eventPrinter } from '../../src/cli/print/events.ts'
import type { EventRecord } from '../../src/model/event.ts'

it('says once why a step is in sync or can not be told, and says what is new', () => {
  const ref = { run: 'r', step: 's', host: 'h' }
  const print = eventPrinter((_, text) => text)
  const lines = (type: string, data: object) => print({ type, data: { ...ref, ...data } } as EventRecord)
  const planned = (outcome: string) =>
    lines('step.planned', { title: 'S', uses: 'shell', outcome, because: 'why', changes: [], plan: 'x' })
  const verified = (verdict: string, reason: string) => lines('step.verified', { verdict, reason, ms: 0 })
  expect(planned('in_sync').join('\n')).toContain('in sync: why')
  expect(verified('ok', 'why')).toEqual([])
  expect(planned('cannot_tell').join('\n')).toContain("can't tell: why")
  expect(verified('failed', 'why')).toEqual([])
  expect(verified('failed', 'why').join('\n')).toContain('failed: why')
  planned('in_sync')
  expect(verified('failed', 'another').join('\n')).toContain('failed: another')
  planned('would_change')
  expect(verified('ok', 'why').join('\n')).toContain('ok: why')
})
