const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
/** A line of a key's body, also behind a log's prefix; a header of an encrypted one; a mark; nothing. */
const body =
  /(?:^|[\s|>"'›])[A-Za-z0-9+/=]{16,}(?:["',]|\\n?)*\s{0,40}$|^\W{0,40}[A-Za-z0-9+/=]*\s{0,40}$|Proc-Type:|DEK-Info:|Version:|Comment:|‹secret:[^‹›]{1,120}›\s{0,40}$/
const mark = '‹redacted:private-key›'
const longest = 400

/**
 * Replaces private key blocks by one mark each, over pieces of text that end at line ends or are parts of a long line. A
 * block that is never ended is over at the first line that is no part of a key, so that it takes nothing else with it.
 */
export function createKeyBlocks(): (text: string) => string {
  let lines = 0
  let inside = false
  /** The piece before ended in the line that this one goes on with. */
  let sameLine = false
  /** Some of that line was shown, so it has an end too. */
  let partShown = false

  function takeLine(line: string): string | undefined {
    if (inside) {
      const ended = end.exec(line)
      if (ended) {
        inside = false
        const rest = line.slice(ended.index + ended[0].length)
        return rest.trim() === '' ? undefined : takeLine(rest)
      }
      if (sameLine || (++lines <= longest && body.test(line))) return undefined
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

  function takeLast(line: string): string {
    const kept = takeLine(line)
    partShown ||= kept !== undefined
    sameLine = true
    return kept ?? ''
  }

  function endLine(line: string): string {
    const kept = takeLine(line)
    const ends = kept !== undefined || partShown
    sameLine = partShown = false
    return ends ? `${kept ?? ''}\n` : ''
  }

  return (text) => {
    if (!inside && !text.includes('-----BEGIN ')) {
      if (text !== '') sameLine = partShown = !text.endsWith('\n')
      return text
    }
    let out = ''
    let at = 0
    for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', at)) {
      out += endLine(text.slice(at, newline))
      at = newline + 1
    }
    return at < text.length ? out + takeLast(text.slice(at)) : out
  }
}
