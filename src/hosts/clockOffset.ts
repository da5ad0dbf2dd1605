import { performance } from 'node:perf_hooks'
import { type ClockOffset, isClock } from '../model/clock.ts'
import type { Command, Reader, Session } from '../model/command.ts'
import { isClosed } from './states.ts'

// POSIX knows neither %s nor %N before 2024: where a `date` has none of them, the last field still tells the second.
const command: Command = { argv: ['date', '-u', '+%s.%N %Y-%m-%dT%H:%M:%S'], timeoutMs: 5000 }

/** Our own clock is read in whole milliseconds, twice. */
const ownResolutionMs = 1

/** Wall and steady clock differ by more than this only where the wall clock was set meanwhile, in milliseconds. */
const steppedMs = 50

/**
 * Measures how far a host's clock is from ours by one small command. The host read its clock at some moment between the
 * request and the first byte of the answer: the middle is taken, and half of that time is the uncertainty, with the
 * resolution of both clocks. Undefined where there is no answer, where it is decades away and so no clock's, or where our
 * own clock was set in between. Never rejects.
 */
export async function measureOffset(host: Pick<Reader, 'run'>): Promise<ClockOffset | undefined> {
  const [sent, from] = [Date.now(), performance.now()]
  let answered: { at: number; ms: number } | undefined
  const result = await host
    .run(command, {
      onOutput: (stream) => {
        if (stream === 'stdout') answered ??= { at: Date.now(), ms: performance.now() - from }
      },
    })
    .catch(() => undefined)
  if (result?.endedBy !== 'exit' || result.exitCode !== 0 || answered === undefined) return undefined
  if (Math.abs(answered.at - sent - answered.ms) > steppedMs) return undefined
  const read = readDate(Buffer.from(result.stdout.bytes).toString('latin1'))
  if (read === undefined) return undefined
  const theirs = read.ms + read.resolutionMs / 2
  const offset = {
    offsetMs: Math.round(theirs - (sent + answered.ms / 2)),
    uncertaintyMs: Math.ceil((answered.ms + read.resolutionMs) / 2 + ownResolutionMs),
  }
  return isClock(offset) ? offset : undefined
}

/** No date is further from 1970 (ECMA-262, time values), in milliseconds. */
const lastDateMs = 8.64e15

/** Reads what the command printed; `ms` is since 1970, and `resolutionMs` is 1000 where the host tells whole seconds only. */
export function readDate(printed: string): { ms: number; resolutionMs: number } | undefined {
  const [epoch = '', utc = ''] = printed.trim().split(/\s+/)
  const [, seconds, fraction = ''] = /^(\d+)(?:\.(\d{1,9})$)?/.exec(epoch) ?? []
  const ms =
    seconds === undefined
      ? Date.parse(`${utc}Z`)
      : Number(seconds) * 1000 + (Number(fraction) * 1000) / 10 ** fraction.length
  return Math.abs(ms) <= lastDateMs ? { ms, resolutionMs: 1000 / 10 ** fraction.length } : undefined
}

/** A measurement that says less than this, or none, is made again soon a few times: a link is busiest when it was just opened. */
const poorMs = 100
const soon = { everyMs: 15_000, times: 3 }

/** A clock that is measured now and then. */
export interface ClockWatch {
  stop(): void
  /** Settles when the first measurement is over, whatever came of it. */
  first: Promise<void>
  /** Settles when no measurement runs any more; one that runs ends with its session. */
  ended: Promise<void>
}

/**
 * Measures a host's clock at once, and again every `everyMs`, and whenever its link has come back, until the session is
 * closed. While there is no link nothing is asked: an answer that comes after one says little.
 */
export function watchClock(
  session: Pick<Session, 'run' | 'state' | 'onState'>,
  o: { everyMs: number; onOffset(offset: ClockOffset): void },
): ClockWatch {
  const first = Promise.withResolvers<void>()
  let open = !isClosed(session.state())
  let cameBack = false
  let wake: () => void = () => {}
  const stop = () => {
    open = false
    first.resolve()
    wake()
  }
  const ready = () => session.state().is === 'ready'
  let was = ready()
  const unlisten = session.onState((state) => {
    if (isClosed(state)) stop()
    if (ready() && !was) {
      cameBack = true
      wake()
    }
    was = ready() || state.is === 'stale'
  })

  async function watch(): Promise<void> {
    for (let poor = 0; open; ) {
      cameBack = false
      const offset = ready() ? await measureOffset(session) : undefined
      if (open && offset !== undefined) o.onOffset(offset)
      first.resolve()
      const again = (offset === undefined || offset.uncertaintyMs > poorMs) && poor++ < soon.times
      if (open && !cameBack) await pause(again ? Math.min(soon.everyMs, o.everyMs) : o.everyMs)
      if (cameBack) poor = 0
    }
    unlisten()
    first.resolve()
  }

  /** Ends early when the link came back or the watch ends; a clock that is only watched must not keep the program alive. */
  async function pause(ms: number): Promise<void> {
    const over = Promise.withResolvers<void>()
    wake = over.resolve
    const timer = setTimeout(over.resolve, ms)
    timer.unref()
    await over.promise
    clearTimeout(timer)
  }

  return { stop, first: first.promise, ended: watch() }
}
