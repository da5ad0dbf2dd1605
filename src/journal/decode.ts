import type { EventRecord } from '../model/event.ts'

/** One line of a journal file: a record, or why it is none. */
export type Decoded = { record: EventRecord } | { problem: string }

const texts = ['id', 'at', 'hlc', 'by', 'writer', 'type', 'dataHash', 'prev', 'hash'] as const

/** Decodes one line; a later version's record is kept as long as its envelope reads the same. */
export function decodeLine(line: string): Decoded {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'not a JSON object' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'not a JSON object' }
  const fields = value as Record<string, unknown>
  for (const key of texts) {
    if (typeof fields[key] !== 'string') return { problem: `the field ${key} is missing` }
  }
  if (typeof fields.v !== 'number' || !Number.isInteger(fields.seq))
    return { problem: 'the field v or seq is missing' }
  return { record: value as EventRecord }
}

const newline = 0x0a

/** The whole lines of a file's bytes, and the bytes after the last newline: a line that was never finished. */
export function splitLines(bytes: Buffer): { lines: string[]; whole: number; torn: number } {
  const whole = bytes.lastIndexOf(newline) + 1
  const text = bytes.toString('utf8', 0, whole)
  const lines = text === '' ? [] : text.slice(0, -1).split('\n')
  return { lines, whole, torn: bytes.length - whole }
}
