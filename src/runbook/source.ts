import { open } from 'node:fs/promises'
import { messageOf } from '../model/errors.ts'
import type { Finding } from '../model/runbook.ts'
import { sourceLimits } from '../model/source.ts'

/** Reads a file, at most one byte more than the limit of a source, so that a huge or endless one costs nothing. */
export async function readLimited(file: string): Promise<{ bytes: Uint8Array } | { problem: Finding }> {
  const problem = (message: string) => ({
    problem: { at: { file, line: 1, column: 1 }, message, level: 'error' as const },
  })
  try {
    await using handle = await open(file, 'r')
    const stat = await handle.stat()
    if (!stat.isFile())
      return problem(stat.isDirectory() ? 'this is a folder, not a file' : 'this is not a regular file')
    const buffer = Buffer.alloc(Math.min(stat.size, sourceLimits.bytes) + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) break
    }
    return { bytes: buffer.subarray(0, length) }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return problem('there is no such file')
    if (code === 'EACCES') return problem('this file may not be read: permission denied')
    return problem(`this file can not be read: ${messageOf(error)}`)
  }
}
