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
  return {
    clear,
    show: (now) => {
      clear()
      if (now === undefined || isAsking()) return
      const text = clean([now.host, now.step, now.doing].filter((word) => word !== '').join('  '))
      stderr.write(`${text.slice(0, Math.max(0, (stderr.columns ?? 80) - 1))}\r`)
    },
  }
}
