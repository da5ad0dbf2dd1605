import type { ClientChannel } from 'ssh2'
import type { OutputListener } from '../../model/command.ts'
import type { Channel, ChannelEnd } from '../transport.ts'

/** What a background process of the host keeps open is given up after this silence, in milliseconds. */
const lingering = 1000

/** A channel of ours over one of ssh2's; its streams are read from now on. */
export function wireUp(
  channel: ClientChannel,
  listener: OutputListener,
  lost: () => string | undefined,
): Channel {
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
