import type { EventRecord } from '../model/event.ts'
import { longestLine } from './pieces.ts'

/** One line of a journal file: a record, or why it is none. */
export type Decoded = { record: EventRecord } | { problem: string }

const texts = ['id', 'at', 'hlc', 'by', 'writer', 'type', 'dataHash', 'prev', 'hash'] as const
const time = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/

/** No event of ours is as deep. What walks through a record calls itself once for each level, and must come to an end. */
const deepest = 200

/** Decodes one line; a later version's record is kept as long as its envelope reads the same. */
export function decodeLine(line: string): Decoded {
  if (line === '') return { problem: `no record: an empty line, or one longer than ${longestLine} bytes` }
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'not a JSON object' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'not a JSON object' }
  const problem =
    problemOf(value as Record<string, unknown>) ??
    (mayBeDeep(line) && isDeeper(value, deepest) ? `nested more than ${deepest} deep` : undefined)
  return problem === undefined ? { record: value as EventRecord } : { problem }
}

/** What is wrong with an envelope. Its fields are named one by one, since every record of a long journal comes here. */
function problemOf(o: Record<string, unknown>): string | undefined {
  const whole =
    typeof o.id === 'string' &&
    typeof o.at === 'string' &&
    typeof o.hlc === 'string' &&
    typeof o.by === 'string' &&
    typeof o.writer === 'string' &&
    typeof o.type === 'string' &&
    typeof o.dataHash === 'string' &&
    typeof o.prev === 'string' &&
    typeof o.hash === 'string'
  if (!whole) return `the field ${texts.find((key) => typeof o[key] !== 'string')} is missing`
  if (typeof o.v !== 'number' || !Number.isInteger(o.seq)) return 'the field v or seq is missing'
  // Every reader shows it as a time.
  return time.test(o.at as string) ? undefined : 'the field at is not a time in UTC'
}

/** Characters of a line in which there is no room for more levels than any walk can take. */
const shallow = 4096

/** False for nearly every line: it is short, or has too few brackets. */
function mayBeDeep(line: string): boolean {
  if (line.length <= shallow) return false
  let count = 0
  for (const bracket of ['{', '[']) {
    for (let at = line.indexOf(bracket); at >= 0; at = line.indexOf(bracket, at + 1))
      if (++count > deepest) return true
  }
  return false
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
