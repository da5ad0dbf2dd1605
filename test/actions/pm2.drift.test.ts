import { describe, expect, it } from 'vitest'
import { driftOf } from '../../src/actions/pm2/drift.ts'
import { pm2Params, portOf } from '../../src/actions/pm2/params.ts'
import { planPm2 } from '../../src/actions/pm2/plan.ts'
import { restartsAtStart, verifyPm2 } from '../../src/actions/pm2/verify.ts'
import type { RunResult } from '../../src/model/command.ts'
import { type Pm2Facts, type Pm2Process, parseLook } from '../../src/model/pm2/facts.ts'
import { decoded } from '../helpers/act.ts'

const p = pm2Params.parse({
  name: 'core-backend',
  script: 'src/server.js',
  cwd: '/opt/core/backend/',
  env: { PORT: 3002, API_TOKEN: { secret: 'token' } },
  args: ['--a'],
  interpreter: 'node',
})

const one: Pm2Process = {
  pm_id: 3,
  pid: 40,
  status: 'online',
  restarts: 2,
  upMs: 60_000,
  since: '2026-11-20T02:00:00.000Z',
  cwd: '/opt/core/backend',
  script: '/opt/core/backend/src/server.js',
  args: ['--a'],
  interpreter: '/usr/bin/node',
  mode: 'fork_mode',
  names: ['PORT', 'API_TOKEN'],
  same: { PORT: 'same', API_TOKEN: 'same' },
  values: { PORT: '3002' },
  out: '/x/out.log',
  err: '/x/err.log',
}

const facts = (process: Partial<Pm2Process> = {}, more: Partial<Pm2Facts> = {}): Pm2Facts => ({
  user: 'deploy',
  env: { HOME: '/home/deploy', PM2_HOME: '/home/deploy/.pm2', PATH: '/usr/bin:/bin' },
  pm2Home: '/home/deploy/.pm2',
  stateDir: '/home/deploy/.local/state/sitrep/pm2',
  found: true,
  daemon: 1,
  processes: [{ ...one, ...process }],
  others: [],
  former: 'f'.repeat(64),
  script: '/opt/core/backend/src/server.js',
  scriptExists: true,
  cwdExists: true,
  port: { number: 3002, listening: true, mine: true },
  ...more,
})

const output = (text: string) => ({ bytes: new TextEncoder().encode(text), total: text.length, cut: false })
const result = (stdout: string, more: Partial<RunResult> = {}): RunResult => ({
  endedBy: 'exit',
  exitCode: 0,
  stdout: output(stdout),
  stderr: output(''),
  ms: 1,
  ...more,
})

describe('drift', () => {
  it.each<[Partial<Pm2Process>, Partial<Pm2Facts>, string[]]>([
    [{}, {}, []],
    [{ cwd: '/root' }, {}, ['cwd /root → /opt/core/backend']],
    [{ script: '/root/server.js' }, {}, ['script /root/server.js → /opt/core/backend/src/server.js']],
    [{ interpreter: '/usr/bin/bun' }, {}, ['interpreter bun → node']],
    [{ args: [] }, {}, ['arguments differ']],
    [
      { same: { PORT: 'other', API_TOKEN: 'other' }, values: { PORT: '3000' } },
      {},
      ['PORT 3000 → 3002', 'API_TOKEN (secret) differs'],
    ],
    [
      { same: { PORT: 'other', API_TOKEN: 'same' }, values: { PORT: 'postgres://a:b@c/d' } },
      {},
      ['PORT (secret) differs'],
    ],
    [{ same: { PORT: 'absent', API_TOKEN: 'absent' } }, {}, ['missing PORT, API_TOKEN']],
    [{ status: 'errored' }, {}, ['is errored']],
    [{ status: 'waiting restart' }, {}, ['is not online']],
    [{ runsIn: '/opt/core/old (deleted)' }, {}, ['runs in /opt/core/old, which was removed']],
    [{}, { port: { number: 3002, listening: false, mine: false } }, ['port 3002 does not listen']],
  ])('%j %j', (process, more, reasons) => {
    expect(driftOf(p, facts(process, more)).reasons).toEqual(reasons)
  })

  it('ends at the first thing that a plan must not hang on: a pid, an uptime, a count of restarts', () => {
    const drawn = { stamp: 's', id: 'i' }
    const plan = planPm2(p, facts({ cwd: '/root' }), drawn)
    expect(
      planPm2(
        p,
        facts({ cwd: '/root', pid: 99, restarts: 77, upMs: 3, since: '2026-11-20T03:00:00.000Z' }),
        drawn,
      ),
    ).toEqual(plan)
  })

  it('tells where a process really runs, and other daemons', () => {
    const seen = planPm2(
      p,
      facts(
        { cwd: '/root', runsIn: '/opt/core/releases/1' },
        { others: [{ user: 'root', pid: 2, home: '/root/.pm2', holds: 'no' }] },
      ),
      { stamp: 's', id: 'i' },
    )
    expect(seen.evidence).toEqual([
      'process 3 of core-backend really runs in /opt/core/releases/1',
      'a PM2 of root runs on this host too',
    ])
  })

  it('knows the port', () => {
    expect([
      portOf(p),
      portOf({ ...p, port: 4100 }),
      portOf({ ...p, env: {} }),
      portOf({ ...p, env: { PORT: '/run/x.sock' } }),
    ]).toEqual([3002, 4100, undefined, undefined])
  })
})

describe('verification', () => {
  const applied = [
    result('noise\n{"did":"started","processes":[{"pm_id":3,"pid":40,"restarts":2,"status":"online"}]}\n'),
    result('saved\n'),
  ]

  it.each<[Partial<Pm2Process>, Partial<Pm2Facts>, string, string]>([
    [{}, {}, 'ok', 'online (pid 40), port 3002 is its own, cwd, script and environment as wanted'],
    [{ restarts: 3, upMs: 500 }, {}, 'failed', 'core-backend keeps restarting: 1 time since it was started'],
    [
      { restarts: 5, upMs: 500, errors: ['a', 'Error: boom'] },
      {},
      'failed',
      'core-backend keeps restarting: 3 times since it was started; its error log ends: Error: boom',
    ],
    [
      { restarts: 3, upMs: 20_000 },
      {},
      'ok',
      'online (pid 40), port 3002 is its own, cwd, script and environment as wanted',
    ],
    [{ cwd: '/root' }, {}, 'failed', 'core-backend: cwd /root → /opt/core/backend'],
    [
      {},
      { port: { number: 3002, listening: true, mine: false, owner: 'nginx (pid 7, root)' } },
      'failed',
      'port 3002 listens, but belongs to nginx (pid 7, root)',
    ],
    [{}, { processes: [] }, 'failed', 'PM2 has no core-backend'],
  ])('%j %j: %s', (process, more, verdict, reason) => {
    expect(verifyPm2(p, facts(process, more), applied, decoded)).toMatchObject({ verdict, reason })
  })

  it('fault 24: its error log goes through the pipe in one piece', () => {
    const text = (bytes: Uint8Array) => decoded(bytes).replaceAll('one\ntwo', '‹secret:x›')
    const now = facts({ errors: ['a', 'one', 'two'], status: 'stopped' })
    expect(verifyPm2(p, now, applied, text)).toMatchObject({
      verdict: 'failed',
      reason: expect.stringMatching(/its error log ends: ‹secret:x›$/),
      evidence: ['a', '‹secret:x›'],
    })
  })

  it('without a start of ours there is nothing to count from', () => {
    expect(restartsAtStart([result('pm2 said nothing of it\n')])).toEqual(new Map())
  })
})

describe('what the look printed', () => {
  it('is the last line', () => {
    expect(parseLook(result('a notice\n{"user":"deploy"}\n'))).toEqual({ user: 'deploy' })
  })

  it.each<[Partial<RunResult>, string, RegExp]>([
    [{}, 'no JSON', /printed no facts: no JSON/],
    [{ exitCode: 127 }, '', /node was not found/],
    [
      { exitCode: 1, stderr: output('pm2 jlist printed no list (exit 1): EACCES\n') },
      '',
      /can't look at PM2: pm2 jlist printed no list/,
    ],
    [{ endedBy: 'lost', problem: 'the link was lost' }, '', /the link was lost/],
    [{ endedBy: 'timeout' }, '', /ended by timeout/],
  ])('%j', (more, stdout, message) => {
    expect(() => parseLook(result(stdout, more))).toThrow(message)
  })
})
