/** How a host is reached. */
export type Transport = 'ssh2' | 'openssh' | 'local'

/** One host of the inventory, with what was not said left out. */
export interface Host {
  name: string
  transport: Transport
  /** DNS name or IP address; the name where the inventory does not say. */
  address: string
  port: number
  user: string
  identityFile?: string
  jump?: string[]
  knownHosts?: string[]
  groups: string[]
  production: boolean
  /** Folders put before the PATH of every command on this host. */
  path: string[]
  /** Environment of every command on this host; never secret. */
  env: Record<string, string>
  vars: Record<string, string>
  /** What its entry does not say and OpenSSH's configuration may: the values above are sitrep's defaults. */
  unsaid?: readonly ('address' | 'port' | 'user' | 'identityFile' | 'jump' | 'knownHosts')[]
}

/** The hosts that sitrep may reach, and what holds for all of them. */
export interface Inventory {
  /** The file it was read from; undefined where none was found. */
  file?: string
  hosts: Host[]
  /** More hosts than this in one run want the target typed. */
  confirmOver: number
}

/** The phases of opening a session, each with its own timeout. */
export type ConnectPhase = 'resolve' | 'connect' | 'handshake' | 'host key' | 'authentication'

/** The state of the way to a host, as the status line shows it. */
export type HostState =
  | { is: 'idle' }
  | { is: 'connecting'; since: string }
  | { is: 'ready'; since: string }
  | { is: 'stale'; since: string }
  | { is: 'lost'; since: string; reason: string }
  | { is: 'refused'; reason: string }
