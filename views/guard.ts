/** How long a frame that asks something has to stand, with no key pressed, until a key can answer it; milliseconds. */
const quiet = 250

/**
 * Keeps keys that were meant for something else from answering a question. A question's frame is `drawn` when it is
 * committed and `written` when its bytes went out. From then on the guard waits until `quiet` has passed without a key;
 * a key read before that counts for nothing and starts the wait again, so that neither a pasted row of Enters nor a held
 * key reaches a second question. The wait is ended by a timer and then by the next turn of the event loop: keys that
 * waited in the terminal while the process was busy are read in between, and still count for nothing.
 *
 *   frame 1 written ── 250 ms ── open ── Enter: answered ── frame 2 written ── Enter, Enter, … dropped ── 250 ms ── open
 */
export interface Guard {
  /** A frame with this question was committed; undefined when none is shown. */
  drawn(question: string | undefined): void
  /** Ink wrote a frame. */
  written(): void
  /** True when this key may act on the question that is shown; a key that may not starts the wait again. */
  admits(question: string, at: number): boolean
  /** The question was answered: nothing more counts for it, and no key counts for anything until `wait` passed without one. */
  answered(question: string | undefined, at: number): void
  /** True while the keys that follow an answer are dropped; a key that is dropped starts the wait again. */
  cooling(at: number): boolean
  /** The question that keys count for now. */
  open(): string | undefined
  subscribe(listener: () => void): () => void
  close(): void
}

/** A guard; `wait` is `quiet` in use. */
export function createGuard(wait: number = quiet): Guard {
  const listeners = new Set<() => void>()
  const done = new Set<string>()
  let shown: string | undefined
  let writtenAt: number | undefined
  let isOpen = false
  let cooledAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let turn: NodeJS.Immediate | undefined

  const stop = () => {
    clearTimeout(timer)
    clearImmediate(turn)
  }
  const set = (open: boolean) => {
    if (isOpen === open) return
    isOpen = open
    for (const listener of listeners) listener()
  }
  const restart = () => {
    stop()
    set(false)
    if (shown === undefined || done.has(shown)) return
    timer = setTimeout(() => {
      turn = setImmediate(() => set(true))
    }, wait)
  }

  return {
    drawn(question) {
      if (question === shown) return
      stop()
      shown = question
      writtenAt = undefined
      set(false)
    },
    written() {
      if (shown === undefined || writtenAt !== undefined) return
      writtenAt = Date.now()
      restart()
    },
    admits(question, at) {
      if (
        isOpen &&
        question === shown &&
        !done.has(question) &&
        writtenAt !== undefined &&
        at - writtenAt >= wait
      )
        return true
      if (writtenAt !== undefined) restart()
      return false
    },
    answered(question, at) {
      cooledAt = at
      if (question === undefined) return
      done.add(question)
      stop()
      set(false)
    },
    cooling(at) {
      if (at - cooledAt >= wait) return false
      cooledAt = at
      // The question that follows waits as long: it never says that keys count while they are dropped here.
      if (writtenAt !== undefined) restart()
      return true
    },
    open: () => (isOpen ? shown : undefined),
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    close: stop,
  }
}
