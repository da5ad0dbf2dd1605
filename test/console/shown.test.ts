import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createConsole } from '../../src/console.ts'
import type { Console } from '../../src/console.types.ts'
import { writeBook, writeInventory } from '../e2e/helpers/book.ts'
import { journaled } from '../e2e/helpers/console.ts'
import { type Desk, desk } from '../e2e/helpers/sitrep.ts'

const token = 'Walrus-77-in-a-file'
let at: Desk
let sitrep: Console | undefined
/** Every state that a view could have drawn. */
let drawn: string[]

beforeEach(() => {
  at = desk()
  drawn = []
  vi.stubEnv('SITREP_HOME', at.home)
  vi.stubEnv('XDG_STATE_HOME', join(at.cwd, 'host-state'))
  vi.stubEnv('BOOK_TOKEN', token)
  writeInventory(at, { here: { transport: 'local', production: true } })
})
afterEach(async () => {
  await sitrep?.close()
  sitrep = undefined
  vi.unstubAllEnvs()
  at[Symbol.dispose]()
})

const room = () => sitrep?.getState().room
const atWork = (what: () => unknown) => vi.waitUntil(what, { timeout: 10_000 })
const run = () =>
  atWork(() =>
    sitrep?.send({ do: 'run' }).then(
      () => true,
      () => false,
    ),
  )

async function openBook(): Promise<void> {
  sitrep = await createConsole({
    inventory: join(at.cwd, 'sitrep.yaml'),
    declare: { title: 'Shown' },
    runbook: { runbook: join(at.cwd, 'book.yaml') },
  })
  sitrep.subscribe((state) => drawn.push(JSON.stringify(state)))
  await atWork(() => room()?.run?.phase === 'ready')
}

it('a file of a host with a secret, ESC and U+202E stands in no plan, approval, question or message; what runs is as it was', async () => {
  const hostile = `${token} \u001b]0;x\u0007 \u202e`
  const [target, copy] = [join(at.cwd, 'app.conf'), join(at.cwd, 'new.conf')]
  writeFileSync(target, `one\n${hostile}\n`)
  writeFileSync(copy, `two\n${hostile}\n`)
  writeBook(
    at,
    [
      { id: 'sync', title: `Sync ${token}\u202e`, uses: 'file.sync', with: { source: copy, path: target } },
      { id: 'fails', with: { run: `printf '%s' '${hostile}'; exit 3` } },
    ],
    { params: { token: { secret: true, from: 'env:BOOK_TOKEN' } } },
  )
  await openBook()
  const plan = room()?.run?.steps[0]?.plans.here
  expect(plan?.plan.changes.map(({ do: change }) => change.diff?.unified).join()).toMatch(
    /‹secret:token› .*‹U\+202E›/,
  )
  expect(plan?.hash).toMatch(/^[0-9a-f]{64}$/)

  await run()
  await atWork(() => room()?.approval)
  expect(JSON.stringify(room()?.approval?.plan)).toMatch(
    /Sync ‹secret:token›‹U\+202E›.*-one.*‹secret:token› /,
  )
  const { id = '', target: typed = 'here' } = room()?.approval ?? {}
  await sitrep?.send({ do: 'approve', request: id, typed })
  await atWork(() => room()?.approval !== undefined && room()?.approval?.id !== id)
  await sitrep?.send({ do: 'approve', request: room()?.approval?.id ?? '', typed })
  await atWork(() => journaled(at, 'step.verified').length === 2)
  await atWork(() => sitrep?.getState().message?.text.includes('fails on here'))
  expect(journaled(at, 'step.verified').map(({ verdict }) => verdict)).toEqual(['ok', 'failed'])
  expect(readFileSync(target, 'utf8')).toBe(`two\n${hostile}\n`)
  expect(drawn.filter((state) => state.includes(token))).toEqual([])
  expect(drawn.filter((state) => /\u202e|\\u001b/.test(state))).toEqual([])
})

it('a question of a manual step, a message and a command are shown clean', async () => {
  writeBook(at, [{ id: 'ask', uses: 'manual', with: { ask: `Is ${token}\u202e set?` } }], {
    params: { token: { secret: true, from: 'env:BOOK_TOKEN' } },
  })
  await openBook()
  await run()
  await atWork(() => room()?.approval)
  expect(room()?.approval?.question).toContain('Is ‹secret:token›‹U+202E› set?')
  await sitrep?.send({ do: 'command', hosts: ['here'], text: `sleep 0.3; echo ${token}` })
  await atWork(() => drawn.some((state) => state.includes('echo ‹secret:token›')))
  await expect(sitrep?.send({ do: 'undo', step: `${token}\u202e` })).rejects.toThrow(token)
  expect(sitrep?.getState().message?.text).toBe('‹secret:token›‹U+202E› changed nothing that could be undone')
  await atWork(() => journaled(at, 'command.ran').length === 1)
  expect(drawn.filter((state) => state.includes(token) || state.includes('\u202e'))).toEqual([])
})

it('what is on the screen is hidden once it is known to be secret', async () => {
  const later = 'learned-only-later-41'
  writeBook(at, [{ id: 'one', title: `Step ${later}`, with: { run: 'true' } }])
  await openBook()
  expect(room()?.run?.steps[0]?.title).toContain(later)
  vi.stubEnv('LATER', later)
  writeBook(at, [{ id: 'one', with: { run: 'true' } }], {
    params: { later: { secret: true, from: 'env:LATER' } },
  })
  const runs: string[] = []
  sitrep?.subscribe(({ room }) => runs.push(JSON.stringify(room?.run)))
  await atWork(() =>
    sitrep?.send({ do: 'openRunbook', runbook: join(at.cwd, 'book.yaml') }).then(
      () => true,
      () => false,
    ),
  )
  await atWork(() => runs.some((run) => run.includes('Step ‹secret:later›')))
  expect(runs.some((run) => run.includes(later))).toBe(false)
})
