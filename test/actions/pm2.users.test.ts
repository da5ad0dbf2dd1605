import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { action } from '../../src/actions/pm2.restart.ts'
import { around } from '../helpers/act.ts'
import { testSession } from '../helpers/reader.ts'
import { freePort, pm2Bin, realPm2 } from '../helpers/realPm2.ts'

// Another user's PM2 can only be started by root; `nobody` is on every Linux.
const can = process.platform === 'linux' && process.getuid?.() === 0
const nobody = 65_534

describe.runIf(can)('pm2.restart beside the PM2 of another user (as root on Linux)', () => {
  it('names that user and refuses a second copy', async () => {
    const other = await realPm2()
    const mine = await realPm2()
    try {
      const app = join(other.home, 'app.js')
      await writeFile(app, 'setInterval(() => {}, 1000)')
      for (const path of [other.home, app]) await chown(path, nobody, nobody)
      await chmod(other.home, 0o755)
      const asNobody = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', '--']
      const start = await execa('setpriv', [...asNobody, pm2Bin, 'start', app, '--name', 'core-backend'], {
        env: other.env,
        extendEnv: false,
        cwd: '/',
        reject: false,
      })
      expect(start.exitCode).toBe(0)
      await mkdir(join(mine.home, 'app'))
      await writeFile(join(mine.home, 'app/server.js'), '')
      const p = action.params.parse({
        name: 'core-backend',
        script: 'server.js',
        cwd: join(mine.home, 'app'),
        pm2: pm2Bin,
        port: await freePort(),
      })
      const facts = await action.inspect(mine.reader, p, around(mine.reader))
      expect(facts.others).toContainEqual({
        user: 'nobody',
        pid: expect.any(Number),
        home: join(other.home, '.pm2'),
        holds: 'yes',
      })
      expect(action.plan(p, facts, { stamp: 's', id: 'i' })).toMatchObject({
        outcome: 'cannot_tell',
        because: expect.stringMatching(
          /^core-backend runs under the PM2 of nobody \(pid \d+\); say `as: nobody`, a second copy is not started$/,
        ),
      })
      expect(await mine.reader.run({ argv: ['test', '-e', join(mine.home, '.pm2')] })).toMatchObject({
        exitCode: 1,
      })
      // As that user, with the HOME of the caller, as some sudo configurations leave it: the right daemon is found.
      const session = testSession({
        env: { HOME: '/root', PM2_HOME: join(other.home, '.pm2'), PATH: mine.env.PATH },
      })
      const as = {
        ...session,
        run: (command: Parameters<typeof session.run>[0]) =>
          session.run({ ...command, argv: ['setpriv', ...asNobody, ...command.argv] }),
      }
      const theirs = await action.inspect(as, p, around(session))
      expect(theirs).toMatchObject({ user: 'nobody', processes: [{ status: 'online' }] })
      expect(theirs.stateDir.startsWith('/root')).toBe(false)
    } finally {
      await execa(
        'setpriv',
        ['--reuid', String(nobody), '--clear-groups', '--regid', String(nobody), '--', pm2Bin, 'kill'],
        { env: other.env, extendEnv: false, cwd: '/', reject: false },
      )
      await other.close()
      await mine.close()
    }
  })
})

describe('pm2.restart and the practice service of report 004', () => {
  it('mends the wrong working directory that leaves .env and the RSA key unread', async () => {
    const host = await realPm2()
    try {
      const port = await freePort()
      const source = join(import.meta.dirname, '../../src/demo/core')
      const app = join(host.home, 'core')
      await execa('cp', ['-r', source, app])
      await execa('openssl', [
        'genpkey',
        '-algorithm',
        'RSA',
        '-pkeyopt',
        'rsa_keygen_bits:2048',
        '-out',
        join(app, 'jwt.pem'),
      ])
      await writeFile(join(app, '.env'), 'JWT_PRIVATE_KEY_FILE=jwt.pem\nJWT_ACTIVE_KID=k1\n')
      const started = await execa(pm2Bin, ['start', join(app, 'src/server.js'), '--name', 'core-backend'], {
        env: { ...host.env, PORT: String(port), SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' },
        extendEnv: false,
        cwd: host.home,
        reject: false,
      })
      expect(started.exitCode).toBe(0)
      const login = async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/auth/login`, {
          method: 'POST',
          body: '{"username":"a","password":"b"}',
        })
        return answer.status
      }
      await until(async () => (await login()) === 500)
      const p = action.params.parse({
        name: 'core-backend',
        script: 'src/server.js',
        cwd: app,
        env: { NODE_ENV: 'production', PORT: port },
        pm2: pm2Bin,
      })
      const facts = await action.inspect(host.reader, p, around(host.reader))
      const plan = action.plan(p, facts, { stamp: 's', id: 'i' })
      expect(plan).toMatchObject({
        outcome: 'would_change',
        because: `cwd ${host.home} → ${app}; missing NODE_ENV`,
      })
      for (const { do: change } of plan.changes) {
        expect('run' in change && (await host.reader.run(change.run)).exitCode).toBe(0)
      }
      await until(async () => (await login()) === 200)
      expect(
        action.plan(p, await action.inspect(host.reader, p, around(host.reader)), { stamp: 's', id: 'i' })
          .outcome,
      ).toBe('in_sync')
    } finally {
      await host.close()
    }
  })
})

async function until(good: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await good().catch(() => false)); ) {
    if (Date.now() > end) throw new Error('never came')
    await new Promise((wake) => setTimeout(wake, 50))
  }
}
