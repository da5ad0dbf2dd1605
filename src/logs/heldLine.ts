/** Combining marks that may follow one character. */
const mostMarks = 8
/** How much of a line's end is kept apart, so that a backspace does not copy the line. */
const apart = 512

/**
 * The line that a terminal would be writing: a CR lets what follows replace it, a backspace takes its last character. It
 * is given when it ends. Where text was overwritten that stands nowhere in the line any more, the line begins with `‹CR›`
 * or `‹BS›`, so that `rm -rf /` behind a CR leaves a trace; writing the same again, or over blanks and underscores,
 * leaves none. A line that grows past `hold` characters is let go in parts, and from then on each CR or backspace in it
 * is shown as a mark.
 */
export interface HeldLine {
  /** Adds text in which nothing is forbidden, and no combining mark and no newline stands. */
  show(text: string): void
  /** Adds whole lines of such text, behind the end of a line. */
  whole(lines: string): void
  /** Adds a run of combining marks: the first few as they are, the others as their number. */
  combine(run: string): void
  newline(): void
  carriageReturn(): void
  backspace(): void
  /** What is ready to be given. */
  take(): string
  /** What is ready and the unfinished line. */
  end(): string
}

export function createHeldLine(hold: number): HeldLine {
  let out = ''
  /** The line is `line + tail`. */
  let line = ''
  let tail = ''
  let letGo = false
  let carriage = false
  let erasing = false
  let marks = 0
  /** What was overwritten last, and from where in the line. */
  let former: { text: string; from: number; by: string } | undefined
  let traces = ''

  function add(text: string): void {
    erasing = false
    if (carriage) {
      carriage = false
      if (letGo) out += '‹CR›'
      else {
        settle()
        former = { text: line + tail, from: 0, by: '‹CR›' }
        line = tail = ''
      }
    }
    if (letGo) out += text
    else if (line.length + tail.length + text.length > hold) {
      tail += text
      letGo = true
      giveLine()
    } else {
      tail += text
      if (tail.length > apart) {
        line += tail
        tail = ''
      }
    }
  }

  function giveLine(): void {
    settle()
    out += traces + line + tail
    line = tail = traces = ''
  }

  /** Looks whether all that was overwritten stands in the line again, and leaves the trace where it does not. */
  function settle(): void {
    if (former === undefined) return
    const { text, from, by } = former
    former = undefined
    if (!traces.includes(by) && !covers(behind(from), text)) traces += by
  }

  /** The line from a place on, without copying all of it. */
  function behind(place: number): string {
    const from = Math.max(0, place)
    return from >= line.length ? tail.slice(from - line.length) : line.slice(from) + tail
  }

  /** Whatever is no combining mark ends a run of them. */
  function endMarks(): void {
    const more = marks - mostMarks
    marks = 0
    if (more > 0) add(`‹${more} more combining marks›`)
  }

  function finish(end: string): void {
    endMarks()
    giveLine()
    out += end
    letGo = carriage = erasing = false
  }

  /** Takes the last character off the line, and remembers it. */
  function erase(): void {
    if (tail === '') {
      // A character of two halves stays whole.
      const from = Math.max(0, line.length - apart)
      const code = line.charCodeAt(from)
      const start = from > 0 && code >= 0xdc00 && code <= 0xdfff ? from - 1 : from
      tail = line.slice(start)
      line = line.slice(0, start)
    }
    const width = tail.codePointAt(tail.length - 2)! > 0xffff ? 2 : 1
    const text = tail.slice(-width)
    if (erasing && former) former.text = text + former.text
    else {
      settle()
      former = { text, from: 0, by: '‹BS›' }
    }
    tail = tail.slice(0, -width)
    former.from = line.length + tail.length
    erasing = true
    // What is last now may be combining marks, and more of them may follow.
    marks = [...(lastMarks.exec(behind(former.from - 2 * mostMarks))?.[0] ?? '')].length
  }

  function take(): string {
    const ready = out
    out = ''
    return ready
  }

  return {
    show(text) {
      endMarks()
      add(text)
    },
    whole(lines) {
      out += lines
    },
    combine(run) {
      const characters = [...run]
      const room = Math.max(0, mostMarks - marks)
      marks += characters.length
      if (room > 0) add(characters.slice(0, room).join(''))
    },
    newline: () => finish('\n'),
    carriageReturn() {
      endMarks()
      carriage = true
    },
    backspace() {
      endMarks()
      // At a line's beginning there is nothing to take back.
      if (carriage || (line === '' && tail === '' && !letGo)) return
      if (letGo) add('‹BS›')
      else erase()
    },
    take,
    end() {
      finish('')
      return take()
    },
  }
}

const lastMarks = /\p{M}+$/u

/** True where nothing of `before` is gone: the same characters stand there again, or it was a blank or an underscore. */
function covers(now: string, before: string): boolean {
  for (let at = 0; at < before.length; at++) {
    const code = before.charCodeAt(at)
    const blank = code === 0x20 || code === 0x09 || code === 0x5f
    if (!blank && code !== now.charCodeAt(at)) return false
  }
  return true
}
