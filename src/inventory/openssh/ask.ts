import { execa } from 'execa'
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

async function run(program: string, args: string[], timeoutMs: number): Promise<Answer> {
  const child = execa(program, args, {
    reject: false,
    stdin: 'ignore',
    maxBuffer: 1024 * 1024,
    // A group of its own: what `Match exec` runs holds our pipes, too, and has to end with it.
    detached: true,
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    endGroup(child.pid)
  }, timeoutMs)
  const result = await child
  clearTimeout(timer)
  if (late)
    return { is: 'failed', reason: `ssh -G did not answer within ${timeoutMs / 1000} s (a Match exec?)` }
  if (result.exitCode === 0) return { is: 'values', values: parseValues(result.stdout) }
  if (result.code === 'ENOENT') return { is: 'missing' }
  const said = result.stderr.split('\n').find((line) => line.trim() !== '')
  const reason = said?.trim() ?? result.shortMessage ?? `ssh -G: exit ${result.exitCode}`
  return { is: 'failed', reason }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}
