import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { durationsOf } from '../../src/model/durations.ts'
import type { EventRecord, EventType } from '../../src/model/event.ts'
import type { Incident } from '../../src/model/incident.ts'
import { emptyIncident, foldAll, reduce } from '../../src/model/reduce.ts'
import { story004 } from '../journal/story.ts'
import { record, story } from './records.ts'

const incident = () => foldAll(story(), '2026-11-20-core-login-500')
const key = 'run-1 restart core-1'

describe('the fold of an outage', () => {
  it('holds what was declared, and milestones with the events they came from', () => {
    expect(incident()).toMatchObject({
      title: 'Core login answers 500',
      severity: 'sev2',
      status: 'resolved',
      milestones: {
        impact_started: { at: '2026-11-20T22:10:00.000Z', event: 'id1' },
        detected: { at: '2026-11-20T22:16:00.000Z', event: 'id0' },
        mitigated: { at: '2026-11-20T22:17:10.000Z' },
        resolved: { at: '2026-11-20T22:17:14.000Z', event: 'id20' },
      },
      hosts: { 'core-1': { state: 'connected' } },
      events: story().length,
    })
  })

  it('holds the step from its drift to its verdict', () => {
    const step = incident().steps[key]!
    expect(step).toMatchObject({
      state: 'ok',
      title: 'Restart Core',
      approved: { how: 'enter', by: 'ana@laptop' },
    })
    expect(step.drift!.outcome).toBe('would_change')
    expect(step.changes.map(({ say, applied }) => [say, applied?.exitCode])).toEqual([
      ['save the former definition', 0],
      ['delete and start core-backend', 0],
    ])
    expect(incident().steps['run-1 env core-1']!.state).toBe('in_sync')
    expect(incident().steps['run-1 login core-1']).toMatchObject({
      state: 'answered',
      answer: expect.stringContaining('person'),
    })
  })

  it('holds the matrix, before and after', () => {
    const { checks } = incident()
    expect(checks['login core-1']).toMatchObject({ before: { observed: '500' }, after: { observed: '200' } })
    expect(checks['login core-1']!.history).toHaveLength(2)
  })

  it('has a timeline in the order of what happened, with evidence', () => {
    const { timeline } = incident()
    const times = timeline.map(({ at }) => at)
    expect(times).toEqual([...times].sort())
    expect(timeline.find(({ text }) => text.startsWith('Found: Restart Core'))!.evidence).toBe(
      'sha256 111111111111 → 222222222222',
    )
    expect(timeline.find(({ text }) => text.includes('CORS'))).toMatchObject({
      kind: 'note',
      until: '2026-11-20T22:14:00.000Z',
    })
    expect(timeline.find(({ text }) => text.includes('delete and start'))!.evidence).toBe('exit 0, 1.2 s')
    expect(timeline.filter(({ text }) => text.startsWith('Found'))).toHaveLength(1)
  })

  it('gives each duration by its definition', () => {
    expect(durationsOf(incident()).map(({ name, ms }) => [name, ms])).toEqual([
      ['Time to detect', 360_000],
      ['Time to acknowledge', undefined],
      ['Time to mitigate', 430_000],
      ['Time to resolve', 434_000],
    ])
  })
})

describe('reduce', () => {
  it('one by one gives what the fold of all gives, and leaves every former state as it was', () => {
    const states: string[] = []
    const kept: Incident[] = []
    let state = emptyIncident('2026-11-20-core-login-500')
    for (const one of story()) {
      state = reduce(state, one)
      kept.push(state)
      states.push(JSON.stringify(state))
    }
    expect(state).toEqual(incident())
    expect(kept.map((one) => JSON.stringify(one))).toEqual(states)
  })

  it('keeps what an event does not touch the same object', () => {
    const before = incident()
    const after = reduce(before, record('note.added', { text: 'x', at: '2026-11-20T22:30:00.000Z' }))
    expect(after).not.toBe(before)
    expect(after.timeline).not.toBe(before.timeline)
    for (const part of ['steps', 'checks', 'hosts', 'commands', 'runs'] as const)
      expect(after[part]).toBe(before[part])
    const stepped = reduce(
      after,
      record('step.skipped', { run: 'run-1', step: 'env', host: 'core-1', reason: 'x' }),
    )
    expect(stepped.steps[key]).toBe(after.steps[key])
  })

  it('counts what it does not know, and skips what was erased', () => {
    const base = emptyIncident('x')
    const strange = { ...record('note.added', { text: 'x', at: 'x' }), type: 'moon.rose' }
    const later = {
      ...record('note.added', { text: 'x', at: '2026-11-20T22:30:00.000Z' }),
      v: 2 as unknown as 1,
    }
    const { data: _data, ...erased } = record('note.added', { text: 'x', at: '2026-11-20T22:30:00.000Z' })
    const malformed = record('note.added', { text: 5 } as never)
    const named = { ...record('note.added', { text: 'x', at: 'x' }), type: 'constructor' }
    const after = foldAll([strange, strange, later, erased, malformed, named], 'x', base)
    expect(after.unknown).toEqual({
      'moon.rose': 2,
      'note.added (version 2)': 1,
      'note.added (not its form)': 1,
      constructor: 1,
    })
    expect(after).toMatchObject({ events: 6 })
    expect(after.timeline.map(({ kind }) => kind)).toEqual(Array(5).fill('other'))
  })

  it('is total: any data of any known type, in any order, and it never throws', () => {
    const types = story004().map(([, type]) => type)
    const data = story004().map(([, , one]) => one)
    const all = [
      ...types,
      'step.undone',
      'step.cancelled',
      'note.corrected',
      'followup.changed',
      'revert.fired',
    ] as EventType[]
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...all), fc.oneof(fc.constantFrom(...data), fc.jsonValue()))),
        (events) => {
          foldAll(
            events.map(([type, one]) => record(type, one as never)),
            'x',
          )
        },
      ),
    )
  })
})

describe('steps', () => {
  const ref = { run: 'r', step: 's', host: 'h' }
  const planned = (outcome: string) =>
    record('step.planned', {
      ...ref,
      title: 'S',
      uses: 'shell',
      outcome,
      because: 'b',
      changes: [{ do: { say: 'd' }, undo: [] }],
      plan: 'p',
    })
  const started = (id: string, change = 0) =>
    record('step.started', { ...ref, change, of: 1, say: 'do it', undo: [], undoHash: 'u' }, { id })
  const applied = (id: string, o = {}) =>
    record('step.applied', {
      ...ref,
      started: id,
      endedBy: 'exit',
      exitCode: 0,
      ms: 5,
      stdout: '',
      stderr: '',
      ...o,
    })
  const fold = (...records: EventRecord[]) => foldAll(records, 'x').steps['r s h']!

  it('go through their states', () => {
    expect(fold(planned('would_change')).state).toBe('planned')
    expect(fold(planned('in_sync')).state).toBe('in_sync')
    expect(
      fold(planned('would_change'), record('step.approved', { ...ref, plan: 'p', how: 'yes' })).state,
    ).toBe('approved')
    expect(fold(planned('would_change'), started('a')).state).toBe('running')
    expect(fold(planned('would_change'), started('a'), applied('a')).state).toBe('verifying')
    const failed = record('step.verified', { ...ref, verdict: 'failed', reason: 'no port', ms: 10 })
    expect(fold(started('a'), applied('a'), failed)).toMatchObject({ state: 'failed', reason: 'no port' })
    const undone = record('step.undone', { ...ref, started: 'a', verdict: 'ok', reason: 'as before' })
    expect(fold(started('a'), applied('a'), failed, started('u', -1), applied('u'), undone)).toMatchObject({
      state: 'undone',
      changes: [{ started: 'a', undone: { verdict: 'ok' } }],
    })
    expect(fold(record('step.unknown', { ...ref, reason: 'rebooted' }))).toMatchObject({
      state: 'unknown',
      title: 's',
    })
    expect(fold(record('step.cancelled', { ...ref, gone: true, detail: 'd' })).state).toBe('cancelled')
    expect(fold(record('step.cancelled', { ...ref, gone: false, detail: 'd' })).state).toBe('unknown')
    expect(fold(record('revert.fired', { ...ref, revert: 'r', verdict: 'ok', detail: 'd' })).state).toBe(
      'undone',
    )
  })

  it('keep the first plan as the drift, and what was done when a later look finds all in place', () => {
    const done = fold(
      planned('would_change'),
      started('a'),
      applied('a'),
      record('step.verified', { ...ref, verdict: 'ok', reason: 'r', ms: 1 }),
      planned('in_sync'),
    )
    expect(done).toMatchObject({
      state: 'ok',
      drift: { outcome: 'would_change' },
      plan: { outcome: 'in_sync' },
    })
    const inSync = fold(
      planned('in_sync'),
      record('step.verified', { ...ref, verdict: 'ok', reason: 'r', ms: 1 }),
    )
    expect(inSync.state).toBe('in_sync')
  })

  it('fault 28: keep the end that was seen, whoever lost sight of it, and take it in place of one that was not', () => {
    // Who lost the link, or found nothing of it, knows less than who saw the end of it; the other way round it is news.
    for (const less of [{ endedBy: 'lost' }, { endedBy: 'cancel', began: 'no' }]) {
      const blind = applied('a', { exitCode: undefined, ...less })
      for (const both of [
        [applied('a'), blind],
        [blind, applied('a')],
      ]) {
        expect(fold(started('a'), ...both).changes[0]?.applied).toMatchObject({
          endedBy: 'exit',
          exitCode: 0,
        })
        expect(foldAll([started('a'), ...both], 'x').jobs?.a?.ended).toBe('exit')
      }
    }
  })

  it('show a failed command in their row', () => {
    const { timeline } = foldAll([started('a'), applied('a', { exitCode: 3 })], 'x')
    expect(timeline[0]).toMatchObject({ evidence: 'exit 3, 5 ms', bad: true })
    const lost = foldAll(
      [started('a'), applied('a', { endedBy: 'lost', exitCode: undefined, problem: 'reboot', ms: 65_000 })],
      'x',
    )
    expect(lost.timeline[0]!.evidence).toBe('link lost, outcome unknown, 1 min 05 s (reboot)')
  })
})

describe('what people say', () => {
  it('a corrected note shows the correction, a corrected milestone what it was', () => {
    const note = record('note.added', { text: 'old', at: '2026-11-20T22:30:00.000Z' })
    const set = (at: string) => record('milestone.set', { milestone: 'detected', at })
    const { timeline, milestones } = foldAll(
      [
        note,
        record('note.corrected', { corrects: note.id, text: 'new' }),
        set('2026-11-20T22:31:00.000Z'),
        set('2026-11-20T22:32:00.000Z'),
      ],
      'x',
    )
    expect(timeline.map(({ text }) => text)).toEqual([
      'new (corrected; was: old)',
      'Detected',
      'Detected (corrected; was 2026-11-20T22:31:00.000Z)',
    ])
    expect(milestones.detected!.at).toBe('2026-11-20T22:32:00.000Z')
  })

  it('changes, roles, responders and follow-ups are kept', () => {
    const added = record('followup.added', { text: 'a' })
    const state = foldAll(
      [
        record('incident.changed', { title: 'T', severity: 'sev1', impact: 'all users' }),
        record('responder.joined', { name: 'ana' }),
        record('responder.joined', { name: 'ana' }),
        record('responder.left', { name: 'ana' }),
        record('role.set', { role: 'lead', name: 'ana' }),
        added,
        record('followup.changed', { followup: added.id, done: true, text: 'b' }),
        record('followup.changed', { followup: 'none', done: true }),
      ],
      'x',
    )
    expect(state).toMatchObject({
      title: 'T',
      severity: 'sev1',
      impact: 'all users',
      responders: ['ana'],
      roles: { lead: 'ana' },
    })
    expect(state.followups).toEqual([{ id: added.id, text: 'b', done: true }])
  })
})

describe('hosts and the record', () => {
  it('rows for what went wrong, and for its end', () => {
    const connected = () =>
      record('host.connected', { host: 'h', address: 'a', user: 'u', transport: 'ssh2', fingerprint: 'f' })
    const { timeline, hosts } = foldAll(
      [
        connected(),
        record('host.stale', { host: 'h', since: '2026-11-20T22:30:00.000Z' }),
        record('host.lost', { host: 'h', reason: 'no answer' }),
        connected(),
        record('host.refused', {
          host: 'i',
          phase: 'host key',
          reason: 'changed',
          fingerprints: ['SHA256:a', 'SHA256:b'],
        }),
        record('host.clock', { host: 'h', offsetMs: 100, uncertaintyMs: 5 }),
        record('host.clock', { host: 'h', offsetMs: 3_600_000, uncertaintyMs: 50 }),
        record('lock.taken_over', {
          run: 'r',
          step: 's',
          host: 'h',
          lock: 'l2',
          over: 'l1',
          resource: 'pm2:x',
          holder: 'ana@laptop',
          incident: 'i',
          since: '2026-11-20T03:00:00Z',
        }),
        record('recording.stopped', { cause: 'ENOSPC' }),
      ],
      'x',
    )
    expect(timeline.map(({ text, evidence }) => [text, evidence])).toEqual([
      ['Connection lost: no answer', undefined],
      ['Connected again: u@a by ssh2', undefined],
      ['Refused (host key): changed', 'SHA256:a, SHA256:b'],
      ['Clock of the host is off by 3600.0 s ± 0.1 s', undefined],
      ['Took over the lock of pm2:x from ana@laptop, held since 2026-11-20T03:00:00Z', 'l1'],
      ['Recording stopped: ENOSPC', undefined],
    ])
    expect(hosts).toMatchObject({ h: { state: 'connected', fingerprint: 'f' }, i: { state: 'refused' } })
  })

  it('recording resumes; reverts, secrets, artifacts, exports and erasures are kept', () => {
    const ref = { run: 'r', step: 's', host: 'h' }
    const state = foldAll(
      [
        record('recording.stopped', { cause: 'ENOSPC' }),
        record('recording.resumed', { refused: 0, gapMs: 1500 }),
        record('revert.armed', { ...ref, revert: 'v', after: 60, undo: [] }),
        record('revert.confirmed', { ...ref, revert: 'v', reason: 'it holds' }),
        record('secret.registered', { name: 'CORE_TOKEN', source: 'env:CORE_TOKEN' }),
        record('artifact.added', { sha256: 'a', bytes: 1, name: 'n', cut: false }),
        record('export.written', { path: '/x.md', format: 'md', sha256: 'a' }),
        record('erased', { event: 'e', reason: 'r' }),
        record('lock.taken', { ...ref, lock: 'l', resources: ['x'] }),
      ],
      'x',
    )
    expect(state).toMatchObject({
      recording: {},
      secrets: { CORE_TOKEN: 'env:CORE_TOKEN' },
      artifacts: { a: { name: 'n' } },
      exports: [{ path: '/x.md' }],
    })
    expect(state.recording.stopped).toBeUndefined()
    expect(state.timeline).toHaveLength(6)
  })

  it('a watched check has a row only where its verdict changes, and remembers 120 looks', () => {
    const look = (verdict: 'ok' | 'failed') =>
      record('check.observed', {
        check: 'c',
        title: 'C',
        host: 'h',
        kind: 'http',
        phase: 'watch',
        verdict,
        expected: '200',
        observed: verdict === 'ok' ? '200' : '500',
        ms: 1,
      })
    const looks = [
      ...Array.from({ length: 130 }, () => look('ok')),
      look('failed'),
      look('failed'),
      look('ok'),
    ]
    const { timeline, checks } = foldAll(looks, 'x')
    expect(timeline.map(({ text, evidence }) => [text, evidence])).toEqual([
      ['Check changed: C: 500 (expected 200)', 'failed'],
      ['Check changed: C: 200', 'ok'],
    ])
    expect(checks['c h']!.history).toHaveLength(120)
  })
})

describe('the reason of a step', () => {
  const ref = { run: 'run-1', step: 'restart', host: 'core-1' }

  it('is the undo’s after an undo, not what verified it before', () => {
    const before = incident()
    const undone = before.steps[key]!.changes.toReversed().map(({ started }, index) =>
      record('step.undone', {
        ...ref,
        started,
        verdict: 'ok',
        reason: index === 0 ? 'start the former core-backend again' : 'nothing to take back',
      }),
    )
    const step = foldAll([...story(), ...undone], 'x').steps[key]!
    expect(step).toMatchObject({ state: 'undone', reason: 'start the former core-backend again' })
  })

  it('of a refusal is gone once the step is approved or started again', () => {
    const refused = record('step.skipped', { ...ref, reason: 'stopped: not approved' })
    const approved = record('step.approved', { ...ref, plan: 'a'.repeat(64), how: 'enter' })
    const started = record('step.started', {
      ...ref,
      change: 0,
      of: 1,
      say: 'restart',
      undo: [],
      undoHash: 'a'.repeat(64),
    })
    expect(foldAll([refused], 'x').steps[key]!.reason).toBe('stopped: not approved')
    expect(foldAll([refused, approved], 'x').steps[key]!.reason).toBeUndefined()
    expect(foldAll([refused, started], 'x').steps[key]!.reason).toBeUndefined()
  })

  it('and the checks of a runbook are kept with its run', () => {
    const checks = [{ id: 'login', title: 'Login answers', kind: 'http', hosts: ['core-1'] }]
    const opened = record('runbook.opened', {
      run: 'r',
      runbook: 'b',
      title: 'B',
      file: 'b.yaml',
      sha256: 'a'.repeat(64),
      hosts: ['core-1'],
      params: {},
      steps: [],
      checks,
    })
    expect(foldAll([opened], 'x')).toMatchObject({ runs: { r: { checks } }, checks: {} })
  })
})
