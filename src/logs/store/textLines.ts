import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import { isCode } from './files.ts'

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
 * console may be writing it. A plain part that is closed meanwhile is read in its compressed form.
 */
export async function* lineChunks(path: string): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let begun = false
  try {
    for await (const chunk of textOf(path)) {
      begun = true
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  } catch (error) {
    if (begun || !isCode(error, 'ENOENT') || path.endsWith('.gz')) throw error
    yield* lineChunks(`${path}.gz`)
  }
}
