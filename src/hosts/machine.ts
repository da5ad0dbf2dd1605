import type { Host, LinkTimes } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import type { Lanes } from './lanes/lanes.ts'
import type { SudoPasswords } from './sudo/passwords.ts'
import type { Transport } from './transport.ts'

/** One machine as the parts of a session see it. */
export interface Machine {
  host: Host
  /** The user that the session logged in as. */
  user: string
  transport: Transport
  /** Its kept channels. */
  lanes: Lanes
  secrets: Pick<SecretStore, 'value'>
  passwords: SudoPasswords
  /** How long a lost link is waited for; not at all where absent. */
  times?: Pick<LinkTimes, 'back'>
  /** How long a process group may take to end by TERM before it is ended by KILL, in milliseconds. */
  gentleMs?: number
}
