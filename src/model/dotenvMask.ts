import { parseDotenv } from './dotenv.ts'

/** Decides by key and value whether a value may be shown. */
export type IsSecret = (key: string, value: string) => boolean

const commentedOut = /^([ \t]*#+[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*)(\S.*)$/gm

/**
 * The text of a `.env` file with each secret value as `‹secret:KEY›`, also in lines that are commented out. A key in
 * `changed` reads `‹secret:KEY changed›`, so that a diff of two masked texts shows that it changed, and no more.
 */
export function maskDotenv(
  text: string,
  isSecret: IsSecret,
  changed: ReadonlySet<string> = new Set(),
): string {
  let out = ''
  let at = 0
  for (const { key, value, valueStart, valueEnd } of parseDotenv(text)) {
    if (value === '' || !isSecret(key, value)) continue
    out += `${text.slice(at, valueStart)}‹secret:${key}${changed.has(key) ? ' changed' : ''}›`
    at = valueEnd
  }
  const masked = out + text.slice(at)
  return masked.replace(commentedOut, (line, before: string, key: string, value: string) =>
    isSecret(key, value) ? `${before}‹secret:${key}›` : line,
  )
}
