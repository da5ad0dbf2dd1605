import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { declare, open } from '../../src/compose/incident.ts'
import { missingSecrets } from '../../src/compose/secrets.ts'
import { undoIncident } from '../../src/compose/undo.ts'
import { createSecretChecks } from '../../src/journal/secretCheck.ts'
import { hashOf } from '../../src/run/hash.ts'
import { writeInventory } from '../e2e/helpers/book.ts'
import { journaled } from '../e2e/helpers/console.ts'
import { type Desk, desk } from '../e2e/helpers/sitrep.ts'

let at: Desk
beforeEach(() => {
  at = desk()
  vi.stubEnv('SITREP_HOME', at.home)
  vi.stubEnv('XDG_STATE_HOME', join(at.cwd, 'host-state'))
  writeInventory(at)
})
afterEach(() => {
  vi.unstubAllEnvs()
  at[Symbol.dispose]()
})

/** An incident whose events name secrets that no process knows. */
async function declared(sources: Record<string, string>): Promise<string> {
  const incident = await declare({ title: 'Secrets' })
  for (const [name, source] of Object.entries(sources))
    await incident.append('secret.registered', { name, source })
  await incident.close()
  return incident.id
}

it('a note on a reopened incident is written without the values that its sources still tell', async () => {
  const token = join(at.cwd, 'token')
  writeFileSync(token, 'told-by-a-file\n')
  mkdirSync(join(at.cwd, 'folder'))
  const id = await declared({
    FILE: `file:${token}`,
    ENV: 'env:SITREP_TEST_NOTED',
    SHORT: 'env:SITREP_TEST_SHORT',
    FOLDER: `file:${join(at.cwd, 'folder')}`,
    ABSENT: `file:${join(at.cwd, 'absent')}`,
    ASKED: 'prompt',
  })
  vi.stubEnv('SITREP_TEST_NOTED', 'told-by-the-environment')
  vi.stubEnv('SITREP_TEST_SHORT', 'abc')
  const incident = await open(id)
  const text = 'abc told-by-a-file and told-by-the-environment'
  await incident.append('note.added', { text, at: '2026-11-20T03:00:00.000Z' })
  await incident.close()
  expect(journaled(at, 'note.added').map((note) => note.text)).toEqual(['abc ‹secret:FILE› and ‹secret:ENV›'])
  expect(journaled(at, 'secret.registered')).toHaveLength(6)
})

it('what the process learned in one incident is hidden in the next, and is no secret of that one', async () => {
  const first = await declare({ title: 'First' })
  first.secrets.register('TOKEN', 'prompt', 'learned-in-the-first')
  await first.close()
  const next = await declare({ title: 'Next learned-in-the-first' })
  expect(next.read().title).toBe('Next ‹secret:TOKEN›')
  expect(next.secrets.has('TOKEN')).toBe(false)
  await next.close()
  expect(journaled(at, 'secret.registered')).toHaveLength(0)
  const again = await open(first.id)
  await again.append('note.added', { text: 'learned-in-the-first', at: '2026-11-20T03:00:00.000Z' })
  await again.close()
  const dir = join(at.home, 'incidents', first.id, 'journal')
  const all = readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8'))
  expect(all.join('')).toContain('‹secret:TOKEN›')
  expect(all.join('')).not.toContain('learned-in-the-first')
})

it('each value of a secret gets a check; a password does not, and the same value no second one', async () => {
  const incident = await declare({ title: 'Checks' })
  const { secrets } = incident
  for (const value of ['first-value', 'first-value', 'other-value']) {
    secrets.register('TOKEN', 'prompt', value)
    await vi.waitUntil(() => incident.read().secretChecks?.TOKEN !== undefined)
  }
  secrets.register('sudo me@here', 'prompt', 'a-password')
  await vi.waitUntil(() => journaled(at, 'secret.registered').length === 3)
  const [first, other, password] = journaled(at, 'secret.registered')
  const checks = createSecretChecks(at.home, incident.id)
  expect(checks.holds(first?.check ?? '', 'TOKEN', 'first-value')).toBe(true)
  expect(checks.holds(other?.check ?? '', 'TOKEN', 'other-value')).toBe(true)
  expect(password).toEqual({ name: 'sudo me@here', source: 'prompt' })
  await incident.close()
})

it('which value counts is the one of the time when the change was started', async () => {
  const incident = await declare({ title: 'Times' })
  const check = createSecretChecks(at.home, incident.id).of('TOKEN', 'the-value-of-then')
  if (check === undefined) throw new Error('no key')
  await incident.append('secret.registered', { name: 'TOKEN', source: 'prompt', check })
  const then = new Date().toISOString()
  await vi.waitUntil(() => new Date().toISOString() > then)
  incident.secrets.register('TOKEN', 'prompt', 'the-value-of-now')
  await vi.waitUntil(() => incident.read().secretChecks?.TOKEN?.length === 2)
  const now = new Date().toISOString()
  expect(missingSecrets(incident, incident.secrets, [now])).toEqual([])
  expect(missingSecrets(incident, incident.secrets, [then, now])).toEqual([{ name: 'TOKEN', changed: true }])
  // Under whatever name it is known: it is hidden.
  incident.secrets.register('FORMER', 'prompt', 'the-value-of-then')
  expect(missingSecrets(incident, incident.secrets, [then, now])).toEqual([])
  await incident.close()
})

it('an undo is carried out, and its output stays on the host where a secret has another value by now', async () => {
  vi.stubEnv('SITREP_TEST_UNDO', 'rotated-since-then')
  const former = 'former-value-in-an-undo'
  const incident = await declare({ title: 'Undo' })
  const check = createSecretChecks(at.home, incident.id).of('TOKEN', former)
  if (check === undefined) throw new Error('no key')
  await incident.append('secret.registered', { name: 'TOKEN', source: 'env:SITREP_TEST_UNDO', check })
  const ref = { run: 'run-1', step: 'one', host: 'here' }
  const undo = [{ say: 'print it', run: { argv: ['echo', former] } }]
  const { id } = await incident.append('step.started', {
    ...ref,
    change: 0,
    of: 1,
    say: 'set it',
    undo,
    undoHash: hashOf(undo),
  })
  await incident.append('step.applied', {
    ...ref,
    started: id,
    endedBy: 'exit',
    exitCode: 0,
    ms: 1,
    stdout: '',
    stderr: '',
  })
  await incident.close()
  const reopened = await open(incident.id)
  const ended = await undoIncident(reopened, {
    hosts: [],
    inventory: join(at.cwd, 'sitrep.yaml'),
    asking: {},
    approve: async () => ({ answer: 'run', how: 'yes' }),
    signal: new AbortController().signal,
  })
  await reopened.close()
  expect(ended).toEqual({
    code: 0,
    reason: expect.stringContaining('the value of TOKEN is not the one of the earlier run'),
  })
  expect(journaled(at, 'step.applied').at(-1)?.stdout).toBe('‹stays on the host: TOKEN not known here›')
})
