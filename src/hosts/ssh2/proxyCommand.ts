import { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import type { Host } from '../../model/host.ts'
import { ConnectError, hostWords } from '../errors.ts'

/** The connection that a proxy command is: its stdin and stdout. */
export interface ProxyCommand {
  stream: Duplex
  /** What to tell where no connection came about: the words and the exit of the command; undefined where it has none. */
  explain(): Promise<ConnectError | undefined>
}

/** Bytes of its stderr that are kept: the last ones. */
const told = 2000
/** How long its end is waited for where the connection has ended, in milliseconds: what it says of the reason comes last. */
const lingering = 500

/**
 * Starts a host's proxy command as OpenSSH does: one line for a shell, by `exec`. It is the leader of a process group of its
 * own, so that a ctrl-c at our terminal does not cut the connection, and so it has no terminal to ask on. The group ends with
 * the stream.
 */
export function startProxyCommand(host: Host, command: string): ProxyCommand {
  const child = execa('sh', ['-c', `exec ${command}`], {
    stdio: 'pipe',
    buffer: false,
    reject: false,
    detached: true,
    encoding: 'buffer',
  })
  let said = Buffer.alloc(0)
  child.stderr.on('data', (chunk: Buffer) => {
    said = Buffer.concat([said, chunk]).subarray(-told)
  })
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  let ended = false
  let killed = false
  const kill = () => {
    try {
      if (child.pid === undefined || ended) return
      process.kill(-child.pid, 'SIGTERM')
      killed = true
    } catch {
      // It ended in the meantime.
    }
  }
  process.once('exit', kill)
  stream.once('close', kill)
  stream.on('error', () => {})
  void child.then(() => {
    ended = true
    process.off('exit', kill)
    stream.destroy()
  })
  return {
    stream,
    async explain() {
      const stop = new AbortController()
      const late = wait(lingering, undefined, { signal: stop.signal }).catch(() => undefined)
      const result = await Promise.race([child, late])
      stop.abort()
      const words = hostWords(said.toString('utf8'))
      // What we ended ourselves, since the other side stayed silent, has nothing to say by its end.
      const own = result && !(killed && result.exitCode === undefined)
      if (!own && words === '') return undefined
      const end = own ? endOf(result) : 'gave no connection'
      return new ConnectError('connect', `the proxy command ${end}${words === '' ? '' : `: ${words}`}`, {
        where: `${host.name} (${host.address}:${host.port})`,
        next: 'run the command by hand (ProxyCommand, proxy_command)',
      })
    },
  }
}

function endOf({ exitCode, signal }: { exitCode?: number | undefined; signal?: string | undefined }): string {
  if (exitCode !== undefined) return `ended with exit ${exitCode}`
  return signal === undefined ? 'did not start' : `was ended by ${signal}`
}
