import { generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { SitrepError } from '../model/errors.ts'
import { demoAssets } from './assets.ts'
import type { ShellPlace } from './exec.ts'
import { word, writeProgram } from './place.ts'
import { endProcess } from './processes.ts'
import { until } from './wait.ts'

/** The practice service on its host, under a real PM2. */
export interface CoreService {
  /** The folder of the service, with its `.env`. */
  dir: string
  port: number
  /** The process id of the PM2 daemon. */
  daemon: number
  stop(): Promise<void>
}

/** The name of the service's PM2 process. */
export const appName = 'core-backend'

/** The origin that the service's CORS lets in. */
export const allowedOrigin = 'https://media.example.net'

/** Finds the PM2 that the project depends on for its development, upwards from a file. Throws SitrepError('usage') without it. */
export function findPm2(from = import.meta.url): string {
  try {
    return createRequire(from).resolve('pm2/bin/pm2')
  } catch (cause) {
    throw new SitrepError('usage', 'the practice run needs PM2, which is not installed', {
      next: 'in a clone of the project run `npm ci`; beside an installed sitrep run `npm install pm2`',
      cause,
    })
  }
}

/**
 * Installs the practice service and starts it as in the outage: under PM2, from the home folder instead of its own,
 * and without its environment. So its `.env` is not read, the signing key is not found, `/health` answers 200 and
 * every login 500; one such login was made, so that the symptom stands in the log.
 */
export async function startCore(place: ShellPlace, bin: string): Promise<CoreService> {
  const pm2 = findPm2()
  // The version check would call home.
  writeProgram(join(bin, 'pm2'), ['export PM2_DISABLE_VERSION_CHECK=1', `exec node ${word(pm2)} "$@"`])
  const dir = join(place.cwd, 'core', 'backend')
  const port = await freePort()
  install(dir, port)
  const definition = join(place.cwd, 'deploy.json')
  const script = join(dir, 'src', 'server.js')
  const apps = [{ name: appName, script, cwd: place.cwd, env: { PORT: String(port) }, time: true }]
  writeFileSync(definition, `${JSON.stringify({ apps }, null, 2)}\n`)
  const run = (...args: string[]) =>
    execa('pm2', args, { cwd: place.cwd, env: place.env, extendEnv: false, localDir: bin })
  const stop = () => stopPm2(place, run)
  try {
    await run('start', definition)
    await failToLogIn(port)
    return { dir, port, daemon: readDaemon(place) ?? 0, stop }
  } catch (cause) {
    await stop()
    throw new SitrepError('failed', 'the practice service did not start under PM2', {
      where: 'core-1',
      cause,
    })
  }
}

function install(dir: string, port: number): void {
  cpSync(join(demoAssets(), 'core'), dir, { recursive: true })
  mkdirSync(join(dir, 'keys'), { mode: 0o700 })
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  writeFileSync(join(dir, 'keys', 'jwt.pem'), privateKey, { mode: 0o600 })
  const lines = [
    '# Read from the working directory.',
    `PORT=${port}`,
    'BIND_ADDR=127.0.0.1',
    'DB_HOST=127.0.0.1',
    'DB_PORT=5432',
    'DB_USER=core',
    'DB_PASSWORD=practice-only-4711',
    'DB_NAME=core',
    'JWT_PRIVATE_KEY_FILE=keys/jwt.pem',
    'JWT_ACTIVE_KID=practice-1',
    `ALLOWED_ORIGINS=${allowedOrigin}`,
  ]
  writeFileSync(join(dir, '.env'), `${lines.join('\n')}\n`, { mode: 0o600 })
}

async function failToLogIn(port: number): Promise<void> {
  const at = `http://127.0.0.1:${port}`
  await until('the practice service answers', async () =>
    (await fetch(`${at}/health`)).ok ? true : undefined,
  )
  const body = JSON.stringify({ username: 'practice', password: 'practice' })
  const headers = { 'Content-Type': 'application/json' }
  const { status } = await fetch(`${at}/auth/login`, { method: 'POST', headers, body })
  if (status !== 500)
    throw new Error(`the login answered ${status} instead of 500: ${at} is another program's`)
}

async function stopPm2(place: ShellPlace, run: (...args: string[]) => Promise<unknown>): Promise<void> {
  const daemon = readDaemon(place)
  if (daemon === undefined) return
  await run('kill').catch(() => {})
  await endProcess(daemon)
}

function readDaemon(place: ShellPlace): number | undefined {
  try {
    return Number(readFileSync(join(place.cwd, '.pm2', 'pm2.pid'), 'utf8')) || undefined
  } catch {
    return undefined
  }
}

/** A free port below the range that outgoing connections draw theirs from, so that none takes it in between. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port === port))
    })
    await new Promise((resolve) => server.close(resolve))
    if (free) return port
  }
}
