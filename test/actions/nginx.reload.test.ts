import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { execa, execaSync } from 'execa'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { action } from '../../src/actions/nginx.reload.ts'
import { sortLogLines } from '../../src/actions/shared/nginxState.ts'
import { act, around } from '../helpers/act.ts'
import { freePort, listen } from '../helpers/caddy.ts'
import { tempDir, testSession } from '../helpers/reader.ts'

const root = process.getuid?.() === 0
const nginx = execaSync('nginx', ['-v'], { reject: false }).exitCode === 0
if (!nginx) console.error('nginx is not installed: the tests that need it do not run')
const session = testSession()

async function setup() {
  const dir = await tempDir()
  const port = await freePort()
  const config = dir.at('nginx.conf')
  for (const folder of ['available', 'enabled', 'logs']) await mkdir(dir.at(folder))
  await writeFile(
    config,
    `pid ${dir.at('nginx.pid')};\nerror_log logs/error.log;\nworker_processes 2;\nevents { }\nhttp {\n` +
      `  access_log off;\n  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir.at(name)};`).join(' ')}\n` +
      '  # include not/this/*;\n  include enabled/*;\n}\n',
  )
  const site = (text: string, more = '') =>
    `server { listen 127.0.0.1:${port}; location / { return 200 "${text}"; } ${more} }\n`
  await writeFile(dir.at('available', 'site'), site('one'))
  await symlink('../available/site', dir.at('enabled', 'site'))
  await execa('nginx', ['-p', dir.path, '-c', config])
  const pid = Number(await readFile(dir.at('nginx.pid'), 'utf8'))
  const get = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
  await expect.poll(() => get().catch(() => ''), { timeout: 5000 }).toBe('one')
  return {
    dir,
    config,
    pid,
    get,
    site,
    params: { config, prefix: dir.path, unit: 'sitrep-no-such-unit' },
    [Symbol.asyncDispose]: async () => {
      process.kill(pid, 'SIGTERM')
      await expect.poll(() => readdir(dir.path), { timeout: 5000 }).not.toContain('nginx.pid')
      await dir[Symbol.asyncDispose]()
    },
  }
}

/** Files changed before now are older than what starts from now on, by more than the tolerance of the clocks. */
async function tick() {
  const begun = Date.now()
  await expect.poll(() => Date.now() - begun, { interval: 10 }).toBeGreaterThan(60)
}

describe.runIf(nginx && root)('nginx.reload with a real nginx', () => {
  it('reloads where a file is newer, proves new workers under the same master, then has nothing to do', async () => {
    await using one = await setup()
    await tick()
    await writeFile(one.dir.at('available', 'site'), one.site('two'))
    const first = await act(action, session, one.params)
    expect(first.plan.outcome).toBe('would_change')
    expect(first.plan.because).toContain(one.dir.at('enabled', 'site'))
    expect(first.plan.changes.map(({ do: { say } }) => say)).toEqual([
      'test the configuration',
      'reload nginx by its own command',
    ])
    expect(first.plan.changes[1]!.undo).toHaveProperty('impossible')
    await expect
      .poll(() =>
        action.verify(session, action.params.parse(one.params), {
          before: first.facts,
          around: around(session),
        } as never),
      )
      .toMatchObject({
        verdict: 'ok',
        reason: `2 new workers under the same master ${one.pid}, no new error-log lines`,
      })
    expect(await one.get()).toBe('two')
    const second = await act(action, session, one.params)
    expect(second.plan).toMatchObject({ outcome: 'in_sync', changes: [] })
    expect(second.plan.because).toMatch(
      /^all 2 files of the configuration are older than the workers \(started .*Z\)$/,
    )
  })

  it('sees content that came with an old modification time, a link that was switched, a file that was removed', async () => {
    await using one = await setup()
    const outcome = async () => (await act(action, session, one.params)).plan
    const settled = async () => {
      await tick()
      await expect.poll(async () => (await outcome()).outcome, { timeout: 5000 }).toBe('in_sync')
    }
    await tick()
    await writeFile(one.dir.at('new'), one.site('two'))
    await utimes(one.dir.at('new'), 1, 1)
    await rename(one.dir.at('new'), one.dir.at('available', 'site'))
    expect((await outcome()).outcome).toBe('would_change')
    await settled()
    await writeFile(one.dir.at('available', 'other'), one.site('other'))
    await tick()
    expect((await outcome()).outcome).toBe('in_sync')
    await rm(one.dir.at('enabled', 'site'))
    await symlink('../available/other', one.dir.at('enabled', 'site'))
    expect((await outcome()).evidence!.join()).toContain(one.dir.at('enabled', 'site'))
    await settled()
    expect(await one.get()).toBe('other')
    await rm(one.dir.at('enabled', 'site'))
    expect((await outcome()).because).toContain(one.dir.at('enabled'))
  })

  it('a renewed certificate counts, though it is not part of the configuration', async () => {
    await using one = await setup()
    const pem = [
      '-keyout',
      one.dir.at('key.pem'),
      '-out',
      one.dir.at('cert.pem'),
      '-subj',
      '/CN=x',
      '-days',
      '2',
    ]
    const renew = () =>
      execa('openssl', [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        ...pem,
      ])
    await renew()
    const port = await freePort()
    await writeFile(
      one.dir.at('available', 'tls'),
      `server {\n listen 127.0.0.1:${port} ssl;\n ssl_certificate cert.pem;\n ssl_certificate_key "${one.dir.at('key.pem')}";\n}\n`,
    )
    await symlink('../available/tls', one.dir.at('enabled', 'tls'))
    await act(action, session, one.params)
    await tick()
    await expect.poll(async () => (await act(action, session, one.params)).plan.outcome).toBe('in_sync')
    await renew()
    const { plan } = await act(action, session, one.params)
    expect(plan.because).toContain(`${one.dir.at('cert.pem')}, ${one.dir.at('key.pem')}`)
  })

  it('fault 45: a refused configuration is named in the plan, and stops at the test', async () => {
    await using one = await setup()
    await tick()
    await writeFile(one.dir.at('available', 'site'), one.site('two', 'no_such_directive on;'))
    const { plan, carried } = await act(action, session, one.params)
    expect(plan.because).toMatch(
      /^nginx refuses the configuration, so the test will stop the reload: unknown directive "no_such_directive" in .*site:1$/,
    )
    expect(carried).toHaveLength(1)
    expect(carried[0]!.result.exitCode).toBe(1)
    expect(await one.get()).toBe('one')
  })

  it('a reload that nginx takes and then can’t carry out is a failure, with the line of the error log', async () => {
    await using one = await setup()
    const taken = createServer()
    const port = await listen(taken, 0)
    try {
      await tick()
      // `nginx -t` does not bind: only the master finds out, and `nginx -s reload` has returned 0 by then.
      await writeFile(
        one.dir.at('available', 'site'),
        `${one.site('two')}server { listen 0.0.0.0:${port}; }\n`,
      )
      const { facts, carried } = await act(action, session, one.params)
      expect(carried.map(({ result }) => result.exitCode)).toEqual([0, 0])
      const look = () =>
        action.verify(session, action.params.parse(one.params), {
          before: facts,
          around: around(session),
        } as never)
      await expect
        .poll(async () => (await look()).reason, { timeout: 5000 })
        .toContain('Address already in use')
      expect((await look()).verdict).toBe('failed')
      expect(await one.get()).toBe('one')
    } finally {
      taken.close()
    }
  })

  it('tells workers that are still the former ones, and a master that is another', async () => {
    await using one = await setup()
    const p = action.params.parse(one.params)
    const facts = await action.inspect(session, p, around(session))
    const verify = (before: typeof facts) =>
      action.verify(session, p, { before, around: around(session) } as never)
    expect((await verify(facts)).reason).toBe('2 of 2 workers are still the former ones')
    const running = facts.running!
    const other = { running: { ...running, state: { ...running.state, master: { pid: 1, started: 0 } } } }
    expect((await verify(other)).reason).toBe(`nginx was restarted: master ${one.pid} instead of 1`)
    const gone = { running: { ...running, looked: { ...running.looked, master: '/no/such' } } }
    expect((await verify(gone)).reason).toBe('nginx does not run any more')
    expect((await verify({})).verdict).toBe('failed')
  })

  it('can’t tell as a user who may not test, and says what to do', async () => {
    await using one = await setup()
    await execa('chmod', ['755', one.dir.path])
    const daemon = testSession()
    const run = daemon.run
    daemon.run = (command, o) => run({ ...command, as: 'daemon' }, o)
    const { plan } = await act(action, daemon, one.params)
    expect(plan.outcome).toBe('cannot_tell')
    expect(plan.because).toMatch(
      /^daemon may not test nginx: .*13: Permission denied\); say `as: root` on the step$/,
    )
  })

  it('can’t tell where the configuration’s own nginx does not run', async () => {
    await using one = await setup()
    await writeFile(
      one.config,
      (await readFile(one.config, 'utf8')).replace(/pid [^;]*/, `pid ${one.dir.at('other.pid')}`),
    )
    const { plan } = await act(action, session, one.params)
    expect(plan.because).toBe(
      `no nginx runs with the pid file ${one.dir.at('other.pid')}: there is nothing to reload`,
    )
  })
})

describe('nginx.reload', () => {
  it('sorts the lines of an error log: a request’s own errors are not the reload’s', () => {
    const line = (level: string, rest: string) => `2026/11/20 22:30:00 [${level}] 12#12: ${rest}`
    const request = line(
      'error',
      '*5 connect() failed (111: Connection refused), client: 10.0.0.1, server: x',
    )
    const emerg = line('emerg', 'bind() to 0.0.0.0:80 failed (98: Address already in use)')
    const warn = line('warn', 'conflicting server name "x" on 0.0.0.0:80, ignored')
    const lines = [request, emerg, warn, line('notice', 'signal process started'), 'torn']
    expect(sortLogLines(lines)).toEqual({ bad: [emerg], warnings: [warn] })
  })

  it('its example is valid, and it locks its unit', () => {
    expect(action.locks(action.params.parse(parse(action.example)))).toEqual(['nginx:nginx'])
  })
})
