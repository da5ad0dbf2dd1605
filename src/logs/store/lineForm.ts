// One line of a log on disk: `RECEIVED HOSTTIME WORD TEXT`, where HOSTTIME is `-` for a line that bears no time, and WORD
// is `out`, `err`, or `sitrep` for what the console itself says of the log. Plain text, so that zless and grep read it.
import type { OwnTime } from '../ownTime.ts'

/** A line of a log as it was kept. */
export interface StoredLine {
  /** When this machine received it, ISO 8601 UTC. */
  received: string
  /** The line's own time by its host's clock, uncorrected: UTC with `Z`, or the host's local time without. */
  hostTime?: string
  /** `sitrep` for what the console says of the log, such as a gap. */
  stream: 'stdout' | 'stderr' | 'sitrep'
  text: string
}

const words = { stdout: 'out', stderr: 'err', sitrep: 'sitrep' } as const
const streams: Record<string, StoredLine['stream']> = { out: 'stdout', err: 'stderr', sitrep: 'sitrep' }

/** A line as it stands in the file, with its newline. */
export function formatLine(
  received: string,
  own: OwnTime | undefined,
  stream: StoredLine['stream'],
  text: string,
): string {
  return `${received} ${own === undefined ? '-' : own.at} ${words[stream]} ${text}\n`
}

const form =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z?) (out|err|sitrep) (.*)$/s

/** Reads one line back, without its newline; undefined where it does not have the form. */
export function parseLine(line: string): StoredLine | undefined {
  const found = form.exec(line)
  if (!found) return undefined
  const [, received = '', own = '-', word = '', text = ''] = found
  const stream = streams[word] ?? 'stdout'
  return own === '-' ? { received, stream, text } : { received, hostTime: own, stream, text }
}
