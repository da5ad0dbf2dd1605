import { describe, expect, it } from 'vitest'
import type { EventRecord } from '../../src/model/event.ts'
import { foldAll } from '../../src/model/reduce.ts'
import { renderPostmortem } from '../../src/postmortem/render.ts'
import { templates } from '../../src/postmortem/templates/index.ts'
import { timelineRows, timelineText } from '../../views/parts/timeline.ts'
import { fitRow } from '../../views/row.ts'
import { themeOf } from '../../views/theme.ts'
import { firstView } from '../../views/view.ts'
import { scenes } from './scenes.ts'

const at = '2026-11-20T22:16:01.250Z'

/** A record as it was folded; how it is chained is of no matter here. */
const record = (seq: number, type: string, data: unknown): EventRecord => ({
  v: 1,
  id: `event-${seq}`,
  at: `2026-11-20T22:20:0${seq}.000Z`,
  hlc: `000176366880012${seq}-0000`,
  by: 'ana@laptop',
  writer: 'ana-laptop-1-aaaaaaaaaaaa',
  seq,
  type,
  data,
  dataHash: '',
  prev: '',
  hash: '',
})
const pin = (seq: number, more: Record<string, unknown>) =>
  record(seq, 'log.pinned', {
    host: 'core-1',
    source: 'pm2:core',
    at,
    received: '2026-11-20T22:16:01.300Z',
    lines: [`line ${seq}`],
    ...more,
  })

describe('a time of a host’s clock', () => {
  const incident = foldAll(
    [
      pin(1, { uncertaintyMs: 140 }),
      pin(2, { received: '2026-11-20T23:00:00.000Z' }),
      record(3, 'note.added', { text: 'a note', at: '2026-11-20T22:17:00.000Z' }),
    ],
    'one',
  )

  it('carries how sure it is to its row, and when an old line was received', () => {
    const rows = incident.timeline.map(({ text, uncertaintyMs, evidence }) => [text, uncertaintyMs, evidence])
    expect(rows).toEqual([
      ['Log pm2:core: line 1', 140, undefined],
      ['Log pm2:core: line 2', undefined, 'received 2026-11-20T23:00:00Z'],
      ['a note', undefined, undefined],
    ])
  })

  it('is marked in the console, its columns where they are in the other rows', () => {
    const state = scenes.suggested
    const room = { ...state.room!, incident }
    const { marks } = themeOf({})
    const context = { state: { ...state, room }, view: firstView }
    const rows = timelineRows(context, 120, 10, false, marks).map((row) =>
      fitRow(row, 120)
        .map(({ text }) => text)
        .join(''),
    )
    expect(rows[0]).toMatch(/^ {2}22:16:01 ±0\.2s log {6}Log pm2:core: line 1/)
    const column = (row = '', word: string) => row.indexOf(word)
    expect(column(rows[0], 'Log pm2')).toBe(column(rows[1], 'Log pm2'))
    expect(timelineText(incident.timeline[0]!)[0]).toBe(`${at} ±0.2s`)
  })

  it('is marked in the postmortem', () => {
    const markdown = renderPostmortem(incident, templates.find(({ name }) => name === 'incident')!)
    expect(markdown).toMatch(/\| 22:16:01 ±0\.2s +\| Log pm2:core: line 1/)
    expect(markdown).toMatch(/\| 22:16:01 +\| Log pm2:core: line 2/)
  })

  it('parts of logs that are removed in a flood make one row', () => {
    const drop = (seq: number) =>
      record(seq, 'log.dropped', { file: `logs/core-1-pm2-core-1234abcd/${seq}.log.gz`, reason: 'the bound' })
    const { timeline, dropped } = foldAll([1, 2, 3].map(drop), 'one')
    expect(timeline.map(({ text }) => text)).toEqual([
      'Removed the oldest parts of logs/core-1-pm2-core-1234abcd: the bound',
    ])
    expect(dropped).toEqual({ 'logs/core-1-pm2-core-1234abcd': 3 })
  })
})
