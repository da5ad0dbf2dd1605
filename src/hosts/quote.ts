import { SitrepError } from '../model/errors.ts'

/**
 * One word for a POSIX shell, in single quotes: every byte but NUL arrives as it was (POSIX 2.2.2). A backslash stands
 * outside of the quotes, so that fish, which reads `\'` inside of them, gets the same word. Throws SitrepError('usage')
 * for NUL and for a lone surrogate, which has no bytes.
 */
export function quote(word: string): string {
  if (word.includes('\0'))
    throw new SitrepError('usage', 'a value holds a NUL byte, which no command can be given')
  if (!word.isWellFormed()) throw new SitrepError('usage', 'a value is not valid Unicode text')
  return `'${word.replace(/['\\]/g, (c) => `'\\${c}'`)}'`
}

/** The words of a command as one line of shell text, each quoted. */
export function shellLine(argv: readonly string[]): string {
  return argv.map(quote).join(' ')
}
