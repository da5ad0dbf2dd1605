/** Splits clean text into lines, each cut at `longest` characters with its length told, in bounded memory. */
export interface LineSplitter {
  push(text: string): void
  /** Gives the last line where it had no end. */
  end(): void
}

/** Calls `onLine` for each line, without its newline. */
export function createLines(onLine: (line: string) => void, o: { longest: number }): LineSplitter {
  let line = ''
  let length = 0

  function add(piece: string): void {
    const room = o.longest - line.length
    if (room > 0 && length === line.length)
      line += piece.length <= room ? piece : piece.slice(0, wholeEnd(piece, room))
    length += piece.length
  }

  function give(): void {
    onLine(length > line.length ? `${line}‹cut: ${length} characters in all›` : line)
    line = ''
    length = 0
  }

  return {
    push(text) {
      let at = 0
      for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n', at)) {
        if (length === 0 && newline - at <= o.longest) onLine(text.slice(at, newline))
        else {
          add(text.slice(at, newline))
          give()
        }
        at = newline + 1
      }
      if (at < text.length) add(text.slice(at))
    },
    end() {
      if (length > 0) give()
    },
  }
}

/** A cut never parts the two halves of a character. */
function wholeEnd(text: string, end: number): number {
  const code = text.charCodeAt(end - 1)
  return code >= 0xd800 && code <= 0xdbff ? end - 1 : end
}
