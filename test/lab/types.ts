import type { ShellOptions, ShellResult } from './sh.ts'

/** One host of the lab and how to reach it over SSH. */
export interface LabHost {
  name: string
  address: string
  port: number
  user: string
  identityFile: string
  knownHosts: string
  /** The host's init process as this machine sees it; it changes with a reset. 0 in the fallback. */
  leaderPid: number
}

/** How to run a command on a lab host, past SSH. */
export interface ExecOptions extends ShellOptions {
  /** The user to run it as; root without it. */
  user?: string
}

/** A running lab. */
export interface Lab {
  /** `nspawn`: whole Debian hosts. `sshd`: only OpenSSH servers on loopback, without services or faults. */
  kind: 'nspawn' | 'sshd'
  name: string
  /** Why these are not whole hosts. */
  reason?: string
  readonly hosts: Record<string, LabHost>
  /** The path of a sitrep.yaml that names the hosts. */
  inventory: string
  exec(host: string, argv: string[] | string, options?: ExecOptions): Promise<ShellResult>
  /** Back to the pristine healthy state with a fresh root, one host or all. */
  reset(host?: string): Promise<void>
  /** The managed files and services back to healthy, in place; processes of others stay. */
  restore(host: string): Promise<void>
  /** A real reboot with a new boot id; what was written stays. */
  reboot(host: string): Promise<void>
  /** Takes the host's network link down, so that packets vanish in silence, or up again. */
  link(host: string, state: 'up' | 'down'): Promise<void>
  /** Puts a fault in place, on the host that it is for. */
  break(fault: string, host?: string): Promise<void>
  /** A stable listing of files, processes and listening ports, to compare before and after. */
  snapshot(host: string): Promise<string>
  /** Keeps other test processes away from a host while the function runs. */
  hold<T>(host: string, fn: () => Promise<T>): Promise<T>
  /** The same without a function: gives what releases the host. */
  acquire(host: string): Promise<() => void>
  down(): Promise<void>
}

/** Whether the lab can run here, and as what. */
export type Availability =
  | { ok: true; kind: 'nspawn' }
  | { ok: true; kind: 'sshd'; reason: string }
  | { ok: false; reason: string }
