import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Client } from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Demo, startDemo } from '../../src/demo/index.ts'
import { livesOn, processesOf } from '../../src/demo/processes.ts'
import { connect, entryOf, exec, until } from './client.ts'

let demo: Demo
let other: Demo
let startedIn: number
let core: Client
let edge: Client

const text = (buffer: Buffer) => buffer.toString()
const param = (name: string) => demo.params[name] ?? ''

function site(host: string) {
  return execa('curl', [
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-H',
    `Host: ${host}`,
    `http://127.0.0.1:${param('edge_port')}/`,
  ])
}

beforeAll(async () => {
  const begun = Date.now()
  ;[demo, other] = await Promise.all([startDemo(), startDemo()])
  startedIn = Date.now() - begun
  ;[core, edge] = (await Promise.all(
    ['core-1', 'edge-1'].map((name) => connect(entryOf(demo.inventoryFile, name))),
  )) as [Client, Client]
})

afterAll(async () => {
  await Promise.all([demo?.stop(), other?.stop()])
})

describe('the practice outage', () => {
  it('starts twice side by side, each with ports and a folder of its own, within ten seconds on a busy machine', () => {
    expect(startedIn).toBeLessThan(10_000)
    expect(demo.folder).not.toBe(other.folder)
    expect(demo.params.core_port).not.toBe(other.params.core_port)
    expect(statSync(demo.folder).mode & 0o777).toBe(0o700)
    expect(statSync(entryOf(demo.inventoryFile, 'core-1').identity_file).mode & 0o777).toBe(0o600)
  })

  it('answers 200 to health and 500 to a login, with the reason in the log', async () => {
    const at = `http://127.0.0.1:${param('core_port')}`
    const health = await exec(core, `curl -sS ${at}/health`)
    expect(text(health.out)).toBe('{"status":"ok"}')
    const login = await exec(
      core,
      `curl -sS -w ' %{http_code}' -d '{"username":"a","password":"b"}' ${at}/auth/login`,
    )
    expect(text(login.out)).toMatch(/ 500$/)
    const log = await exec(core, 'cat .pm2/logs/core-backend-error.log')
    expect(text(log.out)).toContain(
      'Login error: Error: secretOrPrivateKey must be an asymmetric key when using RS256',
    )
  })

  it('shows the wrong folder and the missing environment in PM2', async () => {
    const listed = await exec(core, 'pm2 jlist')
    const [app] = JSON.parse(text(listed.out))
    expect(app.name).toBe('core-backend')
    expect(app.pm2_env.pm_cwd).toBe(join(demo.folder, 'core-1'))
    expect(app.pm2_env.NODE_ENV).toBeUndefined()
    expect(app.pm2_env.PORT).toBe(param('core_port'))
    expect(app.pm2_env.status).toBe('online')
  })

  it('is mended by what the runbook does by hand', async () => {
    const definition = JSON.stringify({
      apps: [
        {
          name: 'core-backend',
          script: `${param('core_dir')}/src/server.js`,
          cwd: param('core_dir'),
          env: { NODE_ENV: 'production' },
        },
      ],
    })
    const fixed = await exec(
      core,
      'cat >fixed.json && pm2 delete core-backend && pm2 start fixed.json',
      definition,
    )
    expect(fixed.code).toBe(0)
    const at = `http://127.0.0.1:${param('core_port')}/auth/login`
    await until('a login answers 200', async () => {
      const { stdout } = await execa(
        'curl',
        ['-s', '-w', '%{http_code}', '-d', '{"username":"a","password":"b"}', at],
        { reject: false },
      )
      return stdout.endsWith('200')
    })
    const { stdout } = await execa('curl', [
      '-si',
      '-X',
      'OPTIONS',
      '-H',
      'Origin: https://media.example.net',
      at,
    ])
    expect(stdout).toContain('204')
    expect(stdout).toContain('Access-Control-Allow-Origin: https://media.example.net')
  })

  it('has a proxy that lost one site, and takes it back with the project configuration and a reload', async () => {
    const sites = ['portal.example.net', 'lims.example.net', 'rims.example.net', 'ops.example.net']
    const status = () => Promise.all(sites.map(async (name) => (await site(name)).stdout))
    expect(await status()).toEqual(['308', '308', '308', '404'])
    const refused = await exec(edge, 'echo "ops.example.net {" >bad && edge-validate bad')
    expect([refused.code, text(refused.err)]).toEqual([1, 'invalid: 1 brace is never closed\n'])
    const synced = await exec(
      edge,
      'edge-validate proxy/Caddyfile && cp proxy/Caddyfile etc/Caddyfile && edge-reload',
    )
    expect([synced.code, text(synced.out)]).toEqual([0, 'valid: 4 sites\n'])
    await until('the site is routed', async () => (await site('ops.example.net')).stdout === '308')
    await exec(edge, 'cp bad etc/Caddyfile && edge-reload')
    await until('the refusal is logged', () =>
      readFileSync(param('edge_log'), 'utf8').includes('refused, the old one stays'),
    )
    expect(await status()).toEqual(['308', '308', '308', '308'])
  })

  it('is reached by the real ssh with strict host keys', async () => {
    const { address, port, user, identity_file, known_hosts } = entryOf(demo.inventoryFile, 'core-1')
    const ssh = (knownHosts: string, ...more: string[]) => {
      const options = [
        'BatchMode=yes',
        'StrictHostKeyChecking=yes',
        'IdentitiesOnly=yes',
        'ServerAliveInterval=1',
        `UserKnownHostsFile=${knownHosts}`,
      ]
      const args = options.flatMap((option) => ['-o', option])
      return execa(
        'ssh',
        ['-F', 'none', ...args, '-i', identity_file, '-p', String(port), `${user}@${address}`, ...more],
        { reject: false, input: 'from stdin' },
      )
    }
    const good = await ssh(known_hosts, 'cat; sleep 2.2; exit 7')
    expect([good.exitCode, good.stdout]).toEqual([7, 'from stdin'])
    const unknown = await ssh('/dev/null', 'true')
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      255,
      expect.stringContaining('Host key verification failed'),
    ])
  })
})

describe('its end', () => {
  it('leaves no process and no folder, whatever still ran; the other goes on', async () => {
    const started = await exec(core, 'setsid sh -c "exec sleep 400" >/dev/null 2>&1 </dev/null & echo $!')
    const job = Number(text(started.out))
    await until('the job is seen', async () => (await processesOf(demo.folder)).includes(job))
    const running = await processesOf(demo.folder)
    const pm2 = Number(readFileSync(join(demo.folder, 'core-1/.pm2/pm2.pid'), 'utf8'))
    expect(running).toContain(pm2)
    // Where there is no /proc, ps tells.
    expect(await processesOf(demo.folder, { procFs: false })).toContain(pm2)
    const begun = Date.now()
    await Promise.all([demo.stop(), demo.stop()])
    expect(Date.now() - begun).toBeLessThan(5000)
    expect(await Promise.all(running.map(livesOn))).toEqual(running.map(() => false))
    expect(await processesOf(demo.folder)).toEqual([])
    expect(existsSync(demo.folder)).toBe(false)
    await expect(fetch(`http://127.0.0.1:${other.params.core_port}/health`)).resolves.toMatchObject({
      status: 200,
    })
  })

  it('comes too when the process is killed: the keeper takes the stack down', async () => {
    const index = join(import.meta.dirname, '../../src/demo/index.ts')
    const program = `import { startDemo } from ${JSON.stringify(index)}; console.log((await startDemo()).folder)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const folder = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(text(chunk).trim())),
    )
    expect(existsSync(join(folder, 'sitrep.yaml'))).toBe(true)
    const running = await processesOf(folder)
    expect(running.length).toBeGreaterThanOrEqual(3)
    child.kill('SIGKILL')
    await until('the folder is gone', () => !existsSync(folder))
    await until('its processes are gone', async () =>
      (await Promise.all(running.map(livesOn))).every((lives) => !lives),
    )
  })
})
