import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasSystemd, makeCgroups, removeCgroups } from './cgroups.ts'
import { must, run, type ShellResult, until } from './sh.ts'
import { isAlive, type KnownProcess, knownProcess } from './state.ts'
import type { ExecOptions } from './types.ts'

/** Where a host's writable layer, its merged root and its console log are. */
export interface HostFolders {
  base: string
  upper: string
  work: string
  root: string
  console: string
}

/** The folders of one host under a folder of the lab. */
export function hostFolders(base: string): HostFolders {
  const at = (name: string) => join(base, name)
  return { base, upper: at('upper'), work: at('work'), root: at('root'), console: at('console.log') }
}

/** Mounts a host's root: the read-only layers below, the first on top, and a writable one above. */
export async function mountRoot(
  folders: HostFolders,
  layers: string[],
  upper = folders.upper,
): Promise<void> {
  for (const folder of [upper, folders.work, folders.root]) mkdirSync(folder, { recursive: true })
  const options = `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${folders.work}`
  await must(['mount', '-t', 'overlay', 'sitrep-lab', '-o', options, folders.root])
}

/** Unmounts a host's root; one that is not mounted is fine. */
export async function unmountRoot(folders: HostFolders): Promise<void> {
  await until(
    `unmount ${folders.root}`,
    async () => {
      if (!isMounted(folders.root)) return true
      return (await run(['umount', folders.root])).exitCode === 0 || undefined
    },
    5000,
  )
}

/** Unmounts a host's root and drops all that was written. */
export async function discardRoot(folders: HostFolders): Promise<void> {
  await unmountRoot(folders)
  rmSync(folders.base, { recursive: true, force: true })
}

const isMounted = (path: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === path)

/** What a host is started with. */
export interface BootOptions {
  /** Unique on this machine: it names the network interface and the control groups. */
  machine: string
  hostname: string
  bridge?: string
  /** Read-only mounts, from this machine's path to the host's. */
  mounts: Record<string, string>
}

/** Boots a mounted root with systemd as its init; gives the process that keeps it up. */
export function boot(folders: HostFolders, options: BootOptions): KnownProcess {
  const args = [
    ...['--quiet', '--register=no', '--boot', '--console=pipe', '--resolv-conf=off', '--timezone=off'],
    ...['--link-journal=no', `--directory=${folders.root}`, `--machine=${options.machine}`],
    `--hostname=${options.hostname}`,
    ...(hasSystemd() ? [] : ['--keep-unit']),
    ...(options.bridge ? [`--network-bridge=${options.bridge}`] : ['--private-network']),
    ...Object.entries(options.mounts).map(([from, to]) => `--bind-ro=${from}:${to}`),
  ]
  const groups = makeCgroups(options.machine)
  const enter = groups.map((file) => `echo $$ > '${file}'`).join(' && ') || ':'
  // 133 is how nspawn says that the host wants a reboot, and leaves it to its caller.
  const script = `${enter} && while systemd-nspawn "$@"; [ $? = 133 ]; do :; done`
  const log = openSync(folders.console, 'w', 0o600)
  const child = spawn('sh', ['-c', script, 'sh', ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  child.unref()
  closeSync(log)
  const known = child.pid ? knownProcess(child.pid) : undefined
  if (!known) throw new Error(`systemd-nspawn did not start: ${readFileSync(folders.console, 'utf8')}`)
  return known
}

/** The host's init as this machine sees it, below the process that keeps the host up. */
export function leaderOf(keeper: KnownProcess | undefined): number | undefined {
  if (!isAlive(keeper)) return undefined
  const nspawn = childrenOf(keeper.pid)[0]
  return nspawn === undefined ? undefined : childrenOf(nspawn)[0]
}

/** Ends a host at once, by the pids of what was started for its root, and waits until all is gone. */
export async function stop(folders: HostFolders): Promise<void> {
  const machines = new Set(startedFor(folders).map(({ args }) => machineName(args)))
  const end = Date.now() + 2000
  await until(
    `end of ${folders.base}`,
    () => {
      const found = startedFor(folders)
      for (const { pid, args } of found) {
        // nspawn ends with its child, after it has cleaned up; only where it does not is it killed itself.
        const isNspawn = args[0]?.endsWith('systemd-nspawn')
        for (const target of isNspawn && Date.now() < end ? childrenOf(pid) : [pid]) kill(target)
      }
      return found.length === 0 || undefined
    },
    7000,
  )
  for (const machine of machines) removeCgroups(machine)
}

/** Finds what was started for a root, also where no state file knows of it. */
function startedFor(folders: HostFolders): { pid: number; args: string[] }[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => ({ pid: Number(pid), args: readProc(pid, 'cmdline').split('\0') }))
    .filter(({ args }) => args.includes(`--directory=${folders.root}`))
}

function machineName(args: string[]): string {
  return args.find((arg) => arg.startsWith('--machine='))?.slice('--machine='.length) ?? ''
}

function childrenOf(pid: number): number[] {
  return readProc(`${pid}/task/${pid}`, 'children').split(' ').filter(Boolean).map(Number)
}

function readProc(folder: string, name: string): string {
  try {
    return readFileSync(`/proc/${folder}/${name}`, 'utf8').trim()
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs a command inside a host, past SSH, as root or as one of its users; a string is given to bash. */
export async function execIn(
  leader: number,
  command: string[] | string,
  o: ExecOptions = {},
): Promise<ShellResult> {
  if (!existsSync(`/proc/${leader}/ns/mnt`))
    return { exitCode: 255, stdout: '', stderr: 'the host is not up' }
  const argv = typeof command === 'string' ? ['bash', '-c', command] : command
  const user = o.user ?? 'root'
  const home = user === 'root' ? '/root' : `/home/${user}`
  const variables = Object.entries({ PATH, HOME: home, USER: user, LANG: 'C.UTF-8', ...o.env })
  const become = user === 'root' ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups']
  const { cwd = home, env: _env, user: _user, ...rest } = o
  return run(
    [
      ...['nsenter', '-t', String(leader), '-m', '-u', '-i', '-n', '-p', '--', ...become],
      ...['env', '-i', '-C', cwd, ...variables.map(([key, value]) => `${key}=${value}`), ...argv],
    ],
    rest,
  )
}
