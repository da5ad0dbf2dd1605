import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import pLimit from 'p-limit'
import { parseValues, type Values } from './values.ts'

/** What `ssh -G` answers: the values; that no ssh is installed; or why it would not connect either. */
export type Answer = { is: 'values'; values: Values } | { is: 'missing' } | { is: 'failed'; reason: string }

/** How OpenSSH is asked. */
export interface AskOptions {
  /** The program; `ssh` of the PATH where absent. */
  ssh?: string
  /** A configuration in place of the user's and the system's; `none` for OpenSSH's own defaults. */
  configFile?: string
  /** 5000 ms where absent: `Match exec` runs commands of the user. */
  timeoutMs?: number
}

/** What the inventory or the command line says already: Match and tokens go by it. All of it has passed the gate of schema.ts. */
export interface AskedHost {
  name: string
  address?: string
  user?: string
  port?: number
}

const atOnce = pLimit(8)
const asked = new Map<string, Promise<Answer>>()

/** Asks `ssh -G` for the effective configuration of a host, with Include and Match resolved. Never rejects. */
export function askSsh(host: AskedHost, o: AskOptions = {}): Promise<Answer> {
  const args = [
    '-G',
    '-T',
    ...(o.configFile === undefined ? [] : ['-F', o.configFile]),
    ...(host.user === undefined ? [] : ['-l', host.user]),
    ...(host.port === undefined ? [] : ['-p', String(host.port)]),
    ...(host.address === undefined ? [] : ['-o', `HostName=${host.address}`]),
    '--',
    host.name,
  ]
  // Many hosts have the same jump host; it is asked about once while they are filled in.
  const key = JSON.stringify([o.ssh, o.timeoutMs, args])
  const asking = asked.get(key) ?? atOnce(() => run(o.ssh ?? 'ssh', args, o.timeoutMs ?? 5000))
  asked.set(key, asking)
  void asking.then(() => asked.delete(key))
  return asking
}

/** By Node alone: a run that reaches its hosts by ssh2 loads nothing more for this one call. */
async function run(program: string, args: string[], timeoutMs: number): Promise<Answer> {
  // A group of its own: what `Match exec` runs holds our pipes, too, and has to end with it.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const ended = Promise.withResolvers<number | NodeJS.Signals | NodeJS.ErrnoException>()
  child.on('error', ended.resolve)
  child.on('close', (code, signal) => ended.resolve(code ?? signal ?? 'SIGKILL'))
  const stop = () => endGroup(child.pid)
  const said = { stdout: reading(child.stdout, stop), stderr: reading(child.stderr, stop) }
  let late = false
  const timer = setTimeout(() => {
    late = true
    stop()
  }, timeoutMs)
  const end = await ended.promise
  clearTimeout(timer)
  if (late)
    return { is: 'failed', reason: `ssh -G did not answer within ${timeoutMs / 1000} s (a Match exec?)` }
  if (end === 0) return { is: 'values', values: parseValues(said.stdout()) }
  if (typeof end === 'object' && end.code === 'ENOENT') return { is: 'missing' }
  const line = said
    .stderr()
    .split('\n')
    .find((text) => text.trim() !== '')
  const how = typeof end === 'object' ? end.message : typeof end === 'number' ? `exit ${end}` : end
  return { is: 'failed', reason: line?.trim() ?? `ssh -G: ${how}` }
}

/** What ssh may say, in bytes. */
const most = 1024 * 1024

/** Reads a stream to its end; gives what came. `tooMuch` is called where that is more than ssh has to say. */
function reading(stream: Readable, tooMuch: () => void): () => string {
  const chunks: Buffer[] = []
  let length = 0
  stream.on('error', () => undefined)
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > most) tooMuch()
    else chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}
