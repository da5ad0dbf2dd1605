import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createFleet, type Fleet } from '../../src/compose/fleet.ts'
import { declare, type OpenIncident } from '../../src/compose/incident.ts'
import { openInventory } from '../../src/compose/inventory.ts'
import { createCommands } from '../../src/console/commands.ts'
import type { Room } from '../../src/console.types.ts'
import { SitrepError } from '../../src/model/errors.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { writeInventory } from '../e2e/helpers/book.ts'
import { type Desk, desk } from '../e2e/helpers/sitrep.ts'

let at: Desk
let incident: OpenIncident
let fleet: Fleet
let records: EventRecord[]
let shown: NonNullable<Room['commands']>
const told: string[] = []
const commandsOf = (of: OpenIncident) =>
  createCommands({ incident: of, tell: (text) => told.push(text), show: (running) => (shown = running) })
const typesOf = () => records.map(({ type }) => type).filter((type) => type.startsWith('command.'))

beforeEach(async () => {
  at = desk()
  vi.stubEnv('SITREP_HOME', at.home)
  vi.stubEnv('XDG_STATE_HOME', join(at.cwd, 'host-state'))
  writeInventory(at)
  const { hosts } = await openInventory(join(at.cwd, 'sitrep.yaml'))
  incident = await declare({ title: 'Commands' })
  fleet = await createFleet({ hosts, secrets: incident.secrets })
  records = []
  shown = []
  told.length = 0
  incident.onRecord((record) => records.push(record))
})
afterEach(async () => {
  await fleet[Symbol.asyncDispose]()
  await incident.close()
  vi.unstubAllEnvs()
  at[Symbol.dispose]()
})

it('an ad hoc command is journaled before it starts, and is a job of that id', async () => {
  const commands = commandsOf(incident)
  const done = commands.run(fleet, ['here'], 'echo hello; exit 3')
  expect(shown).toMatchObject([{ host: 'here', text: 'echo hello; exit 3' }])
  await done
  expect(shown).toEqual([])
  expect(typesOf()).toEqual(['command.started', 'command.ran'])
  const [started, ran] = records.filter(({ type }) => type.startsWith('command.'))
  expect(ran?.data).toMatchObject({ started: started?.id, exitCode: 3, stdout: 'hello' })
  expect(told).toEqual(['here: exit 3'])
  // Its folder on the host is removed after its end is recorded, and nobody waits for that.
  const session = await fleet.session('here')
  await vi.waitFor(
    async () => expect(await session.jobState(started?.id ?? '')).toEqual({ is: 'not_started' }),
    10_000,
  )
  expect(incident.read().unknown).toEqual({})
})

it('can be cancelled, and says so', async () => {
  const commands = commandsOf(incident)
  const done = commands.run(fleet, ['here'], 'sleep 600')
  await vi.waitUntil(() => typesOf().length === 1, { timeout: 10_000 })
  expect(commands.busy()).toBe(true)
  commands.cancel()
  await done
  expect(commands.busy()).toBe(false)
  expect(records.find(({ type }) => type === 'command.ran')?.data).toMatchObject({ endedBy: 'cancel' })
})

it('runs nothing when recording stopped, or where the start can not be recorded', async () => {
  const mark = join(at.cwd, 'mark')
  const stopped = commandsOf({
    ...incident,
    stopped: () => 'ENOSPC',
    requireRecording: () => Promise.reject(new SitrepError('recording', 'RECORDING STOPPED: ENOSPC')),
  })
  await expect(stopped.run(fleet, ['here'], `touch ${mark}`)).rejects.toThrow('RECORDING STOPPED: ENOSPC')
  const full = commandsOf({ ...incident, append: () => Promise.reject(new Error('ENOSPC')) })
  await expect(full.run(fleet, ['here'], `touch ${mark}`)).rejects.toThrow('ENOSPC')
  expect(existsSync(mark)).toBe(false)
  expect(shown).toEqual([])
})
