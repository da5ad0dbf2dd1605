import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'ssh2'
import { messageOf } from '../../model/errors.ts'
import { hostWords } from '../errors.ts'
import { keepState, now } from '../states.ts'
import type { Transport } from '../transport.ts'
import { openChannel } from './channel.ts'

/** When a silent link is called stale and lost, in milliseconds; a keepalive is asked for every `intervalMs`. */
export interface Silence {
  staleMs: number
  intervalMs: number
  count: number
}

/** Stale within 10 s of silence, lost after three keepalives without an answer. */
export const defaultSilence: Silence = { staleMs: 8000, intervalMs: 5000, count: 3 }

/** Waiting this long after `ready` keeps the first command out of a 40 ms stall that met 7–12 % of connects. */
const settling = 3

/** The way to a host over an authenticated ssh2 client; watches for silence and for the end of the link. */
export async function ssh2Transport(client: Client, stream: Duplex, silence: Silence): Promise<Transport> {
  const state = keepState({ is: 'ready', since: now() })
  let lost: string | undefined
  let heard = Date.now()
  const lose = (reason: string) => {
    if (lost !== undefined) return
    lost = reason
    clearInterval(watch)
    state.set({ is: 'lost', since: now(), reason })
    client.destroy()
    stream.destroy()
  }
  const hear = () => {
    heard = Date.now()
    if (state.get().is === 'stale') state.set({ is: 'ready', since: now() })
  }
  const watch = setInterval(
    () => {
      if (Date.now() - heard >= silence.staleMs && state.get().is === 'ready') {
        state.set({ is: 'stale', since: new Date(heard).toISOString() })
      }
    },
    Math.min(1000, silence.staleMs / 4),
  )
  // A state that is only watched must not keep the program alive.
  watch.unref()
  stream.on('data', hear)
  client.on('error', (error: Error & { level?: string }) => {
    if (error.level !== 'agent') lose(`the link was lost: ${hostWords(messageOf(error))}`)
  })
  client.on('close', () => lose('the link was lost: the host closed the connection'))
  if (stream.destroyed) lose('the link was lost: the host closed the connection')
  await sleep(settling)
  return {
    open: (line, listener) => openChannel(client, line, listener, () => lost),
    state: state.get,
    onState: state.on,
    async close() {
      if (lost !== undefined) return
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
      lost = 'the session was closed'
      clearInterval(watch)
      state.set({ is: 'lost', since: now(), reason: 'closed' })
      client.end()
      const timer = setTimeout(() => stream.destroy(), 1000)
      await closed
      clearTimeout(timer)
    },
  }
}
