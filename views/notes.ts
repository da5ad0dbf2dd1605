import { looksLikeWhen, parseClockRange, parseWhen } from '../src/model/when.ts'

/** A note as typed, with its times in ISO 8601 UTC where it is back-dated. */
export interface Note {
  text: string
  at?: string
  until?: string
}

/** Reads `text`, `-10m text`, `22:32 text` and `22:32-22:41 text`; gives the reason where that can't be a note. */
export function parseNote(typed: string, now: Date): Note | { wrong: string } {
  const trimmed = typed.trim()
  const space = trimmed.search(/\s/)
  const first = space < 0 ? trimmed : trimmed.slice(0, space)
  const range = parseClockRange(first, now)
  if (!range && !looksLikeWhen(first)) return trimmed ? { text: trimmed } : { wrong: 'write what happened' }
  const text = space < 0 ? '' : trimmed.slice(space).trim()
  if (!text) return { wrong: 'write what happened after the time' }
  if (range) {
    if (range.until > now) return { wrong: `${first} is not over yet` }
    return { text, at: range.at.toISOString(), until: range.until.toISOString() }
  }
  return readOne(first, text, now)
}

function readOne(first: string, text: string, now: Date): Note | { wrong: string } {
  try {
    const at = parseWhen(first, now)
    return at > now ? { wrong: `${first} is not past yet` } : { text, at: at.toISOString() }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}
