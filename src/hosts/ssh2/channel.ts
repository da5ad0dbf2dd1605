import { performance } from 'node:perf_hooks'
import type { Client, ClientChannel } from 'ssh2'
import type { OutputListener } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import { hostWords } from '../errors.ts'
import { createQueue, type Place } from '../queue.ts'
import { type Channel, type ChannelEnd, LinkLost, type OpenOptions } from '../transport.ts'
import { wireUp } from './wire.ts'

/** How long a host that allows no further channel (MaxSessions) is asked again while none of ours ends, in milliseconds. */
const patience = 20_000

/** Opens the channels of one client. */
export interface Channels {
  /** Runs one line on the host in a channel of its own. Where the host allows no more of them, waits for one in turn. */
  open(line: string, listener: OutputListener, o?: OpenOptions): Promise<Channel>
}

/** `onCrowded` gets why commands have to wait for a channel, and undefined when they no longer do. */
export function createChannels(
  client: Client,
  o: { lost(): string | undefined; onCrowded(reason: string | undefined): void },
): Channels {
  const queue = createQueue({
    lost: o.lost,
    onCrowded: (is) => o.onCrowded(is ? crowded : undefined),
  })
  return {
    async open(line, listener, { signal } = {}) {
      const began = performance.now()
      let place: Place | undefined
      try {
        for (;;) {
          const gone = signal?.aborted ? 'given up' : o.lost()
          if (gone !== undefined) throw new LinkLost(gone)
          const channel = await exec(client, line, { listener, lost: o.lost, signal })
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

const crowded = 'the host allows no more channels at once (MaxSessions)'

/**
 * Asks for one channel. `wire` runs within ssh2's callback: a short command's exit may stand in the same packet as the answer
 * to exec, and is told to nobody who listens only a microtask later. Throws LinkLost where nothing ran; where that is not
 * sure, the channel is one that was lost.
 */
function exec(
  client: Client,
  line: string,
  o: { listener: OutputListener; lost(): string | undefined; signal: AbortSignal | undefined },
): Promise<Channel | 'crowded'> {
  const { promise, resolve, reject } = Promise.withResolvers<Channel | 'crowded'>()
  let late = false
  const given = () => {
    late = true
    resolve(lostChannel('given up'))
  }
  o.signal?.addEventListener('abort', given, { once: true })
  const answered = (error: Error | undefined, channel: ClientChannel) => {
    o.signal?.removeEventListener('abort', given)
    if (!error) {
      const wired = wireUp(channel, o.listener, o.lost)
      if (late) wired.abandon()
      return resolve(wired)
    }
    const message = messageOf(error)
    const gone = o.lost()
    // ssh2 says this once the command was sent: without an answer nobody knows whether it runs.
    if (/unable to exec/i.test(message) && gone !== undefined) return resolve(lostChannel(gone))
    if (gone === undefined && /open failure/i.test(message)) return resolve('crowded')
    reject(new LinkLost(gone ?? hostWords(message)))
  }
  try {
    client.exec(line, answered)
  } catch (error) {
    reject(new LinkLost(o.lost() ?? messageOf(error)))
  }
  return promise
}

const lostChannel = (reason: string): Channel => ({
  write: () => {},
  end: () => {},
  ended: Promise.resolve<ChannelEnd>({ lost: reason }),
  abandon: () => {},
})
