import type { LinkTimes } from '../../model/host.ts'
import { watchSilence } from '../silence.ts'
import { closedState, keepState, now } from '../states.ts'
import type { Transport } from '../transport.ts'
import { createChannels } from './channels.ts'
import type { Master } from './master.ts'
import { aliveTimes } from './options.ts'

/** The way to a host over a master of the system's ssh; watches for silence and for the end of the link. */
export function opensshTransport(master: Master, times: Pick<LinkTimes, 'stale' | 'lost'>): Transport {
  const state = keepState({ is: 'ready', since: now() })
  let lost: string | undefined
  const lose = (reason: string) => {
    if (lost !== undefined) return
    lost = `the link was lost: ${reason}`
    silence.stop()
    state.set({ is: 'lost', since: now(), reason: lost })
    void master.close()
  }
  const able = aliveTimes(times)
  const silence = watchSilence(able, {
    onStale: (lastHeard) => state.set({ is: 'stale', since: lastHeard.toISOString() }),
    onLost: () => lose(`no answer for ${able.lost / 1000} s`),
  })
  const hear = () => {
    silence.hear()
    if (state.get().is === 'stale') state.set({ is: 'ready', since: now() })
  }
  master.onHeard(hear)
  void master.ended.then(lose)
  const channels = createChannels(master, {
    lost: () => lost,
    onCrowded(reason) {
      if (state.get().is === 'ready')
        state.set({ is: 'ready', since: now(), ...(reason === undefined ? {} : { reason }) })
    },
  })
  return {
    open: (line, listener, o) =>
      channels.open(
        line,
        (stream, chunk) => {
          hear()
          listener(stream, chunk)
        },
        o,
      ),
    state: state.get,
    onState: state.on,
    async close() {
      if (lost === undefined) {
        lost = 'the session was closed'
        silence.stop()
        state.set(closedState())
      }
      await master.close()
    },
  }
}
