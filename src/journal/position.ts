/** Something in a journal file that could not be read; the rest is read all the same. */
export interface JournalProblem {
  writer: string
  /** Counted from 1. */
  line: number
  reason: string
}

/** How far a writer's file was read. */
export interface Position {
  /** Up to and with the newline of the last whole line. */
  bytes: number
  lines: number
  /** The number of the last record up to there. */
  seq: number | undefined
  /** The hash that the next record follows; undefined where the last line could not be read. */
  hash: string | undefined
}

/** How a torn tail is told. */
export function tornReason(bytes: number): string {
  return `the last line was never finished (${bytes} bytes): the writer ended in the middle of it`
}

/** How what is named as a journal file and is none is told. */
export const strangeReason = 'it is no regular file'
