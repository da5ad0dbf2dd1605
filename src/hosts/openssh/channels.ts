import { performance } from 'node:perf_hooks'
import type { OutputListener } from '../../model/command.ts'
import { createQueue, type Place } from '../queue.ts'
import { type Channel, LinkLost, type OpenOptions } from '../transport.ts'
import { askChannel } from './channel.ts'
import type { Master } from './master.ts'

/** How long a host that allows no further channel (MaxSessions) is asked again while none of ours ends, in milliseconds. */
const patience = 20_000

const crowded = 'the host allows no more channels at once (MaxSessions)'

/** Opens the channels of one master. */
export interface Channels {
  /** Runs one line on the host in a channel of its own. Where the host allows no more of them, waits for one in turn. */
  open(line: string, listener: OutputListener, o?: OpenOptions): Promise<Channel>
}

/** `onCrowded` gets why commands have to wait for a channel, and undefined when they no longer do. */
export function createChannels(
  master: Master,
  o: { lost(): string | undefined; onCrowded(reason: string | undefined): void },
): Channels {
  const queue = createQueue({
    lost: o.lost,
    onCrowded: (is) => o.onCrowded(is ? `${crowded}; a command waits for one` : undefined),
  })
  return {
    async open(line, listener, options = {}) {
      const { signal } = options
      const began = performance.now()
      let place: Place | undefined
      try {
        for (;;) {
          const gone = signal?.aborted ? 'given up' : o.lost()
          if (gone !== undefined) throw new LinkLost(gone)
          const channel = await askChannel(master, line, { listener, lost: o.lost, signal })
          if (channel !== 'crowded') {
            void channel.ended.then(queue.freed)
            return channel
          }
          if (performance.now() - Math.max(began, queue.lastFreed()) > patience)
            throw new LinkLost(`${crowded}; none was free for ${patience / 1000} s`)
          place ??= queue.join(signal)
          await place.turn()
        }
      } finally {
        place?.leave()
      }
    },
  }
}
