/** How a host is reached. */
export type Transport = 'ssh2' | 'openssh' | 'local'

/** A setting of the way to a host, as `sitrep hosts` shows it with where its value came from. */
export type Setting =
  | 'address'
  | 'port'
  | 'user'
  | 'identityFiles'
  | 'certificateFiles'
  | 'jump'
  | 'proxyCommand'
  | 'knownHosts'
  | 'hostKeyAlias'
  | 'identityAgent'
  | 'forwardAgent'
  | 'link'
  | 'transport'

/** How long each part of the way to a host may take, in milliseconds. */
export interface LinkTimes {
  resolve: number
  connect: number
  handshake: number
  authentication: number
  /** Silence after which a link is called stale. */
  stale: number
  /** Silence after which it is lost, and opened anew. */
  lost: number
  /** How long what waits for a lost link goes on waiting. */
  back: number
}

/** The times where nobody says otherwise. */
export const defaultLinkTimes: LinkTimes = {
  resolve: 5000,
  connect: 10_000,
  handshake: 10_000,
  authentication: 20_000,
  stale: 8000,
  lost: 20_000,
  back: 120_000,
}

/** One host of the inventory, with what was not said left out. */
export interface Host {
  name: string
  transport: Transport
  /** DNS name or IP address; the name where the inventory does not say. */
  address: string
  port: number
  user: string
  /** Private keys to try, in this order; those of ~/.ssh where absent. */
  identityFiles?: string[]
  /** Certificates of the user's keys; only the system's ssh can use them. */
  certificateFiles?: string[]
  /** The hosts to go through, as they were written; `via` holds them filled in. */
  jump?: string[]
  /** The hosts to go through, first hop first, each with a name of its own that its key is known by. */
  via?: Host[]
  /**
   * A command whose stdin and stdout are the connection, as shell text with its tokens filled in (a `%` in it stands for
   * itself); only ever from the operator's OpenSSH configuration or inventory.
   */
  proxyCommand?: string
  knownHosts?: string[]
  /** The agent's socket, or `none`, where that is not SSH_AUTH_SOCK (IdentityAgent). */
  identityAgent?: string
  /** True where only the keys of the files named may be tried, also of those that the agent holds (IdentitiesOnly). */
  identitiesOnly?: boolean
  /** The name that its keys stand under in known_hosts, where that is not its address (HostKeyAlias). */
  hostKeyAlias?: string
  /** False where absent. */
  forwardAgent?: boolean
  /** True where the OpenSSH configuration can't be used: the system's ssh is then started without it. */
  withoutSshConfig?: boolean
  /** Why the system's ssh is used though the inventory does not say so: `a certificate is set (CertificateFile …)`. */
  because?: string
  /** Where each effective value came from: `sitrep.yaml:4`, `~/.ssh/config:12`, `OpenSSH configuration`, `default`, `--host`. */
  sources?: Partial<Record<Setting, string>>
  /** What its entry, or the inventory as a whole, says of the times of its link. */
  link?: Partial<LinkTimes>
  groups: string[]
  production: boolean
  /** Folders put before the PATH of every command on this host. */
  path: string[]
  /** Environment of every command on this host; never secret. */
  env: Record<string, string>
  vars: Record<string, string>
  /** What its entry does not say and OpenSSH's configuration may: the values above are sitrep's defaults. Absent once it is completed. */
  unsaid?: readonly Setting[]
  /** The hosts of its inventory by name, for its hops; absent once it is completed. */
  peers?: ReadonlyMap<string, Host>
  /** What of its configuration is not used, or could not be found out; one sentence each, for a person. */
  notes?: readonly string[]
  /** Why no link to it may be opened: its configuration can't be used. */
  unusable?: { reason: string; next: string }
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
  /**
   * `reason` where it does not come at once: what went wrong, and when it is tried again; `again` where there was a link,
   * and it was lost at `since`.
   */
  | { is: 'connecting'; since: string; reason?: string; again?: true }
  /** `reason` where commands have to wait all the same, as for a free channel. */
  | { is: 'ready'; since: string; reason?: string }
  | { is: 'stale'; since: string }
  | { is: 'lost'; since: string; reason: string }
  | { is: 'refused'; reason: string }
