/** A hybrid logical clock (Kulkarni et al. 2014): as near to the wall clock as it can be, and never going back. */
export interface Clock {
  /** The next reading, later than every reading that was given or observed before. */
  next(): string
  /** Takes in a reading of another writer, so that what is recorded from now on comes after it. */
  observe(reading: string): void
}

const shape = /^(\d{16})-(\d{4})$/
/** A reading this far ahead of our own clock is not followed: one broken clock would drag all others along. */
const maxAheadMs = 24 * 60 * 60 * 1000

/** The latest time that a Date can hold: a reading beyond it is none. */
const latest = 8.64e15

/** A clock whose readings are text such as `0001763668800123-0004` (milliseconds, counter) and sort as text. It begins after `start`, however far ahead that is: our own journal's last reading is a fact. */
export function createClock(now: () => number = Date.now, start = ''): Clock {
  let ms = 0
  let count = 0

  function follow(reading: string, limit: number): void {
    const found = shape.exec(reading)
    if (!found) return
    const [theirs, counter] = [Number(found[1]), Number(found[2])]
    if (theirs > limit || theirs < ms || (theirs === ms && counter <= count)) return
    ms = theirs
    count = counter
  }

  follow(start, latest)
  return {
    next() {
      const wall = Math.floor(now())
      if (wall > ms) {
        ms = wall
        count = 0
      } else if (++count > 9999) {
        ms++
        count = 0
      }
      return `${String(ms).padStart(16, '0')}-${String(count).padStart(4, '0')}`
    },
    observe: (reading) => follow(reading, now() + maxAheadMs),
  }
}
