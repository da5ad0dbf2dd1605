import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, ClientChannel } from 'ssh2'
import type { OutputListener } from '../../model/command.ts'
import { messageOf } from '../../model/errors.ts'
import { type Channel, type ChannelEnd, LinkLost } from '../transport.ts'

/** What a background process of the host keeps open is given up after this silence, in milliseconds. */
const lingering = 1000

/** How long a host that allows no further channel (MaxSessions) is asked again, in milliseconds. */
const queueing = 20_000

/** Runs one line on the host in a channel of its own. Where the host allows no more channels, waits for one with jitter. */
export async function openChannel(
  client: Client,
  line: string,
  listener: OutputListener,
  lost: () => string | undefined,
): Promise<Channel> {
  const until = Date.now() + queueing
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    const gone = lost()
    if (gone !== undefined) throw new LinkLost(gone)
    try {
      return await exec(client, line, (channel) => wireUp(channel, listener, lost))
    } catch (error) {
      const gone = lost()
      if (gone !== undefined) throw new LinkLost(gone)
      if (!/open failure/i.test(messageOf(error)) || Date.now() > until) throw new LinkLost(messageOf(error))
    }
    await sleep(pause * (0.5 + Math.random()))
  }
}

/**
 * `wire` is called within ssh2's callback: a short command's exit may stand in the same packet as the answer to exec, and is
 * told to nobody who listens only a microtask later.
 */
function exec<T>(client: Client, line: string, wire: (channel: ClientChannel) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    client.exec(line, (error, channel) => (error ? reject(error) : resolve(wire(channel))))
  })
}

function wireUp(channel: ClientChannel, listener: OutputListener, lost: () => string | undefined): Channel {
  const ended = Promise.withResolvers<ChannelEnd>()
  let exit: ChannelEnd | undefined
  let timer: NodeJS.Timeout | undefined
  const finish = () => {
    clearTimeout(timer)
    ended.resolve(exit ?? { lost: lost() ?? 'the channel ended without an exit status' })
  }
  const linger = () => {
    if (!exit) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      channel.close()
      finish()
    }, lingering)
  }
  channel.on('data', (chunk: Buffer) => {
    listener('stdout', chunk)
    linger()
  })
  channel.stderr.on('data', (chunk: Buffer) => {
    listener('stderr', chunk)
    linger()
  })
  channel.on('error', () => {})
  channel.stderr.on('error', () => {})
  channel.on('exit', (code: number | null, signal?: string) => {
    exit = code === null ? { signal: signal ?? 'SIGKILL' } : { code }
    linger()
  })
  channel.on('close', finish)
  return {
    write: (data) => void (channel.writable && channel.write(data)),
    end: () => void (channel.writable && channel.end()),
    ended: ended.promise,
    abandon: () => {
      channel.close()
      finish()
    },
  }
}
