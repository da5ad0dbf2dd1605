import type { Channel } from '../transport.ts'

/**
 * A channel that was perhaps a lane. A host may end an idle lane (a limit of its sshd, a shell with a time limit) in the very
 * moment in which it is taken: where it ended by itself without a word of the text, nothing ran, and the text gets a channel
 * of its own. Where the link went, nobody knows, and nothing is tried again.
 */
export async function sturdy(
  o: { begun(): boolean },
  open: (own: boolean) => Promise<{ channel: Channel; kept: boolean }>,
): Promise<Channel> {
  const first = await open(false)
  if (!first.kept) return first.channel
  const written: (string | Uint8Array)[] = []
  let channel = first.channel
  let shut = false
  let abandoned = false
  const ended = channel.ended.then(async (end) => {
    if ('lost' in end || abandoned || o.begun()) return end
    try {
      channel = (await open(true)).channel
    } catch {
      return end
    }
    if (abandoned) channel.abandon()
    for (const data of written.splice(0)) channel.write(data)
    if (shut) channel.end()
    return channel.ended
  })
  return {
    write(data) {
      if (o.begun()) written.length = 0
      else written.push(data)
      channel.write(data)
    },
    end() {
      shut = true
      channel.end()
    },
    ended,
    abandon() {
      abandoned = true
      channel.abandon()
    },
  }
}
