import { performance } from 'node:perf_hooks'
import { createRoom } from './lasting/wait.ts'

/** A wait for a free channel that is longer than this is told, in milliseconds. */
const tellAfter = 1000

/** One who was refused a channel and waits for its turn. */
export interface Place {
  /** Waits until it is the first and one of our channels has ended, or a while: sshd clears away late, and others have channels, too. */
  turn(): Promise<void>
  leave(): void
}

/** Those who wait for a free channel of one link: first come, first served. */
export interface Queue {
  join(signal: AbortSignal | undefined): Place
  /** One of our channels has ended. */
  freed(): void
  /** When that was last, by performance.now(). */
  lastFreed(): number
}

/** `onCrowded` gets true when somebody waits for long, and false when nobody does any more. */
export function createQueue(o: { lost(): string | undefined; onCrowded(crowded: boolean): void }): Queue {
  const room = createRoom()
  const queue: Place[] = []
  const told = new Set<Place>()
  let freed = 0
  return {
    join(signal) {
      const began = performance.now()
      let tries = 0
      const tell = () => {
        if (performance.now() - began < tellAfter) return
        told.add(place)
        if (told.size === 1) o.onCrowded(true)
      }
      const place: Place = {
        async turn() {
          do {
            tell()
            await room.wait(Math.min(50 * 2 ** tries, 1000) * (0.5 + Math.random()), signal)
          } while (queue[0] !== place && o.lost() === undefined && !signal?.aborted)
          tries++
        },
        leave() {
          queue.splice(queue.indexOf(place), 1)
          if (told.delete(place) && told.size === 0) o.onCrowded(false)
        },
      }
      queue.push(place)
      return place
    },
    freed() {
      freed = performance.now()
      room.wake()
    },
    lastFreed: () => freed,
  }
}
