import { createHash } from 'node:crypto'

/** What a part holds. */
export interface Measured {
  /** Of the text. */
  bytes: number
  lines: number
  /** When the first and the last line were received, ISO 8601 UTC; absent where no line has its form. */
  from?: string
  to?: string
}

const stampLength = '2026-11-20T22:16:04.123Z'.length
const stampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const unfinished = Buffer.from(' ‹cut: the console ended here›\n')

/** Counts lines and reads the times that they begin with, in whatever chunks the text comes. */
export function createMeasure(): { push(chunk: Buffer): void; end(): Measured & { torn: boolean } } {
  const result: Measured = { bytes: 0, lines: 0 }
  let begun = ''

  function line(start: string): void {
    result.lines++
    const stamp = start.slice(0, stampLength)
    if (!stampForm.test(stamp) || Number.isNaN(Date.parse(stamp))) return
    result.from ??= stamp
    result.to = stamp
  }

  return {
    push(chunk) {
      result.bytes += chunk.length
      // Times are ASCII, and no byte of another character is a newline.
      const text = chunk.toString('latin1')
      let at = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
        line(begun + text.slice(at, Math.min(end, at + stampLength)))
        begun = ''
        at = end + 1
      }
      if (begun.length < stampLength) begun += text.slice(at, at + stampLength)
    },
    end() {
      const torn = begun !== ''
      if (torn) line(begun)
      return { ...result, torn }
    },
  }
}

/** Passes a part's text through and measures it; a last line that a killed console did not finish is ended, and says so. */
export async function* measuring(
  text: AsyncIterable<Buffer>,
  done: (measured: Measured) => void,
): AsyncGenerator<Buffer> {
  const measure = createMeasure()
  for await (const chunk of text) {
    measure.push(chunk)
    yield chunk
  }
  const { torn, ...measured } = measure.end()
  if (torn) yield unfinished
  done(torn ? { ...measured, bytes: measured.bytes + unfinished.length } : measured)
}

/** Passes bytes through and gives the sha256 of them all, in hex. */
export async function* hashing(
  bytes: AsyncIterable<Buffer>,
  done: (sha256: string) => void,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) {
    hash.update(chunk)
    yield chunk
  }
  done(hash.digest('hex'))
}
