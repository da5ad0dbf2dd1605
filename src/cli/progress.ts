import { afterProgress } from '../run/atWork.ts'
import type { Progress } from '../run/context.ts'
import { isAsking } from './terminal.ts'

/** One line on stderr that says what is being done; nothing where stderr is no terminal. */
export interface ProgressLine {
  show(now: Progress | undefined): void
  /** Takes the line away, before something else is written. */
  clear(): void
}

/** Makes the progress line; `clean` is the one pipe, for what is done may name things of the host. */
export function progressLine(wanted: boolean, clean: (text: string) => string): ProgressLine {
  const { stderr } = process
  if (!wanted || !stderr.isTTY) return { show: () => undefined, clear: () => undefined }
  const clear = () => {
    if (!isAsking()) stderr.write('\r\u001b[K')
  }
  let atWork: Record<string, Progress> = {}
  return {
    clear,
    show: (now) => {
      atWork = afterProgress(atWork, now)
      clear()
      if (isAsking()) return
      const text = clean(progressText(atWork))
      if (text !== '') stderr.write(`${text.slice(0, Math.max(0, (stderr.columns ?? 80) - 1))}\r`)
    },
  }
}

/** What was begun last, and on how many other hosts something is at work; empty where nothing is. */
export function progressText(atWork: Readonly<Record<string, Progress>>): string {
  const working = Object.values(atWork).filter(({ waits }) => waits !== true)
  const now = working.at(-1)
  if (now === undefined) return ''
  const more = working.length > 1 ? `(and ${working.length - 1} more at work)` : ''
  return [now.host, more, now.step, now.doing].filter((word) => word !== '').join('  ')
}
