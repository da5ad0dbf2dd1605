import type { OutputListener } from '../model/command.ts'
import type { HostState } from '../model/host.ts'

/** How a channel ended: with the exit of what it ran, or because the link did. */
export type ChannelEnd = { code: number } | { signal: string } | { lost: string }

/** One line of shell text at work on the host. Both its streams are always read. */
export interface Channel {
  /** Writes to its stdin; what can't be delivered any more is dropped. */
  write(data: string | Uint8Array): void
  /** Ends its stdin. */
  end(): void
  /** Settles once, when it ended and both streams were read; never rejects. */
  ended: Promise<ChannelEnd>
  /** Gives the channel up without waiting for the host. */
  abandon(): void
}

/** The way to one machine: all that a session needs, and all that ssh2, openssh and local differ in. */
export interface Transport {
  /** Runs one line with the user's login shell; the channel is the leader of its process group where that can be had. Rejects with LinkLost. */
  open(line: string, listener: OutputListener): Promise<Channel>
  state(): HostState
  onState(listener: (state: HostState) => void): () => void
  close(): Promise<void>
}

/** The link was gone before the command could start, so nothing ran. */
export class LinkLost extends Error {
  override name = 'LinkLost'
}
