import { homedir, userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { action as fileSync } from '../../src/actions/file.sync.ts'
import { actions } from '../../src/actions/index.ts'
import { action as pm2Restart } from '../../src/actions/pm2.restart.ts'
import { check as httpCheck } from '../../src/checks/http.ts'
import { checkKinds } from '../../src/checks/index.ts'
import { type Demo, startDemo } from '../../src/demo/index.ts'
import { livesOn } from '../../src/demo/processes.ts'
import { connect } from '../../src/hosts/connect.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { loadInventory } from '../../src/inventory/load.ts'
import { logSourceKinds } from '../../src/logs/sources/index.ts'
import type { Around } from '../../src/model/action.ts'
import type { RunResult, Session } from '../../src/model/command.ts'
import { lintRunbook } from '../../src/runbook/lint.ts'
import { loadRunbook } from '../../src/runbook/load.ts'
import { act } from '../helpers/act.ts'
import { until } from './client.ts'

const secrets = createSecretStore()
const text = (result: RunResult) => Buffer.from(result.stdout.bytes).toString()
const kinds = { actions, checks: checkKinds, logSources: logSourceKinds }

it('ships a runbook that is valid and without a warning', async () => {
  const demo = await startDemo()
  await demo.stop()
  const { runbook, findings } = await loadRunbook(demo.runbookFile, kinds)
  expect(findings).toEqual([])
  expect(runbook && lintRunbook(runbook, kinds)).toEqual([])
  const names = runbook?.params.map(({ name }) => name) ?? []
  expect(names).toEqual(expect.arrayContaining(Object.keys(demo.params)))
})

// The ordinary way to a host, on this system's own tools and on the stand-ins.
describe.each([false, true])('sessions to the practice hosts, stand-ins: %s', (forceShims) => {
  let demo: Demo
  let core: Session
  let edge: Session
  const param = (name: string) => demo.params[name] ?? ''
  const around = (host: Session): Around => ({
    host: host.host,
    local: host,
    dir: '/',
    secrets,
    text: (bytes) => Buffer.from(bytes).toString(),
    learned: () => {},
  })

  beforeAll(async () => {
    demo = await startDemo({ forceShims })
    const { inventory, findings } = await loadInventory(demo.inventoryFile, {
      user: userInfo().username,
      home: homedir(),
    })
    expect(findings).toEqual([])
    const [first, second] = inventory?.hosts ?? []
    ;[core, edge] = await Promise.all([connect(first!, { secrets }), connect(second!, { secrets })])
  })

  afterAll(async () => {
    await core?.[Symbol.asyncDispose]()
    await edge?.[Symbol.asyncDispose]()
    await demo?.stop()
  })

  it('run, read and give secrets on stdin', async () => {
    secrets.register('practice', 'prompt', 'a practice secret')
    const ran = await core.run({
      argv: ['sh', '-c', 'printf %s "$WORD"; cat; exit 5'],
      secrets: { WORD: { secret: 'practice' } },
      stdin: ' in',
    })
    expect([ran.endedBy, ran.exitCode, text(ran)]).toEqual(['exit', 5, 'a practice secret in'])
    const bytes = await core.read(`${param('core_dir')}/.env`)
    expect(Buffer.from(bytes).toString()).toContain('JWT_PRIVATE_KEY_FILE=keys/jwt.pem')
  })

  it('start a job once, follow it, and cancel one with its whole group', async () => {
    const command = {
      argv: ['sh', '-c', 'echo x >>once; for i in 1 2 3; do echo $i; sleep 0.1; done; exit 4'],
    }
    const [first, second] = await Promise.all([core.job('demo-job', command), core.job('demo-job', command)])
    const results = await Promise.all([first.done, second.done])
    expect(results.map((result) => [result.exitCode, text(result)])).toEqual([
      [4, '1\n2\n3\n'],
      [4, '1\n2\n3\n'],
    ])
    expect(text(await core.run({ argv: ['cat', 'once'] }))).toBe('x\n')
    await first.remove()
    expect(await core.jobState('demo-job')).toEqual({ is: 'not_started' })
    const long = await core.job('demo-long', { argv: ['sh', '-c', 'sleep 600 & echo $! >pid; wait'] })
    let pid = 0
    await until('the job runs', async () => {
      pid = Number(text(await core.run({ argv: ['cat', 'pid'] })))
      return pid > 0
    })
    expect(await long.cancel()).toMatchObject({ gone: true })
    expect(await livesOn(pid)).toBe(false)
    expect((await long.done).endedBy).toBe('cancel')
    await long.remove()
  })

  it('follow the logs of the runbook', async () => {
    const seen: string[] = []
    const sources = [
      { host: core, kind: 'pm2', name: 'core-backend' },
      { host: edge, kind: 'file', name: param('edge_log') },
    ]
    const following = await Promise.all(
      sources.map(async ({ host, kind, name }) => {
        const source = logSourceKinds.find((candidate) => candidate.kind === kind)!
        const chunk = (_stream: string, bytes: Uint8Array) => void seen.push(Buffer.from(bytes).toString())
        return host.follow(await source.command(name, host), { chunk, end: () => {} })
      }),
    )
    await until('the symptom is shown', () =>
      seen.join('').includes('secretOrPrivateKey must be an asymmetric key'),
    )
    await fetch(`http://127.0.0.1:${param('edge_port')}/`)
    await until('a new line comes', () => seen.join('').includes('404'))
    await Promise.all(following.map((one) => one.stop()))
  })

  it('see what the checks of the runbook see', async () => {
    const ask = (path: string, more: object) =>
      httpCheck.observe(
        { ...around(core), reader: core, secrets },
        httpCheck.params.parse({ url: `http://127.0.0.1:${param('core_port')}${path}`, ...more }),
      )
    expect(await ask('/health', { expect: { status: 200 } })).toMatchObject({
      verdict: 'ok',
      observed: '200',
    })
    const login = { method: 'POST', json: { username: 'a', password: 'b' }, expect: { status: 200 } }
    expect(await ask('/auth/login', login)).toMatchObject({ verdict: 'failed', observed: '500' })
  })

  it('mend the proxy by file.sync, and are refused by its validation', async () => {
    const sync = (source: unknown) =>
      act(
        fileSync,
        edge,
        { source, path: param('edge_config'), validate: 'edge-validate {candidate}', reload: 'edge-reload' },
        { around: around(edge) },
      )
    const bad = await sync({ text: 'ops.example.net {\n' })
    expect(bad.carried.at(-1)?.result.exitCode).toBe(64)
    const good = await sync(param('edge_source'))
    expect(good.plan.changes[0]?.do.diff?.unified).toContain('+ops.example.net {')
    expect(good.carried.map(({ result }) => result.exitCode)).toEqual([0, 0])
    expect((await sync(param('edge_source'))).plan.outcome).toBe('in_sync')
    await until('the site is routed', async () => {
      const { stdout } = await edge.run({
        argv: [
          'curl',
          '-s',
          '-o',
          '/dev/null',
          '-w',
          '%{http_code}',
          '-H',
          'Host: ops.example.net',
          `http://127.0.0.1:${param('edge_port')}/`,
        ],
      })
      return Buffer.from(stdout.bytes).toString() === '308'
    })
  })

  it('mend Core by pm2.restart', async () => {
    const params = {
      name: param('app'),
      script: `${param('core_dir')}/src/server.js`,
      cwd: param('core_dir'),
      env: { NODE_ENV: 'production', PORT: param('core_port'), BIND_ADDR: '127.0.0.1' },
      port: Number(param('core_port')),
    }
    const first = await act(pm2Restart, core, params, { around: around(core) })
    expect(first.plan.because).toMatch(/cwd .*core-1 → .*core\/backend.*missing .*NODE_ENV/)
    expect(first.carried.map(({ result }) => result.exitCode)).toEqual(first.plan.changes.map(() => 0))
    const p = pm2Restart.params.parse(params)
    await until('it is as wanted, and listens', async () => {
      const facts = await pm2Restart.inspect(core, p, around(core))
      return pm2Restart.plan(p, facts, { stamp: '20261120T030405Z', id: 'x' }).outcome === 'in_sync'
    })
    const login = await fetch(`http://127.0.0.1:${param('core_port')}/auth/login`, {
      method: 'POST',
      body: '{"username":"a","password":"b"}',
    })
    expect(login.status).toBe(200)
  })
})
