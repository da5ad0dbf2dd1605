const begin = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/
const end = /-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/
/** A line of a key's body, also behind a log's prefix; a header of an encrypted one; a mark; nothing. */
const body =
  /(?:^|[\s|>"'])[A-Za-z0-9+/=]{16,}["'\\,n]*\s*$|^\W*[A-Za-z0-9+/=]*\s*$|Proc-Type:|DEK-Info:|Version:|Comment:|‹secret:[^›]+›\s*$/
const mark = '‹redacted:private-key›'
const longest = 400

/**
 * Replaces private key blocks by one mark each, over pieces of text that end at line ends. A block that is never ended is
 * over at the first line that is no part of a key, so that it takes nothing else with it.
 */
export function createKeyBlocks(): (text: string) => string {
  let lines = 0
  let inside = false

  function takeLine(line: string): string | undefined {
    if (inside) {
      const ended = end.exec(line)
      if (ended) {
        inside = false
        const rest = line.slice(ended.index + ended[0].length)
        return rest.trim() === '' ? undefined : takeLine(rest)
      }
      if (++lines <= longest && body.test(line)) return undefined
      inside = false
    }
    const begun = begin.exec(line)
    if (!begun) return line
    const rest = line.slice(begun.index + begun[0].length)
    const ended = end.exec(rest)
    const before = line.slice(0, begun.index) + mark
    if (ended) return before + (takeLine(rest.slice(ended.index + ended[0].length)) ?? '')
    inside = true
    lines = 0
    return before
  }

  return (text) => {
    if (!inside && !text.includes('-----BEGIN ')) return text
    const pieces = text.split('\n')
    const unfinished = pieces.pop() ?? ''
    const kept = pieces.map(takeLine).filter((line) => line !== undefined)
    const last = unfinished === '' ? '' : (takeLine(unfinished) ?? '')
    return kept.map((line) => `${line}\n`).join('') + last
  }
}
