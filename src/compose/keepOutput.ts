import { type ArtifactWriter, createArtifact } from '../journal/artifacts.ts'
import type { Pipe } from '../logs/pipe.ts'
import { messageOf } from '../model/errors.ts'
import { isShort } from '../run/apply.ts'
import type { Kept, OutputKeeper } from '../run/keep.ts'
import { createArrival } from './arrival.ts'

/**
 * Keeps one command's output beside the journal while it comes, inert and redacted: all of it up to 64 MiB of text, also
 * what a result no longer holds. An output that the event shows whole is not kept beside it.
 */
export function keepOutput(o: { dir: string; pipe: Pipe; limit?: number }): OutputKeeper {
  const shown = { stdout: '', stderr: '' }
  let early: string[] = []
  let artifact: ArtifactWriter | undefined
  let over = false

  const arrival = createArrival((text) => {
    if (artifact === undefined) early.push(text)
    else artifact.write(text)
  })
  const sinkOf = (stream: 'stdout' | 'stderr') =>
    o.pipe.stream((text) => {
      if (artifact === undefined) {
        shown[stream] += text
        if (!isShort(shown[stream])) spill()
      }
      arrival.push(stream, text)
    })
  const sinks = { stdout: sinkOf('stdout'), stderr: sinkOf('stderr') }

  function spill(): void {
    artifact = createArtifact(o.dir, o.limit === undefined ? {} : { limit: o.limit })
    for (const text of early) artifact.write(text)
    early = []
  }

  function finish(): void {
    if (over) return
    over = true
    sinks.stdout.end()
    sinks.stderr.end()
    arrival.end()
  }

  return {
    chunk(stream, chunk) {
      // What can't be kept any more need not be made clean either: a command that prints without end costs no more.
      if (!over && artifact?.full() === true) finish()
      if (over) artifact?.skip(chunk.length)
      else sinks[stream].push(chunk)
    },
    async end(): Promise<Kept> {
      finish()
      if (artifact === undefined) return {}
      const kept = artifact
      artifact = undefined
      try {
        const { sha256, bytes, cut } = await kept.end()
        return { artifact: { sha256, bytes, ...(cut ? { cut } : {}) } }
      } catch (error) {
        return { unkept: whyUnkept(error) }
      }
    },
    async abandon() {
      over = true
      await artifact?.abandon()
      artifact = undefined
    },
  }
}

/** Why something could not be kept, without the path that a system's error ends with. */
export function whyUnkept(error: unknown): string {
  const message = messageOf(error)
  return error instanceof Error && 'code' in error ? message.replace(/, \w+( '.*)?$/s, '') : message
}
