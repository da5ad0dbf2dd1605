import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import { createLines } from '../lines.ts'
import { isCode } from './files.ts'

/** A line is cut at this many characters; no line that sitrep wrote is as long. */
const longest = 1024 * 1024

/** The bytes of a part's text; `.gz` is unpacked. What is left early is closed. */
function textOf(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 128 * 1024 })
  if (!path.endsWith('.gz')) return file
  const text = createGunzip({ chunkSize: 128 * 1024 })
  // An error of either stream reaches whoever reads the text.
  pipeline(file, text, () => undefined)
  return text
}

/**
 * The finished lines of a part, many at a time, without their newlines; a last line without its end is left out, since a
 * console may be writing it. A line of more than 1 Mi characters is cut, and says so. A plain part that is closed meanwhile is read in its compressed form.
 */
export async function* lineChunks(path: string): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8')
  let lines: string[] = []
  // What is not of our making may hold one line of any length.
  const splitter = createLines((line) => lines.push(line), { longest })
  let begun = false
  try {
    for await (const chunk of textOf(path)) {
      begun = true
      splitter.push(decoder.write(chunk))
      if (lines.length === 0) continue
      yield lines
      lines = []
    }
  } catch (error) {
    if (begun || !isCode(error, 'ENOENT') || path.endsWith('.gz')) throw error
    yield* lineChunks(`${path}.gz`)
  }
}
