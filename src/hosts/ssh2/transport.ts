import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import type { LinkTimes } from '../../model/host.ts'
import { hostWords } from '../errors.ts'
import { watchSilence } from '../silence.ts'
import { closedState, keepState, now } from '../states.ts'
import type { Transport } from '../transport.ts'
import { createChannels } from './channel.ts'

/** Waiting this long after `ready` keeps the first command out of a 40 ms stall that met 7–12 % of connects. */
const settling = 3

/** The way to a host over an authenticated ssh2 client; watches for silence and for the end of the link. */
export async function ssh2Transport(
  client: Client,
  stream: Duplex,
  times: Pick<LinkTimes, 'stale' | 'lost'>,
): Promise<Transport> {
  const state = keepState({ is: 'ready', since: now() })
  let lost: string | undefined
  const lose = (reason: string) => {
    if (lost !== undefined) return
    lost = `the link was lost: ${reason}`
    silence.stop()
    state.set({ is: 'lost', since: now(), reason: lost })
    client.destroy()
    stream.destroy()
  }
  const silence = watchSilence(times, {
    onStale: (lastHeard) => state.set({ is: 'stale', since: lastHeard.toISOString() }),
    onLost: () => lose(`no answer for ${times.lost / 1000} s`),
  })
  const channels = createChannels(client, {
    lost: () => lost,
    onCrowded: (reason) => {
      if (state.get().is === 'ready')
        state.set({ is: 'ready', since: now(), ...(reason === undefined ? {} : { reason }) })
    },
  })
  stream.on('data', () => {
    silence.hear()
    if (state.get().is === 'stale') state.set({ is: 'ready', since: now() })
  })
  client.on('error', (error: Error & { level?: string }) => {
    if (error.level !== 'agent') lose(hostWords(messageOf(error)))
  })
  client.on('close', () => lose('the host closed the connection'))
  if (stream.destroyed) lose('the host closed the connection')
  await sleep(settling)
  return {
    open: channels.open,
    state: state.get,
    onState: state.on,
    async close() {
      if (lost !== undefined) return
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
      lost = 'the session was closed'
      silence.stop()
      state.set(closedState())
      client.end()
      const timer = setTimeout(() => stream.destroy(), 1000)
      await closed
      clearTimeout(timer)
    },
  }
}
