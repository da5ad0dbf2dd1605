import type { Output } from './command.ts'

/** The one pipe for text from outside: bytes become inert text without secrets. */
export type ToText = (bytes: Uint8Array) => string

/** What stands so near to a cut that it may be a part of a secret, in characters. */
const nearCut = 4096

/** A text of a host or of a runbook through the pipe. */
export function cleanText(value: string, text: ToText): string {
  return text(new TextEncoder().encode(value))
}

/**
 * All that a command printed, through the pipe; lines are picked and texts are cut only behind it, for no redactor knows
 * a part of a secret. The head of an output that was cut may itself end in such a part: its end is left out, back to a
 * newline where there is one.
 */
export function wholeText({ bytes, cut }: Pick<Output, 'bytes' | 'cut'>, text: ToText): string {
  const whole = text(bytes)
  if (!cut) return whole
  const end = Math.max(0, whole.length - nearCut)
  const newline = end === 0 ? -1 : whole.lastIndexOf('\n', end - 1)
  return whole.slice(0, newline < 0 ? end : newline + 1)
}

/** The last line that is not blank, trimmed; of a text that came through the pipe. */
export function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .findLast((line) => line.trim() !== '')
    ?.trim()
}

/** The last lines that are not blank; of a text that came through the pipe. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
}

/** Shortened with `…` to so many characters, no character parted; of a text that came through the pipe. */
export function cutText(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}

/** On one line, line breaks and the blanks around them as one blank; of a text that came through the pipe. */
export function onOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
