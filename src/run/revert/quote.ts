import { SitrepError } from '../../model/errors.ts'
import { shellValue } from '../../model/shellText.ts'

/** One word of shell text. Throws SitrepError('usage') for NUL, which no shell text can hold. */
export function word(value: string): string {
  if (value.includes('\0')) throw new SitrepError('usage', 'a value holds a NUL byte')
  return shellValue(value, 'plain') ?? ''
}

/** Words of shell text, with a space between them. */
export function words(values: readonly string[]): string {
  return values.map(word).join(' ')
}

/** UTF-8 text or bytes as base64, on one line. */
export function base64(value: string | Uint8Array): string {
  return Buffer.from(value as string).toString('base64')
}
