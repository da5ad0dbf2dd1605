import { execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { sshBanner } from '../../lab/banner.ts'
import { type PrivateSshd, stopSshd } from '../../lab/privateSshd.ts'
import { type KnownProcess, knownProcess } from '../../lab/state.ts'
import { until } from './machine.ts'

/** A private sshd (of this folder) that can be ended with all its connections, and started again where it was. */
export interface Restartable {
  /** Ends the server and every connection that it serves, as a host does that loses its power. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Gives it another host key, which it shows after the next start. */
  changeKey(): void
  /** Stops (SIGSTOP) or continues the server and all its connections. */
  freeze(on: boolean): void
  /** The server's pid; its children are its connections. */
  pid(): number
}

/** Takes over a private sshd that was started with a folder of its own. */
export function restartable(sshd: PrivateSshd, folder: string): Restartable {
  let server: KnownProcess = sshd.process
  const all = () => [server.pid, ...descendants(server.pid)]
  const signal = (name: NodeJS.Signals) => {
    for (const pid of all()) {
      try {
        process.kill(pid, name)
      } catch {
        // It was gone already.
      }
    }
  }
  return {
    async kill() {
      signal('SIGKILL')
      await stopSshd(server)
    },
    async start() {
      const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
        detached: true,
        stdio: 'ignore',
      })
      child.unref()
      const known = child.pid ? knownProcess(child.pid) : undefined
      if (!known) throw new Error('sshd did not start')
      server = known
      await until('sshd', () => sshBanner(sshd.address, sshd.port))
    },
    changeKey() {
      const key = join(folder, 'host_key')
      rmSync(key)
      rmSync(`${key}.pub`)
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    },
    pid: () => server.pid,
    freeze: (on) => signal(on ? 'SIGSTOP' : 'SIGCONT'),
  }
}

function descendants(pid: number): number[] {
  const list = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = list.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const of = (parent: number): number[] =>
    pairs.flatMap(([child, its]) => (child && its === parent ? [child, ...of(child)] : []))
  return of(pid)
}
