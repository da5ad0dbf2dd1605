import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { action } from '../../src/actions/pm2.restart.ts'
import type { Change, Plan } from '../../src/model/action.ts'
import type { RunResult } from '../../src/model/command.ts'
import type { Pm2Facts } from '../../src/model/pm2/facts.ts'
import { around } from '../helpers/act.ts'
import { carry as carryOne } from '../helpers/carry.ts'
import { freePort, pm2Bin, realPm2 } from '../helpers/realPm2.ts'

const server = `
const { createServer } = require('node:http')
const fs = require('node:fs')
const key = fs.existsSync('.env') ? 'rsa' : 'none'
createServer((q, s) => s.end(JSON.stringify({ key, cwd: process.cwd(), env: process.env, argv: process.argv.slice(2) })))
  .listen(Number(process.env.PORT), '127.0.0.1')
`

const drawn = { stamp: '20261120T030405Z', id: 'restart' }
let host: Awaited<ReturnType<typeof realPm2>>
let port: number
let app: string

beforeEach(async () => {
  host = await realPm2({ token: 'tok-"quoted" \\ $HOME value', other: 'another-token' })
  port = await freePort()
  app = join(host.home, 'core dir')
  await mkdir(join(app, 'src'), { recursive: true })
  await mkdir(join(host.home, 'wrong'))
  await writeFile(join(app, 'src/server.js'), server)
  await writeFile(join(app, '.env'), 'A=1\n')
})
afterEach(() => host.close())

const params = (more: Record<string, unknown> = {}) =>
  action.params.parse({
    name: 'core-backend',
    script: `${app}/src/server.js`,
    cwd: app,
    env: { NODE_ENV: 'production', PORT: String(port), API_TOKEN: { secret: 'token' } },
    pm2: pm2Bin,
    ...more,
  })

const inspect = (p: ReturnType<typeof params>): Promise<Pm2Facts> =>
  action.inspect(host.reader, p, around(host.reader, { secrets: host.secrets }))

async function carry(change: Change): Promise<RunResult> {
  const { result, stderr } = await carryOne(host.reader, change)
  expect({ say: change.say, exit: result.exitCode, stderr }).toEqual({ say: change.say, exit: 0, stderr: '' })
  return result
}

async function apply(plan: Plan): Promise<RunResult[]> {
  const results: RunResult[] = []
  for (const { do: change } of plan.changes) results.push(await carry(change))
  return results
}

const undoOf = (plan: Plan, index: number): Change[] => {
  const undo = plan.changes[index]!.undo
  if (!Array.isArray(undo)) throw new Error(undo.impossible)
  return undo
}

async function eventually<T>(look: () => Promise<T>, good: (seen: T) => boolean): Promise<T> {
  for (const end = Date.now() + 15_000; ; ) {
    const seen = await look().catch((error: unknown) => error as T)
    if (good(seen)) return seen
    if (Date.now() > end) throw new Error(`never came: ${JSON.stringify(seen)}`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

const answer = () =>
  fetch(`http://127.0.0.1:${port}/`).then(
    (r) => r.json() as Promise<Record<string, never> & { env: Record<string, string> }>,
  )

async function startWrong(more: Record<string, unknown> = {}) {
  const file = join(host.home, 'wrong.json')
  const env = { PORT: String(port), LEFTOVER: 'x', API_TOKEN: 'another-token' }
  await writeFile(
    file,
    JSON.stringify([{ name: 'core-backend', script: 'src/server.js', cwd: app, env, ...more }]),
  )
  const { exitCode, stderr } = await host.pm2('start', file)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) })
  // PM2 keeps the cwd of the start; give it the wrong one as a start from another folder does.
  await eventually(answer, (seen) => 'env' in seen)
}

const files = async () => {
  const names = await readdir(host.home, { recursive: true })
  const rows = await Promise.all(
    names.map(async (name) => [name, (await stat(join(host.home, name))).mtimeMs] as const),
  )
  return new Map(rows.filter(([name]) => !/pm2\.log$/.test(name)))
}

describe('pm2.restart on a real PM2', () => {
  it('starts what is not there, without having started a daemon to look', async () => {
    const p = params()
    const before = await files()
    const facts = await inspect(p)
    expect(facts).toMatchObject({
      daemon: 0,
      found: true,
      processes: [],
      scriptExists: true,
      cwdExists: true,
    })
    expect(await files()).toEqual(before)
    const plan = action.plan(p, facts, drawn)
    expect(plan).toMatchObject({
      outcome: 'would_change',
      because: expect.stringContaining('it would be started'),
    })
    const applied = await apply(plan)
    const verdict = await eventually(
      () => action.verify(host.reader, p, { before: facts, applied, around: around(host.reader), drawn }),
      (v) => v.verdict === 'ok',
    )
    expect(verdict.reason).toMatch(/^online \(pid \d+\), port \d+ is its own/)
    const seen = await answer()
    expect(seen).toMatchObject({ key: 'rsa', cwd: app })
    expect(seen.env.API_TOKEN).toBe('tok-"quoted" \\ $HOME value')
    expect(Object.keys(seen.env).filter((name) => /^(SITREP|SSH|LS_COLORS)/.test(name))).toEqual([])
    const again = action.plan(p, await inspect(p), drawn)
    expect(again).toMatchObject({
      outcome: 'in_sync',
      because: expect.stringMatching(/^online since 20.*cwd and environment as wanted$/),
      changes: [],
    })
    expect((await stat(join(host.home, '.pm2/dump.pm2'))).mode & 0o777).toBe(0o600)
    for (const undo of undoOf(plan, 0)) await carry(undo)
    expect(await host.list()).toEqual([])
  })

  it('names drift, replaces the definition, and its undo starts the former one again', async () => {
    await startWrong({ args: ['a b'], max_memory_restart: '300M', node_args: ['--no-warnings'] })
    const wanted = join(host.home, 'moved dir')
    await mkdir(join(wanted, 'src'), { recursive: true })
    await writeFile(join(wanted, 'src/server.js'), server)
    const p = params({ cwd: wanted, script: 'src/server.js' })
    const before = await files()
    const facts = await inspect(p)
    expect(await files()).toEqual(before)
    expect(JSON.stringify(facts)).not.toContain('another-token')
    const plan = action.plan(p, facts, drawn)
    expect(plan.outcome).toBe('would_change')
    expect(plan.because).toBe(
      `cwd ${app} → ${wanted}; script ${app}/src/server.js → ${wanted}/src/server.js; missing NODE_ENV; API_TOKEN (secret) differs; would drop LEFTOVER`,
    )
    expect(JSON.stringify(plan)).not.toMatch(/another-token|tok-/)
    expect(action.plan(p, await inspect(p), drawn)).toEqual(plan)
    const former = `${host.home}/.local/state/sitrep/pm2/core-backend-20261120T030405Z-restart.json`
    expect(plan.changes[0]!.undo).toEqual([
      { say: `remove ${former}`, remove: { path: former, expect: facts.former } },
    ])
    const applied = await apply(plan)
    expect((await stat(former)).mode & 0o777).toBe(0o600)
    expect((await stat(join(former, '..'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(former, '..'))).toEqual(['core-backend-20261120T030405Z-restart.json'])
    await eventually(
      () => action.verify(host.reader, p, { before: facts, applied, around: around(host.reader), drawn }),
      (v) => v.verdict === 'ok',
    )
    // What it read at its start has changed since: it runs with the old values.
    await writeFile(join(wanted, '.env'), 'CORE_APP_ID=x\n')
    expect(action.plan(p, await inspect(p), drawn)).toMatchObject({
      outcome: 'would_change',
      because: `${wanted}/.env changed after it was started`,
    })
    expect(action.plan(p, await inspect({ ...p, reads: [] }), drawn).outcome).toBe('in_sync')
    const seen = await answer()
    expect(seen).toMatchObject({ cwd: wanted, argv: [] })
    expect(seen.env).not.toHaveProperty('LEFTOVER')
    expect((await host.list())[0]!.pm2_env.max_memory_restart).toBe(300 * 1024 * 1024)
    for (const undo of undoOf(plan, 1)) await carry(undo)
    const back = await eventually(answer, (one) => 'env' in one && one.cwd === app)
    expect(back).toMatchObject({ argv: ['a b'], env: { LEFTOVER: 'x', API_TOKEN: 'another-token' } })
    expect((await inspect(p)).former).toBe(facts.former)
  })

  it('refuses to save or restore what is not what it was planned on', async () => {
    await startWrong()
    const p = params()
    const plan = action.plan(p, await inspect(p), drawn)
    const save = plan.changes[0]!.do
    await host.pm2('delete', 'core-backend')
    await startWrong({ env: { PORT: String(port), NEW: '1' } })
    const refused = await host.reader.run('run' in save ? save.run : { argv: ['false'] })
    expect(refused.exitCode).toBe(1)
    expect(new TextDecoder().decode(refused.stderr.bytes)).toContain('changed since it was inspected')
    const fresh = action.plan(p, await inspect(p), drawn)
    await carry(fresh.changes[0]!.do)
    const path = `${host.home}/.local/state/sitrep/pm2/core-backend-20261120T030405Z-restart.json`
    await chmod(path, 0o600)
    await writeFile(path, '[]\n')
    const undo = undoOf(fresh, 1)[0]!
    const result = await host.reader.run('run' in undo ? undo.run : { argv: ['false'] })
    expect(new TextDecoder().decode(result.stderr.bytes)).toContain('is not what was saved')
    expect((await host.list()).map(({ name }) => name)).toEqual(['core-backend'])
  })

  it('sees a crash loop, with the end of the error log', async () => {
    await writeFile(join(app, 'src/server.js'), `console.error('Error: no database'); process.exit(3)`)
    const p = params()
    const facts = await inspect(p)
    const applied = await apply(action.plan(p, facts, drawn))
    const look = () =>
      action.verify(host.reader, p, { before: facts, applied, around: around(host.reader), drawn })
    const verdict = await eventually(
      look,
      (v) => v.verdict === 'failed' && /keeps restarting/.test(v.reason) && v.evidence !== undefined,
    )
    expect(verdict.reason).toMatch(
      /core-backend keeps restarting: \d+ times? since it was started; its error log ends: .*Error: no database/,
    )
  })

  it('starts what was stopped, and its undo leaves it stopped again', async () => {
    await startWrong()
    await host.pm2('stop', 'core-backend')
    const p = params({ env: { PORT: String(port) } })
    const facts = await inspect(p)
    const plan = action.plan(p, facts, drawn)
    expect(plan.because).toBe(`is stopped; port ${port} does not listen; would drop API_TOKEN, LEFTOVER`)
    await apply(plan)
    await eventually(answer, (seen) => 'env' in seen)
    for (const undo of undoOf(plan, 1)) await carry(undo)
    expect((await inspect(p)).processes).toMatchObject([{ pid: 0, status: 'stopped', since: '' }])
    expect((await inspect(p)).former).toBe(facts.former)
  })

  it('keeps the named variables, and every process of a cluster', async () => {
    await startWrong({ instances: 2, exec_mode: 'cluster' })
    const p = params({ keep_env: ['LEFTOVER'] })
    const facts = await inspect(p)
    expect(facts.processes).toHaveLength(2)
    expect(facts.port).toMatchObject({ listening: true, mine: true })
    const plan = action.plan(p, facts, drawn)
    expect(plan.because).toBe('missing NODE_ENV; API_TOKEN (secret) differs')
    expect(plan.evidence).toEqual(['2 processes have this name; all are started again'])
    const applied = await apply(plan)
    await eventually(
      () => action.verify(host.reader, p, { before: facts, applied, around: around(host.reader), drawn }),
      (v) => v.verdict === 'ok',
    )
    expect((await host.list()).map(({ pm2_env }) => pm2_env.exec_mode)).toEqual([
      'cluster_mode',
      'cluster_mode',
    ])
    expect((await answer()).env).toMatchObject({ LEFTOVER: 'x', NODE_ENV: 'production' })
  })

  it('fault 20: no secret is in the argument list of any command', async () => {
    const p = params()
    const plan = action.plan(p, await inspect(p), drawn)
    const seen: string[] = []
    const watch = setInterval(() => {
      seen.push(...procs().map(cmdline))
    }, 5)
    try {
      await apply(plan)
    } finally {
      clearInterval(watch)
    }
    expect(seen.some((line) => line.includes('sitrep-pm2') || line.includes('pm2'))).toBe(true)
    expect(seen.filter((line) => line.includes('tok-"quoted"'))).toEqual([])
    expect((await readFile(join(host.home, '.pm2/pm2.log'), 'utf8')).includes('tok-"quoted"')).toBe(false)
  })
})

const cmdline = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
const procs = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name))
