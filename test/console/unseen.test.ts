import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createFleet } from '../../src/compose/fleet.ts'
import { declare } from '../../src/compose/incident.ts'
import { openInventory } from '../../src/compose/inventory.ts'
import { createConsole } from '../../src/console.ts'
import type { Console } from '../../src/console.types.ts'
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
async function deadConsole(source: string): Promise<string> {
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
  await incident.append('secret.registered', { name: 'TOKEN', source })
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
  const job = await session.job(id, { argv: ['echo', value] })
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
