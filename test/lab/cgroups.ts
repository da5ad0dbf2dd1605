import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

/** Whether systemd runs this machine; then nspawn gets a scope of its own from it. */
export const hasSystemd = () => existsSync('/run/systemd/system')

/**
 * Makes a control group for one host in the hierarchies that systemd manages, and gives their `cgroup.procs`.
 * Without it all hosts would share one tree, and one host's systemd could end another's services.
 */
export function makeCgroups(name: string): string[] {
  if (hasSystemd()) return []
  return hierarchies().map((mount) => {
    mkdirSync(join(mount, name), { recursive: true })
    return join(mount, name, 'cgroup.procs')
  })
}

/** Removes a host's control groups once it has ended. */
export function removeCgroups(name: string): void {
  if (hasSystemd()) return
  for (const mount of hierarchies()) removeTree(join(mount, name))
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name))
  }
  try {
    rmdirSync(folder)
  } catch {
    // Still draining: an empty group that stays costs nothing, and the next start uses it again.
  }
}

/** The mount points of the unified hierarchy, systemd's own in version 1, and pids. */
function hierarchies(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return mounts.flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , options = ''] = after.split(' ')
    const wanted = type === 'cgroup2' || (type === 'cgroup' && /\bname=systemd\b|\bpids\b/.test(options))
    return wanted ? [before.split(' ')[4] ?? ''] : []
  })
}
