import type { Session } from '../model/command.ts'
import { messageOf } from '../model/errors.ts'
import type { LogLine, LogSourceKind } from '../model/log.ts'
import type { Pipe } from './pipe.ts'
import type { Ring } from './ring.ts'
import type { LogFile } from './store/write.ts'

/** How a followed source stands. */
export interface FollowState {
  state: 'connecting' | 'following' | 'ended'
  /** Why it ended. */
  detail?: string
}

export interface FollowOptions {
  session: Session
  /** The kind of source, which gives the command. */
  kind: Pick<LogSourceKind, 'kind' | 'command'>
  name: string
  /** The user that reads it, by sudo. */
  as?: string
  pipe: Pipe
  ring: Ring
  /** The log on disk; none where absent. It is closed at the end. */
  file?: LogFile
  onState?(state: FollowState): void
  /** Gets every line, also those that fall out of the ring at once. What it throws is told among the lines, once. */
  onLine?(line: LogLine): void
  /** After lines were added, at most once a turn of the event loop. */
  onLines?(): void
  now?(): number
}

/** Follows one log of one host into its ring and file, through the pipe, until it is stopped or ends by itself. Never rejects. */
export function followSource(o: FollowOptions): { stop(): Promise<void>; ended: Promise<void> } {
  const received = stamps(o.now ?? Date.now)
  const stopping = new AbortController()
  let told = false
  let failed = false

  /** Whoever gets the lines must not end what gives them: a failure is told once, among the lines. */
  function guarded(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      if (failed) return
      failed = true
      const text = o.pipe.text(messageOf(error))
      o.ring.push({
        at: received(),
        text: `‹sitrep: a line of this log was not handled: ${text}›`,
        stream: 'stderr',
      })
    }
  }

  const sinkOf = (stream: 'stdout' | 'stderr') =>
    o.pipe.lines((text) => {
      const line = o.ring.push({ at: received(), text, stream })
      guarded(() => o.file?.write(line))
      guarded(() => o.onLine?.(line))
      if (told) return
      told = true
      queueMicrotask(() => {
        told = false
        guarded(() => o.onLines?.())
      })
    })
  const sinks = { stdout: sinkOf('stdout'), stderr: sinkOf('stderr') }

  async function follow(): Promise<string> {
    o.onState?.({ state: 'connecting' })
    const command = {
      ...(await o.kind.command(o.name, o.session)),
      ...(o.as === undefined ? {} : { as: o.as }),
    }
    if (stopping.signal.aborted) return 'stopped'
    let reason = 'stopped'
    const following = o.session.follow(command, {
      chunk: (stream, chunk) => sinks[stream].push(chunk),
      end: (why) => {
        reason = why
      },
    })
    o.onState?.({ state: 'following' })
    const stop = () => void following.stop().catch(() => undefined)
    if (stopping.signal.aborted) stop()
    stopping.signal.addEventListener('abort', stop, { once: true })
    await following.ended
    return reason
  }

  const ended = follow()
    .catch((error: unknown) => messageOf(error))
    .then(async (reason) => {
      sinks.stdout.end()
      sinks.stderr.end()
      const closed = o.file?.close()
      o.onState?.({ state: 'ended', detail: o.pipe.text(reason) })
      await closed
    })
  return {
    ended,
    async stop() {
      stopping.abort()
      await ended
    },
  }
}

/** The time as ISO 8601 UTC, made once for the lines of one millisecond. */
function stamps(now: () => number): () => string {
  let last = Number.NaN
  let text = ''
  return () => {
    const ms = now()
    if (ms !== last) {
      last = ms
      text = new Date(ms).toISOString()
    }
    return text
  }
}
