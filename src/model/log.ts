import type { ZodType } from 'zod'
import type { Command, Reader } from './command.ts'

/** A kind of log source; one file in src/logs/sources/. */
export interface LogSourceKind {
  kind: string
  summary: string
  /** What may stand after `kind:`; a plain string for all that ship. */
  params: ZodType<string>
  example: string
  /** The command that prints the last lines and then follows; may look at the host first (the paths of a PM2 process's logs). */
  command(name: string, host: Reader): Promise<Command>
}

/** One log of one host. `key` is `HOST kind:name`. */
export interface LogSource {
  key: string
  host: string
  kind: string
  name: string
  /** The user that reads it, by sudo; the login user where absent. */
  as?: string
}

/** One line after the sink pipe: inert and redacted. */
export interface LogLine {
  /** Counts up by one within a source. */
  seq: number
  /** When this machine received it, ISO 8601 UTC with milliseconds. */
  at: string
  text: string
  stream: 'stdout' | 'stderr'
}
