import type { Output } from '../model/command.ts'

/** What a command printed is kept in memory up to this many bytes of each stream. */
export const outputLimit = 1024 * 1024

/** Keeps the first `limit` bytes of a stream and counts them all. */
export interface Collector {
  add(chunk: Uint8Array): void
  output(): Output
}

/** A collector for one stream of one command. */
export function collect(limit: number = outputLimit): Collector {
  const chunks: Uint8Array[] = []
  let kept = 0
  let total = 0
  return {
    add(chunk) {
      total += chunk.length
      const room = limit - kept
      if (room <= 0) return
      // A copy: a slice would keep the whole packet that it is a part of in memory.
      const part = Uint8Array.prototype.slice.call(chunk, 0, room)
      chunks.push(part)
      kept += part.length
    },
    output: () => ({ bytes: Buffer.concat(chunks), total, cut: total > kept }),
  }
}

/** No output at all. */
export const noOutput = (): Output => ({ bytes: new Uint8Array(), total: 0, cut: false })
