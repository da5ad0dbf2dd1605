import type { Progress, RunContext } from '../context.ts'

/** The context with the seconds that are left until `until` (of its own clock, in milliseconds) in all of its progress. */
export function counting(running: RunContext, until: number): { context: RunContext; stop(): void } {
  let last: Progress | undefined
  const tell = () => {
    if (last === undefined) return
    const left = Math.max(0, Math.ceil((until - running.now().getTime()) / 1000))
    running.progress({ ...last, doing: `${last.doing}; goes back in ${left} s unless confirmed` })
  }
  const timer = setInterval(tell, 1000)
  timer.unref()
  const progress = (now: Progress | undefined) => {
    last = now
    if (now === undefined) running.progress(undefined)
    else tell()
  }
  return { context: { ...running, progress }, stop: () => clearInterval(timer) }
}
