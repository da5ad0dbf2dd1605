import type { LogLine } from '../model/log.ts'

/** The last lines of one source. `version` grows with every change, so that a view can tell whether to look again. */
export interface Ring {
  push(line: Omit<LogLine, 'seq'>): LogLine
  /** The kept lines, oldest first; the same array until something changes. */
  lines(): readonly LogLine[]
  /** The kept lines of some numbers; those that fell out are left out. */
  pick(seqs: readonly number[]): LogLine[]
  version(): number
  /** Lines received in all. */
  total(): number
}

/** A ring of `size` lines; pushing costs the same however many are kept. */
export function createRing(size = 10_000): Ring {
  const slots: LogLine[] = []
  let total = 0
  let cached: { version: number; lines: readonly LogLine[] } | undefined

  function lines(): readonly LogLine[] {
    if (cached?.version === total) return cached.lines
    const first = total > size ? total % size : 0
    cached = { version: total, lines: [...slots.slice(first), ...slots.slice(0, first)] }
    return cached.lines
  }

  return {
    push(line) {
      const full: LogLine = { seq: total, ...line }
      slots[total % size] = full
      total++
      return full
    },
    lines,
    pick(seqs) {
      return seqs.flatMap((seq) => {
        const line = slots[seq % size]
        return line?.seq === seq ? [line] : []
      })
    },
    version: () => total,
    total: () => total,
  }
}
