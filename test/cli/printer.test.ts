import { stripVTControlCharacters } from 'node:util'
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

it('names the host of each line of a run on several hosts, for they run side by side', () => {
  const painted = (style: string, text: string) => `\u001b[${style === 'dim' ? 2 : 1}m${text}\u001b[0m`
  const print = eventPrinter(painted, (run) => run === 'many')
  const line = (run: string, type: string, data: object) =>
    print({ type, data: { run, step: 's', host: 'web-2', ...data } } as EventRecord).map(
      stripVTControlCharacters,
    )
  const applied = { started: 'x', endedBy: 'exit', exitCode: 1, ms: 0, stdout: '', stderr: 'no\nway' }
  const lines = (run: string) => [
    ...line(run, 'step.approved', { plan: 'p', how: 'typed' }),
    ...line(run, 'step.started', { change: 0, of: 1, say: 'restart it' }),
    ...line(run, 'step.applied', applied),
    ...line(run, 'step.verified', { verdict: 'failed', reason: 'exit 1', ms: 0 }),
    ...line(run, 'step.cancelled', { gone: true, detail: 'its group is gone' }),
    ...line(run, 'step.skipped', { reason: 'not today' }),
    ...line(run, 'revert.armed', { after: 90 }),
    ...line(run, 'lock.taken_over', { over: 'l', resource: 'r', holder: 'ben', since: 'then' }),
  ]
  const own = lines('one')
  expect(own[0]).toBe('    approved (typed)')
  const several = lines('many')
  expect(several.slice(0, 5)).toEqual([
    '    web-2  approved (typed)',
    '    web-2  1/1 restart it',
    '        web-2  exit 1  ',
    '        no',
    '        way',
  ])
  expect(several.filter((line) => !line.includes('web-2  '))).toEqual(['        no', '        way'])
  expect(several.map((line) => line.replace('web-2  ', ''))).toEqual(own)
  expect(
    print({ type: 'run.finished', data: { run: 'many', exit: 1, summary: 'failed: web-2' } } as EventRecord),
  ).toHaveLength(1)
})
