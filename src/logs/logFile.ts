import { chmodSync, closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LogLine } from '../model/log.ts'

/** A source's lines on disk: one line each, its receive time first; 0600. */
export interface LogFile {
  path: string
  write(line: Pick<LogLine, 'at' | 'text' | 'stream'>): void
  close(): void
}

const defaultLimit = 64 * 1024 * 1024
const buffered = 64 * 1024
const flushAfterMs = 200

/** Where the lines of a source go: `logs/<host>-<kind>-<name>.log` in the incident's folder; what is unfit for a file name becomes `_`. */
export function logPath(dir: string, source: { host: string; kind: string; name: string }): string {
  const safe = (text: string) => text.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80)
  return join(dir, 'logs', `${safe(source.host)}-${safe(source.kind)}-${safe(source.name)}.log`)
}

/**
 * Opens a log file for appending. Beyond `limit` bytes it says so once and takes no more (rotation comes later). Lines are
 * gathered for a fifth of a second: a log is no evidence of an acknowledgement, a pinned line is an event.
 */
export function openLogFile(
  path: string,
  o: { limit?: number; onError?: (error: unknown) => void } = {},
): LogFile {
  const limit = o.limit ?? defaultLimit
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  const file = openSync(path, 'a', 0o600)
  chmodSync(path, 0o600)
  let size = statSync(path).size
  let full = size >= limit
  let broken = false
  let pending = ''
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (pending === '' || broken) return
    try {
      writeSync(file, pending)
    } catch (error) {
      broken = true
      o.onError?.(error)
    }
    pending = ''
  }

  return {
    path,
    write({ at, text, stream }) {
      if (full || broken) return
      let line = `${at} ${stream === 'stderr' ? '! ' : ''}${text}\n`
      if (size + line.length > limit) {
        full = true
        line = `${at} ‹cut: the log file has reached its bound of ${limit} bytes›\n`
      }
      size += Buffer.byteLength(line)
      pending += line
      if (pending.length >= buffered || full) flush()
      else timer ??= setTimeout(flush, flushAfterMs)
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}
