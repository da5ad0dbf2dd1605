/** Combining marks that may follow one character. */
const mostMarks = 8

/**
 * The line that a terminal would be writing: a CR lets what follows replace it, a backspace takes its last character. It
 * is given when it ends; one that grows past `hold` characters is let go in parts, and from then on what would change it
 * is shown as a mark.
 */
export interface HeldLine {
  /** Adds text in which nothing is forbidden, and no combining mark stands alone. */
  show(text: string): void
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
  let line = ''
  let letGo = false
  let carriage = false
  let marks = 0

  function add(text: string): void {
    if (carriage) {
      carriage = false
      if (letGo) out += '‹CR›'
      else line = ''
    }
    if (letGo) out += text
    else if (line.length + text.length <= hold) line += text
    else {
      letGo = true
      out += line + text
      line = ''
    }
  }

  /** Whatever is no combining mark ends a run of them. */
  function endMarks(): void {
    const more = marks - mostMarks
    marks = 0
    if (more > 0) add(`‹${more} more combining marks›`)
  }

  function finish(end: string): void {
    endMarks()
    out += line + end
    line = ''
    letGo = false
    carriage = false
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
      if (carriage || (line === '' && !letGo)) return
      if (letGo) add('‹BS›')
      else line = line.slice(0, line.length - (line.codePointAt(line.length - 2)! > 0xffff ? 2 : 1))
    },
    take,
    end() {
      finish('')
      return take()
    },
  }
}
