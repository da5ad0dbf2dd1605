import type { Command } from '../model/command.ts'
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

const plainWord = /^[\w@%+:,./-]+$/

/** A word as a person would type it: quoted only where the shell would read it otherwise. */
function typed(word: string): string {
  if (plainWord.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/**
 * A command as a person would type it, for approvals and the journal: folder, user, environment, words. Secrets stand as
 * `‹secret:NAME›`. For reading only; nothing is run from it.
 */
export function displayCommand(command: Command): string {
  const secrets = Object.entries(command.secrets ?? {}).map(([name, ref]) => `${name}=‹secret:${ref.secret}›`)
  const env = [
    ...Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${typed(value)}`),
    ...secrets,
  ]
  return [
    ...(command.cwd === undefined ? [] : ['cd', typed(command.cwd), '&&']),
    ...(command.as === undefined
      ? []
      : ['sudo', '-u', typed(command.as), ...(env.length > 0 ? ['env'] : [])]),
    ...env,
    ...command.argv.map(typed),
  ].join(' ')
}
