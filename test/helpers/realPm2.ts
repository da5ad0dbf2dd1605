import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { secretsOf, testSession } from './reader.ts'

const bin = resolve(import.meta.dirname, '../../node_modules/.bin')

/** The real pm2 of the devDependencies. */
export const pm2Bin = join(bin, 'pm2')

/** A PM2 of its own in a temporary home, whose daemon ends with `close`. */
export async function realPm2(secretValues: Record<string, string> = {}) {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'sitrep-pm2-')))
  const env = { HOME: home, PM2_HOME: join(home, '.pm2'), PATH: `${bin}:/usr/bin:/bin`, LANG: 'C.UTF-8' }
  const secrets = secretsOf(secretValues)
  const pm2 = (...args: string[]) => execa(pm2Bin, args, { env, extendEnv: false, cwd: '/', reject: false })
  return {
    home,
    env,
    secrets,
    pm2,
    reader: testSession({ env, secrets }),
    async list(): Promise<{ name: string; pm_id: number; pid: number; pm2_env: Record<string, unknown> }[]> {
      const { stdout } = await pm2('jlist')
      return JSON.parse(
        stdout.slice(stdout.indexOf('[{') === -1 ? stdout.lastIndexOf('[]') : stdout.indexOf('[{')),
      )
    },
    async close() {
      await pm2('kill')
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
