import { describe, expect, it } from 'vitest'
import { inkFor, wantsColor } from '../../src/cli/output.ts'
import { eventLines } from '../../src/cli/print/events.ts'
import { checkJson, checkLines } from '../../src/cli/print/matrix.ts'
import { outcomeWord, planJson, planLines } from '../../src/cli/print/plan.ts'
import type { EventRecord } from '../../src/model/event.ts'
import type { Observed } from '../../src/run/checks.ts'
import type { StepPlan } from '../../src/run/types.ts'

const plain = (_: string, text: string) => text
const marked = (style: string, text: string) => `<${style}>${text}</>`

const plan: StepPlan = {
  run: 'r',
  step: 'sync',
  host: 'edge-1',
  title: 'Sync the file',
  uses: 'file.sync',
  outcome: 'would_change',
  because: 'the file differs',
  hash: 'h',
  risk: 'change',
  plan: {
    outcome: 'would_change',
    because: 'the file differs',
    evidence: ['one site is missing'],
    changes: [
      {
        do: {
          say: 'replace the file',
          diff: { path: '/etc/a', from: 'absent', to: 'ff00', unified: '@@ -1 +1 @@\n-old\n+new\n same\n' },
          put: { path: '/etc/a', content: { text: 'new' }, expect: 'absent' },
        },
        undo: [{ say: 'remove it again', remove: { path: '/etc/a', expect: 'ff00' } }],
      },
      {
        do: {
          say: 'reload',
          diff: { path: '/x', from: 'a', to: 'b', unified: '', hidden: 'it is too long' },
          run: { argv: ['reload', 'me now'] },
        },
        undo: [],
      },
      { do: { say: 'ask', ask: { question: '?' } }, undo: { impossible: 'said is said' } },
    ],
  },
}

describe('a plan in lines', () => {
  it('says outcome and why, evidence, each change with its command, its diff, and its undo', () => {
    expect(planLines(plan, plain)).toEqual([
      '  sync  Sync the file',
      '    would change: the file differs',
      '    one site is missing',
      '    - replace the file',
      '        write /etc/a with new text',
      '        /etc/a: sha256 absent -> ff00',
      '        @@ -1 +1 @@',
      '        -old',
      '        +new',
      '         same',
      '        undo: remove it again',
      '    - reload',
      "        reload 'me now'",
      '        /x: sha256 a -> b',
      '        (no diff shown: it is too long)',
      '        undo: nothing to take back',
      '    - ask',
      '        undo: impossible: said is said',
    ])
  })

  it('paints what is added, taken away, and ours', () => {
    const lines = planLines(plan, marked)
    expect(lines).toContain('<good>        +new</>')
    expect(lines).toContain('<bad>        -old</>')
    expect(lines).toContain('<dim>        @@ -1 +1 @@</>')
    expect(lines[1]).toBe('    <warn>would change</>: the file differs')
  })

  it('has a word for every outcome', () => {
    expect(
      (['in_sync', 'would_change', 'cannot_tell', 'after_step:x'] as const).map(
        (outcome) => outcomeWord(outcome).word,
      ),
    ).toEqual(['in sync', 'would change', "can't tell", 'after x'])
  })

  it('as JSON has the form of protocol.md', () => {
    expect(planJson(plan)).toMatchObject({
      id: 'sync',
      title: 'Sync the file',
      uses: 'file.sync',
      outcome: 'would_change',
      because: 'the file differs',
      changes: [
        { say: 'replace the file', diff: { path: '/etc/a' }, undo: ['remove it again'] },
        { say: 'reload', run: "reload 'me now'", undo: [] },
        { say: 'ask', undo: { impossible: 'said is said' } },
      ],
    })
  })
})

describe('checks in lines', () => {
  const check = (o: Partial<Observed>): Observed => ({
    check: 'c',
    title: 'T',
    host: 'h',
    kind: 'http',
    phase: 'before',
    verdict: 'ok',
    expected: '200',
    observed: '200',
    ms: 3,
    ...o,
  })

  it('are aligned by what is seen, also where letters are wide, and say what was wanted', () => {
    expect(
      checkLines(
        [
          check({ title: '停電' }),
          check({ title: 'Up', host: 'core-1', verdict: 'failed', observed: '500' }),
        ],
        plain,
      ),
    ).toEqual(['  停電  h       ok       200', '  Up    core-1  failed   500  (wanted 200)'])
    expect(checkLines([], plain)).toEqual([])
    expect(checkJson(check({}))).toEqual({
      id: 'c',
      title: 'T',
      host: 'h',
      kind: 'http',
      verdict: 'ok',
      expected: '200',
      observed: '200',
      ms: 3,
    })
  })
})

describe('events in lines', () => {
  const ref = { run: 'r', step: 's', host: 'h' }
  const lines = (type: string, data: unknown) => eventLines({ type, data } as EventRecord, plain)
  const applied = { ...ref, started: 'x', ms: 1200, stdout: 'out', stderr: 'one\ntwo' }

  it.each<[string, unknown, string[]]>([
    [
      'host.connected',
      { host: 'h', user: 'u', address: 'a', transport: 'ssh2', fingerprint: 'SHA256:x' },
      ['h  connected as u at a, SHA256:x'],
    ],
    [
      'host.connected',
      { host: 'h', user: 'u', address: 'a', transport: 'local' },
      ['h  connected as u at a'],
    ],
    ['host.refused', { host: 'h', phase: 'host key', reason: 'why' }, ['h  refused: why']],
    ['host.lost', { host: 'h', reason: 'why' }, ['h  lost: why']],
    ['step.approved', { ...ref, plan: 'p', how: 'yes' }, ['    approved (yes)']],
    ['step.skipped', { ...ref, reason: 'why' }, ['    skipped: why']],
    ['step.started', { ...ref, change: 1, of: 3, say: 'do', undo: [], undoHash: '' }, ['    2/3 do']],
    ['step.started', { ...ref, change: -1, of: 3, say: 'do', undo: [], undoHash: '' }, ['    undo: do']],
    ['step.applied', { ...applied, endedBy: 'exit', exitCode: 0 }, ['        exit 0  (1.2 s)']],
    [
      'step.applied',
      { ...applied, endedBy: 'exit', exitCode: 2 },
      ['        exit 2  (1.2 s)', '        one', '        two'],
    ],
    ['step.applied', { ...applied, endedBy: 'lost', stderr: '' }, ['        lost  (1.2 s)']],
    [
      'step.applied',
      { ...applied, endedBy: 'exit', problem: 'sudo: no', stderr: '' },
      ['        sudo: no  (1.2 s)'],
    ],
    [
      'step.verified',
      { ...ref, verdict: 'ok', reason: 'fine', ms: 0, evidence: ['seen'] },
      ['    ok: fine  ', '        seen'],
    ],
    ['step.undone', { ...ref, started: 'x', verdict: 'failed', reason: 'why' }, ['    undo failed: why']],
    ['step.cancelled', { ...ref, gone: true, detail: 'gone' }, ['    cancelled: gone']],
    ['step.unknown', { ...ref, reason: 'why' }, ['    unknown: why']],
    ['step.answered', { ...ref, answer: 'yes' }, ['    answered: yes']],
    ['log.followed', { host: 'h', source: 's' }, []],
    ['something.new', { any: 1 }, []],
  ])('%s', (type, data, expected) => {
    expect(lines(type, data)).toEqual(expected)
  })

  it('a plan under its host, and a check under its phase', () => {
    const { step, host, title, uses, outcome, because } = plan
    const data = {
      run: 'r',
      step,
      host,
      title,
      uses,
      outcome,
      because,
      changes: plan.plan.changes,
      evidence: plan.plan.evidence,
      plan: 'h',
    }
    expect(lines('step.planned', data)).toEqual(['edge-1', ...planLines(plan, plain)])
    const check = {
      check: 'c',
      title: 'T',
      host: 'h',
      kind: 'http',
      phase: 'after',
      verdict: 'ok',
      expected: '',
      observed: '200',
      ms: 3,
    }
    expect(lines('check.observed', check)).toEqual(['after   T  h  ok       200'])
    expect(lines('step.planned', undefined)).toEqual([])
  })
})

describe('colour', () => {
  it('is for a terminal that wants it', () => {
    const stream = (isTTY: boolean) => ({ isTTY }) as NodeJS.WriteStream
    const { NO_COLOR, TERM } = process.env
    try {
      delete process.env.NO_COLOR
      process.env.TERM = 'xterm'
      expect([wantsColor(stream(true)), wantsColor(stream(false))]).toEqual([true, false])
      expect(inkFor(stream(true))('bad', 'x')).toBe('\u001b[31mx\u001b[39m')
      expect(inkFor(stream(false))('bad', 'x')).toBe('x')
      process.env.TERM = 'dumb'
      expect(wantsColor(stream(true))).toBe(false)
      process.env.TERM = 'xterm'
      process.env.NO_COLOR = ''
      expect(wantsColor(stream(true))).toBe(false)
    } finally {
      if (NO_COLOR === undefined) delete process.env.NO_COLOR
      else process.env.NO_COLOR = NO_COLOR
      process.env.TERM = TERM
    }
  })
})
