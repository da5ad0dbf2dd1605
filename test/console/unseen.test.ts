import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createFleet } from '../../src/compose/fleet.ts'
import { declare } from '../../src/compose/incident.ts'
import { openInventory } from '../../src/compose/inventory.ts'
import { createConsole } from '../../src/console.ts'
import type { Console } from '../../src/console.types.ts'
import { createSecretChecks } from '../../src/journal/secretCheck.ts'
import { writeBook, writeInventory } from '../e2e/helpers/book.ts'
import { journaled } from '../e2e/helpers/console.ts'
import { type Desk, desk } from '../e2e/helpers/sitrep.ts'

const value = 'a-token-of-the-dead-console'
let at: Desk
let sitrep: Console | undefined

beforeEach(() => {
  at = desk()
  vi.stubEnv('SITREP_HOME', at.home)
  vi.stubEnv('XDG_STATE_HOME', join(at.cwd, 'host-state'))
  writeInventory(at)
  writeBook(at, [{ id: 'one', with: { run: `touch ${join(at.cwd, 'again')}` } }])
})
afterEach(async () => {
  await sitrep?.close()
  sitrep = undefined
  vi.unstubAllEnvs()
  at[Symbol.dispose]()
})

const message = () => sitrep?.getState().message?.text ?? ''
const settled = () => sitrep?.getState().room?.run?.phase === 'ready'
const jobs = () => readdirSync(join(at.cwd, 'host-state', 'sitrep', 'jobs'))

/** Leaves an incident whose console died after it had started a step that prints a secret. */
async function deadConsole(
  source: string,
  o: { prints?: string; checkOf?: (id: string) => object } = {},
): Promise<string> {
  const { hosts } = await openInventory(join(at.cwd, 'sitrep.yaml'))
  const incident = await declare({ title: 'Unseen' })
  const ref = { run: 'run-1', step: 'one', host: 'here' }
  await incident.append('runbook.opened', {
    run: 'run-1',
    runbook: 'book',
    title: 'A book',
    file: 'book.yaml',
    sha256: 'a'.repeat(64),
    hosts: ['here'],
    params: {},
    steps: [{ id: 'one', title: 'Step one', uses: 'shell' }],
  })
  await incident.append('secret.registered', { name: 'TOKEN', source, ...o.checkOf?.(incident.id) })
  const { id } = await incident.append('step.started', {
    ...ref,
    change: 0,
    of: 1,
    say: 'print it',
    undo: [],
    undoHash: 'a'.repeat(64),
  })
  await using fleet = await createFleet({ hosts, secrets: incident.secrets })
  const session = await fleet.session('here')
  const job = await session.job(id, { argv: ['echo', o.prints ?? value] })
  await job.done
  await incident.close()
  return incident.id
}

async function openIt(incident: string): Promise<void> {
  sitrep = await createConsole({
    inventory: join(at.cwd, 'sitrep.yaml'),
    incident,
    runbook: { runbook: join(at.cwd, 'book.yaml') },
  })
  await vi.waitUntil(settled, { timeout: 10_000 })
}

it('output of a dead console stays on the host while a secret of the incident is not known here', async () => {
  await openIt(await deadConsole('host:here'))
  const said = 'secrets of the earlier run are not known here: TOKEN; its output stays on the host'
  expect(message()).toBe(said)
  expect(journaled(at, 'step.applied')).toEqual([])
  expect(jobs()).toHaveLength(1)
  // Nothing is begun again of which it is not known what became of it.
  const before = sitrep?.getState().message
  await vi.waitUntil(
    () =>
      sitrep?.send({ do: 'run' }).then(
        () => true,
        () => false,
      ),
    { timeout: 10_000 },
  )
  await vi.waitUntil(() => sitrep?.getState().message !== before && settled(), { timeout: 10_000 })
  expect(message()).toBe(said)
  expect(journaled(at, 'step.started')).toHaveLength(1)
  expect(existsSync(join(at.cwd, 'again'))).toBe(false)
})

it('it is recorded, redacted, once the secret is known again by its source', async () => {
  const id = await deadConsole('env:SITREP_TEST_TOKEN')
  vi.stubEnv('SITREP_TEST_TOKEN', value)
  await openIt(id)
  await vi.waitUntil(() => journaled(at, 'step.applied').length === 1, { timeout: 10_000 })
  expect(journaled(at, 'step.applied')).toMatchObject([{ exitCode: 0, stdout: '‹secret:TOKEN›' }])
  await vi.waitUntil(() => jobs().length === 0, { timeout: 10_000 })
})

// What this process learned once it hides from then on, so each test has a value of its own.
const checkIn = (root: string, value: string) => (id: string) => {
  const check = createSecretChecks(root, id).of('TOKEN', value)
  if (check === undefined) throw new Error('no key')
  return { check }
}

it('output of a dead console stays on the host while the secret has another value than then', async () => {
  const file = join(at.cwd, 'token')
  writeFileSync(file, 'the-rotated-token')
  const prints = 'the-token-of-then'
  await openIt(await deadConsole(`file:${file}`, { prints, checkOf: checkIn(at.home, prints) }))
  expect(message()).toBe('the value of TOKEN is not the one of the earlier run; its output stays on the host')
  expect(journaled(at, 'step.applied')).toEqual([])
  expect(jobs()).toHaveLength(1)
  // Looking was no news for the journal.
  expect(journaled(at, 'secret.registered')).toHaveLength(1)

  writeFileSync(file, `${prints}\n`)
  await vi.waitUntil(
    () =>
      sitrep?.send({ do: 'replan' }).then(
        () => true,
        () => false,
      ),
    { timeout: 10_000 },
  )
  await vi.waitUntil(() => journaled(at, 'step.applied').length === 1, { timeout: 10_000 })
  expect(journaled(at, 'step.applied')).toMatchObject([{ exitCode: 0, stdout: '‹secret:TOKEN›' }])
})

it("a check of another machine's key can't be compared: the secret counts as known", async () => {
  const elsewhere = join(at.cwd, 'elsewhere')
  mkdirSync(elsewhere)
  const prints = 'a-token-of-another-machine'
  vi.stubEnv('SITREP_TEST_TOKEN', prints)
  const checkOf = checkIn(elsewhere, 'another-token-there')
  await openIt(await deadConsole('env:SITREP_TEST_TOKEN', { prints, checkOf }))
  await vi.waitUntil(() => journaled(at, 'step.applied').length === 1, { timeout: 10_000 })
  expect(journaled(at, 'step.applied')).toMatchObject([{ stdout: '‹secret:TOKEN›' }])
})
