import { createHash } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createFleet } from '../../src/compose/fleet.ts'
import { settleEarlier } from '../../src/compose/resume.ts'
import { createCommands } from '../../src/console/commands.ts'
import { readArtifact } from '../../src/journal/artifacts.ts'
import { evidenceOf } from '../../src/postmortem/evidence.ts'
import { applyChanges } from '../../src/run/apply.ts'
import { danglingOf } from '../../src/run/resume.ts'
import { testHost, until } from '../hosts/helpers/machine.ts'
import { enter, ownUnit, type RunBench, runBench, shellPlan } from './bench.ts'

let b: RunBench
afterEach(() => b[Symbol.asyncDispose]())

const shaOf = (text: string) => createHash('sha256').update(text).digest('hex')
const artifactOf = (data: { artifact?: { sha256: string } | undefined } | undefined) =>
  readArtifact(b.incident.dir, data?.artifact?.sha256 ?? 'no artifact')
const left = () => readdirSync(join(b.incident.dir, 'artifacts')).filter((name) => !name.endsWith('.gz'))
/** A change that prints this many lines of 100 characters. */
const lines = (count: number) => `seq 1 ${count} | awk '{ printf "%-99s\\n", $1 }'`
const steps = (...runs: string[]) => runs.map((run, at) => ({ id: `s${at}`, with: { run }, timeout: 20 }))

it('a step’s output is kept whole, far beyond what its result holds, and the event names it', async () => {
  b = await runBench({ steps: steps(`${lines(30_000)}; echo failed to warm the cache >&2`) })
  expect((await b.run(b.unit('s0'))).code).toBe(0)
  const [applied] = b.of('step.applied')
  expect(applied?.stdout.split('\n')).toHaveLength(20)
  expect(applied?.artifact?.bytes).toBeGreaterThan(3_000_000)
  const text = await artifactOf(applied)
  expect(text).toMatch(/^1 +\n2 +\n/)
  expect(text).toMatch(/\n30000 +\n(?:‹stderr› failed to warm the cache\n)?$/)
  expect(text).toContain('‹stderr› failed to warm the cache\n')
  expect(left()).toEqual([])
})

it('short outputs stand in the event alone', async () => {
  b = await runBench({ steps: steps('seq 1 20; seq 1 20 >&2') })
  await b.run(b.unit('s0'))
  expect(b.of('step.applied')[0]).not.toHaveProperty('artifact')
  expect(readdirSync(b.incident.dir)).not.toContain('artifacts')
})

it('fault 24: a kept output holds no secret, also where it is printed beyond the first MiB', async () => {
  b = await runBench({ steps: steps(`${lines(12_000)}; echo the token is tok-5f3a9c77 indeed`) })
  b.incident.secrets.register('TOKEN', 'stdin', 'tok-5f3a9c77')
  await b.run(b.unit('s0'))
  const text = await artifactOf(b.of('step.applied')[0])
  expect(text).toContain('the token is ‹secret:TOKEN› indeed')
  expect(text).not.toContain('5f3a9c77')
})

it('an output that can not be kept costs neither the step nor its result', async () => {
  b = await runBench({ steps: steps(lines(100)) })
  writeFileSync(join(b.incident.dir, 'artifacts'), '')
  expect((await b.run(b.unit('s0'))).code).toBe(0)
  const [applied] = b.of('step.applied')
  expect(applied).toMatchObject({ endedBy: 'exit', exitCode: 0, unkept: expect.stringMatching(/^E[A-Z]+: /) })
  expect(applied).not.toHaveProperty('artifact')
  expect(b.state('s0')?.state).toBe('ok')
  expect(evidenceOf(b.incident.read())[0]?.unkept).toMatch(/^E[A-Z]+: /)
})

it('the diff of a planned change and the files that it rests on are kept, once', async () => {
  const at = { old: 'listen 80\n', new: 'listen 81\nauth_token hunter22\n' }
  b = await runBench({ steps: [{ id: 'sync', uses: 'file.sync', with: { source: '/tmp', path: '/tmp' } }] })
  const [source, path] = [b.at('source.conf'), b.at('app.conf')]
  writeFileSync(source, at.new)
  writeFileSync(path, at.old)
  const unit = b.unit('sync')
  const sync = { ...unit, step: { ...unit.step, with: { source, path } } }
  expect((await b.run(sync)).code).toBe(0)
  const added = b.of('artifact.added')
  expect(added.map(({ name, host, original }) => ({ name, host, original }))).toEqual([
    { name: `diff of ${path}`, host: 'here', original: undefined },
    { name: `file ${path}`, host: 'here', original: shaOf(at.old) },
    { name: `file ${source}`, host: 'here', original: shaOf(at.new) },
  ])
  const texts = await Promise.all(added.map(({ sha256 }) => readArtifact(b.incident.dir, sha256)))
  expect(texts[0]).toContain('-listen 80\n+listen 81\n')
  expect(texts[1]).toBe(at.old)
  expect(texts[2]).toMatch(/^listen 81\nauth_token ‹[^›]+›\n$/)
  expect(texts.join('')).not.toContain('hunter22')
  // They stand in the journal before the plan that rests on them, and once more only where they are others.
  const types = b.events().map(({ type }) => type)
  expect(types.indexOf('step.planned')).toBeGreaterThan(types.lastIndexOf('artifact.added'))
  writeFileSync(path, at.old)
  await b.run(sync)
  expect(b.of('artifact.added')).toHaveLength(3)
  await b.run(sync)
  expect(b.of('step.planned').at(-1)?.outcome).toBe('in_sync')
  expect(b.of('artifact.added')).toHaveLength(3)
})

it('a .env file that a step will change is kept with its secret values as their marks', async () => {
  b = await runBench({
    steps: [{ id: 'env', uses: 'env.set', with: { file: '/tmp/x', set: { PORT: '1' } } }],
  })
  const file = b.at('.env')
  const before = 'PORT=3001\nDB_PASSWORD=swordfish-17\n'
  writeFileSync(file, before)
  const unit = b.unit('env')
  await b.run({ ...unit, step: { ...unit.step, with: { ...unit.step.with, file } } })
  const kept = b.of('artifact.added').find(({ name }) => name === `file ${file}`)
  expect(kept?.original).toBe(shaOf(before))
  const text = await readArtifact(b.incident.dir, kept?.sha256 ?? '')
  expect(text).toMatch(/^PORT=3001\nDB_PASSWORD=‹secret:[^›]+›\n$/)
})

it('what can not be kept of a plan is told with the plan, which goes on', async () => {
  const plan = shellPlan({ run: 'true' })
  plan.changes[0]!.do.diff = { path: '/etc/x', from: 'absent', to: 'absent', unified: '+x\n' }
  b = await runBench()
  writeFileSync(join(b.incident.dir, 'artifacts'), '')
  expect((await b.run(ownUnit({ plan: () => plan }))).code).toBe(0)
  expect(b.of('step.planned')[0]?.unkept).toMatch(/^diff of \/etc\/x: E[A-Z]+: /)
  rmSync(join(b.incident.dir, 'artifacts'))
  await b.run(ownUnit({ plan: () => plan }))
  expect(b.of('step.planned')[1]).not.toHaveProperty('unkept')
  expect(b.of('artifact.added')).toHaveLength(1)
})

it('fault 29: what a job printed while its console was gone is kept whole when it is looked after', async () => {
  b = await runBench({ steps: steps('true') })
  const unit = b.unit('s0')
  const lost = { ...b.context, carry: async () => Promise.reject(new Error('killed')) }
  const session = await b.context.session('here')
  const change = { say: 'print', run: { argv: ['sh', '-c', lines(15_000)] } }
  await expect(applyChanges(lost, { step: 's0', host: 'here' }, [{ do: change, undo: [] }])).rejects.toThrow(
    'killed',
  )
  const id = b.events().find(({ type }) => type === 'step.started')?.id ?? ''
  await (await session.job(id, change.run)).done
  const open = danglingOf(b.incident.read())
  expect(open).toHaveLength(1)
  const settled = await settleEarlier(b.context, b.incident, {
    dangling: open,
    hosts: ['here'],
    all: [unit],
    next: [],
  })
  expect(settled.codes).toEqual([])
  const text = await artifactOf(b.of('step.applied')[0])
  expect(text.split('\n')).toHaveLength(15_001)
  expect(left()).toEqual([])
})

it('an ad hoc command’s output is kept in the same way', async () => {
  b = await runBench({ answers: [enter] })
  await using fleet = await createFleet({ hosts: [testHost({})], secrets: b.incident.secrets })
  const commands = createCommands({ incident: b.incident, tell: () => undefined, show: () => undefined })
  await commands.run(fleet, ['here'], `${lines(12_000)}; echo oops >&2`)
  await until('its event', () => b.of('command.ran').length === 1)
  const [ran] = b.of('command.ran')
  expect(ran?.artifact?.bytes).toBeGreaterThan(1_200_000)
  expect(await artifactOf(ran)).toContain('‹stderr› oops\n')
})

it('an event names where the stored text ends before the output does', async () => {
  b = await runBench({
    steps: steps("yes 'a line that is printed again and again, for ever' | head -c 70000000"),
  })
  expect((await b.run(b.unit('s0'))).code).toBe(0)
  const [applied] = b.of('step.applied')
  expect(applied?.artifact).toMatchObject({ bytes: expect.any(Number), cut: true })
  expect(applied?.artifact?.bytes).toBeLessThanOrEqual(64 * 1024 * 1024)
  expect(evidenceOf(b.incident.read())[0]?.artifact).toEqual(applied?.artifact)
  expect((await artifactOf(applied)).slice(-60)).toMatch(/\n‹cut: \d+ more bytes›\n$/)
})
