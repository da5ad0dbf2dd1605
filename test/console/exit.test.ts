import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createConsole } from '../../src/console.ts'
import { writeBook, writeInventory } from '../e2e/helpers/book.ts'
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

it.each([
  ['exit 3', 1],
  ['true', 0],
])('the console knows how its last run ended: %s gives %d', async (run, exit) => {
  writeBook(at, [{ id: 'one', with: { run } }])
  const sitrep = await createConsole({
    inventory: join(at.cwd, 'sitrep.yaml'),
    declare: { title: 'Exit' },
    runbook: { runbook: join(at.cwd, 'book.yaml') },
  })
  const room = () => sitrep.getState().room
  await vi.waitUntil(() => room()?.run?.phase === 'ready', { timeout: 10_000 })
  expect(sitrep.exit()).toBe(0)
  await vi.waitUntil(
    () =>
      sitrep.send({ do: 'run' }).then(
        () => true,
        () => false,
      ),
    { timeout: 10_000 },
  )
  const request = await vi.waitUntil(() => room()?.approval?.id, { timeout: 10_000 })
  await sitrep.send({ do: 'approve', request })
  await vi.waitUntil(() => /finished|ready/.test(room()?.run?.phase ?? ''), { timeout: 10_000 })
  await sitrep.close()
  expect(sitrep.exit()).toBe(exit)
})
