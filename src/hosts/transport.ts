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

/** How a channel is opened. */
export interface OpenOptions {
  /** Ends the wait for a lost link, or for a host that has no channel free; `open` then rejects with LinkLost. */
  signal?: AbortSignal
}

/**
 * The way to one machine: all that a session needs, and all that ssh2, openssh and local differ in. One of a single link ends
 * once, with the state `lost`; a lasting one (lasting/) opens a new link by itself where it can.
 */
export interface Transport {
  /**
   * Runs one line with the user's login shell; the channel is the leader of its process group where that can be had. A
   * lasting transport whose link is away waits for the next one, up to `times.back`; where it was refused, it tries once.
   * Rejects with LinkLost only where nothing ran: no link came back, it was refused or closed, or the signal was given. Where
   * the link went before the host said whether it runs, the channel is there and ended `lost`.
   */
  open(line: string, listener: OutputListener, o?: OpenOptions): Promise<Channel>
  state(): HostState
  onState(listener: (state: HostState) => void): () => void
  /**
   * Only of a lasting transport, where a transport without it never comes back: true as soon as there is a link that works
   * (at once, where it is ready or merely stale), false when `ms` have passed, the signal was given, or there will be none
   * because it was refused or closed. Never rejects. A channel of an earlier link is over by then.
   */
  back?(ms: number, signal?: AbortSignal): Promise<boolean>
  close(): Promise<void>
}

/** The link was gone before the command could start, so nothing ran. */
export class LinkLost extends Error {
  override name = 'LinkLost'
}
