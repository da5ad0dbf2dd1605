import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { declare, open } from '../../src/compose/incident.ts'
import { pickHosts } from '../../src/compose/inventory.ts'
import { templateOf, writePostmortem } from '../../src/compose/postmortem.ts'
import { requireStep } from '../../src/compose/resume.ts'
import { tempDir } from '../helpers/reader.ts'
import { testHost, until } from '../hosts/helpers/machine.ts'

afterEach(() => vi.unstubAllEnvs())

describe('an open incident', () => {
  it('folds what it and another console record, and knows who declared it', async () => {
    await using dir = await tempDir()
    vi.stubEnv('SITREP_HOME', dir.at('state'))
    const first = await declare({ title: 'Login 500', severity: 'sev2', started: '2026-11-20T10:00:00.000Z' })
    const second = await open(first.id.slice(0, -2))
    expect(second.declared?.data).toMatchObject({ title: 'Login 500' })
    await second.append('note.added', { text: 'from the other', at: '2026-11-20T10:05:00.000Z' })
    await until('the note of the other console', () =>
      first.read().timeline.some(({ text }) => text === 'from the other'),
    )
    expect(first.read()).toMatchObject({
      severity: 'sev2',
      milestones: { impact_started: { at: '2026-11-20T10:00:00.000Z' } },
    })
    first.secrets.register('token', 'stdin', 'a-secret-value')
    await first.append('note.added', { text: 'it is a-secret-value', at: '2026-11-20T10:06:00.000Z' })
    expect(first.read().timeline.some(({ text }) => text === 'it is ‹secret:token›')).toBe(true)
    const { path, kept } = await writePostmortem(second)
    expect(kept).toEqual([])
    expect(readFileSync(path, 'utf8')).toContain('from the other')
    expect(second.read().exports).toHaveLength(1)
    await Promise.all([first.close(), second.close()])
  })

  it('that can not be recorded is not declared', async () => {
    vi.stubEnv('SITREP_HOME', '/dev/null/state')
    await expect(declare({ title: 'x' })).rejects.toMatchObject({ kind: 'recording' })
  })
})

describe('what a command line names', () => {
  it('a template, a step, a host', () => {
    expect(templateOf().name).toBe('incident')
    expect(() => templateOf('haiku')).toThrow('there is no template haiku')
    expect(() => requireStep([{ id: 'a' }], 'b')).toThrow('the runbook has no step b')
    requireStep([{ id: 'a' }], undefined)
    const inventory = { hosts: [testHost({ name: 'a', groups: ['g'] })], confirmOver: 3 }
    expect(pickHosts(inventory, ['g']).map(({ name }) => name)).toEqual(['a'])
    expect(pickHosts(inventory, ['ana@10.0.0.9:2222'], { adHoc: true })[0]).toMatchObject({
      user: 'ana',
      address: '10.0.0.9',
      port: 2222,
    })
    expect(() => pickHosts(inventory, ['unknown'], { adHoc: true })).toThrow()
  })
})
