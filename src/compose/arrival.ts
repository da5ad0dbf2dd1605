type Stream = 'stdout' | 'stderr'

/** Both streams of one command as one text: whole lines, in the order in which they came. */
export interface Arrival {
  push(stream: Stream, text: string): void
  /** Gives the lines that had no end. */
  end(): void
}

/** A line that is longer is given in pieces, so that a stream without lines stays in bounded memory. */
const longest = 64 * 1024

/**
 * Lines of stderr begin with `‹stderr› `. Where a line that is given in pieces is interrupted by the other stream, its
 * rest begins with `‹goes on› `.
 *
 * Example: `one\n` on stdout, `no such file\n` on stderr, `two` on stdout give `one\n‹stderr› no such file\ntwo\n`.
 */
export function createArrival(write: (text: string) => void): Arrival {
  const rest: Record<Stream, string> = { stdout: '', stderr: '' }
  /** True while a part of the stream's unfinished line was given already. */
  const begun: Record<Stream, boolean> = { stdout: false, stderr: false }
  /** The stream whose unfinished line stands last. */
  let last: Stream | undefined

  const markOf = (stream: Stream) => (stream === 'stderr' ? '‹stderr› ' : '')

  function give(stream: Stream, text: string, ended: boolean): void {
    const mark = markOf(stream)
    const cut = last !== undefined && last !== stream ? '\n' : ''
    const lead = last === stream ? '' : begun[stream] ? `${mark}‹goes on› ` : mark
    const lines = mark === '' ? text : text.replaceAll('\n', `\n${mark}`)
    write(`${cut}${lead}${lines}${ended ? '\n' : ''}`)
    begun[stream] = !ended
    last = ended ? undefined : stream
  }

  return {
    push(stream, text) {
      const all = rest[stream] + text
      const end = all.lastIndexOf('\n')
      if (end >= 0) give(stream, all.slice(0, end), true)
      rest[stream] = all.slice(end + 1)
      if (rest[stream].length <= longest) return
      give(stream, rest[stream], false)
      rest[stream] = ''
    },
    end() {
      for (const stream of ['stdout', 'stderr'] as const) {
        if (rest[stream] !== '' || begun[stream]) give(stream, rest[stream], true)
        rest[stream] = ''
      }
    },
  }
}
