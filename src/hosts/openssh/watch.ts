import type { ChannelEnd } from '../transport.ts'
import type { Master } from './master.ts'

/** How soon ssh's own words for a channel are looked at again, in milliseconds: where they are due, and where they are not. */
const looking = { due: 3, idle: 500 }

/** How long what the master said before it named our channel may still be on its way, in milliseconds. */
const settling = 20

/** Tells what the master says of one channel. */
export interface ChannelWatch {
  /** How the command ended, for a channel that has ended; undefined where that was not told, or not yet. */
  last(): ChannelEnd | undefined
  stop(): void
}

/**
 * Hears from the master when the command of a channel runs (`onOpen`), and how it ended: `onTold` at once, `onExit` where it is
 * sure that the number was not another channel's just before.
 */
export function watchChannel(
  master: Master,
  said: () => string,
  o: { onOpen(): void; onExit(end: ChannelEnd): void; onTold(): void },
): ChannelWatch {
  const ends = new Map<number, ChannelEnd>()
  /** The channels whose command runs or has ended; a number that is free is given to another one. */
  const channels = new Map<number, ChannelEnd | 'runs'>()
  let own: number | undefined
  let open = false
  let sure = false
  let timer: NodeJS.Timeout | undefined
  const later = (what: () => void, ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(what, ms)
    timer.unref()
  }
  const settle = () => {
    const state = own === undefined ? undefined : channels.get(own)
    if (state !== undefined && !open) {
      open = true
      o.onOpen()
    }
    if (sure && typeof state === 'object') o.onExit(state)
  }
  const look = (pause: number) => {
    own ??= channelOf(said())
    if (own === undefined) return later(() => look(pause), pause)
    settle()
    later(() => {
      sure = true
      settle()
      // One that has its channel for so long runs something else than our line, or an ssh that tells less.
      if (!open) later(o.onOpen, looking.idle)
    }, settling)
  }
  const off = master.onChannel((id, event) => {
    if (event === 'free') channels.delete(id)
    else if (event === 'runs' || channels.has(id)) channels.set(id, event)
    if (typeof event === 'object') ends.set(id, event)
    if (own === undefined) look(looking.due)
    else settle()
    if (typeof event === 'object' && id === own) o.onTold()
  })
  later(() => look(looking.idle), looking.idle)
  return {
    last() {
      own ??= channelOf(said())
      return own === undefined ? undefined : ends.get(own)
    },
    stop() {
      clearTimeout(timer)
      off()
    },
  }
}

/** The number that the master gave the channel, by the words of the ssh that asked for it. */
function channelOf(words: string): number | undefined {
  const id = /master session id: (\d+)/.exec(words)?.[1]
  return id === undefined ? undefined : Number(id)
}
