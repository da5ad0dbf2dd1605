import type { OutputListener } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import { createMarkFilter } from '../marks.ts'
import type { Channel, ChannelEnd } from '../transport.ts'

/** A text for the host that runs among others in a kept channel, and who hears of it. */
export interface Order {
  nonce: string
  /** Begins with the text of lead.ts that says the process group. */
  text: string
  /** The whole of its input, ASCII. */
  input: string
  /** A text of ours that has no input and leaves nothing in the background: it costs the host less. */
  plain?: boolean
  onMark(stream: 'stdout' | 'stderr', name: string, value: string): void
  onData(stream: 'stdout' | 'stderr', chunk: Uint8Array): void
  /** What stood before its first word, where it had a channel of its own. */
  onBanner(text: string): void
  /** Called when it ended and both of its streams were passed on; the first call counts. */
  done(end: ChannelEnd): void
  /** True where nobody waits for it any more. */
  dropped(): boolean
  /** Set by what carries it, once it was begun: ends it without waiting for the host. */
  giveUp?: () => void
  /** How many lanes it was taken from before it was begun. */
  moves?: number
}

/**
 * Runs an order in a channel of its own, which is not open yet. Gives false where `o.yields` ended the wait for that channel:
 * then the order heard nothing, and may be given to another. `onUnwanted` gets the process group of one that nobody waits for
 * any more when it begins.
 */
export async function runAlone(
  order: Order,
  o: {
    open(listener: OutputListener): Promise<Channel>
    yields: AbortSignal
    onUnwanted(group: number): void
  },
): Promise<boolean> {
  let begun = false
  let channel: Channel | undefined
  const filterOf = (stream: 'stdout' | 'stderr') =>
    createMarkFilter(order.nonce, {
      begin: true,
      onMark(name, value) {
        if (name === 'begin' && !begun) {
          begun = true
          order.giveUp = () => channel?.abandon()
          if (order.dropped()) o.onUnwanted(Number(value))
        }
        order.onMark(stream, name, value)
      },
      onData: (chunk) => order.onData(stream, chunk),
    })
  const filters = { stdout: filterOf('stdout'), stderr: filterOf('stderr') }
  const open = o.open((stream, chunk) => {
    if (!o.yields.aborted) filters[stream].write(chunk)
  })
  try {
    channel = await open
  } catch (error) {
    if (o.yields.aborted) return false
    order.done({ lost: messageOf(error) })
    return true
  }
  if (o.yields.aborted) {
    channel.abandon()
    return false
  }
  if (order.input !== '') channel.write(order.input)
  channel.end()
  const end = await channel.ended
  for (const filter of Object.values(filters)) filter.end()
  order.onBanner(filters.stderr.before() || filters.stdout.before())
  order.done(end)
  return true
}
