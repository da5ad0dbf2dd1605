import { styleText } from 'node:util'
import { messageOf, SitrepError } from '../model/errors.ts'

/** Colours of the command line's own words; plain where the stream is no terminal or colour is not wanted. */
export type Ink = (style: 'good' | 'bad' | 'dim' | 'strong' | 'warn', text: string) => string

const styles = { good: 'green', bad: 'red', dim: 'dim', strong: 'bold', warn: 'yellow' } as const

/** True where this stream may be coloured: a terminal, and neither NO_COLOR, --no-color nor TERM=dumb. */
export function wantsColor(stream: NodeJS.WriteStream): boolean {
  if (!stream.isTTY || process.argv.includes('--no-color')) return false
  return process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb'
}

/** The paint for one stream. */
export function inkFor(stream: NodeJS.WriteStream): Ink {
  return wantsColor(stream)
    ? (style, text) => styleText(styles[style], text, { validateStream: false })
    : (_, text) => text
}

/**
 * What happens where the reader of stdout went away (`sitrep … | head -1`): a command that only reads is done, quietly;
 * one that `goesOn` is carried to its end and exits with its own code, and only its printing stops.
 */
export function outliveReader(goesOn: () => boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!goesOn()) process.exit(error.code === 'EPIPE' ? 0 : 1)
    unread.add(process.stdout)
  })
  // Messages that nobody can read are no reason to stop either.
  process.stderr.on('error', () => void unread.add(process.stderr))
}

const unread = new Set<NodeJS.WriteStream>()

/** Writes one line of data. What comes from outside has gone through the sink pipe before. */
export function out(line: string): void {
  if (!unread.has(process.stdout)) process.stdout.write(`${line}\n`)
}

/** Writes one line of data of many; what it gives resolves when the reader keeps up again. */
export function flow(line: string): Promise<void> | undefined {
  const { stdout } = process
  if (unread.has(stdout) || stdout.write(`${line}\n`)) return undefined
  return new Promise((resolve) => void stdout.once('drain', resolve))
}

/** Writes one message line for a person to stderr. */
export function say(line: string): void {
  if (!unread.has(process.stderr)) process.stderr.write(`${line}\n`)
}

/** Prints an error as what, where and what to do next; `clean` is the one pipe, for a message may quote a host. */
export function printError(error: unknown, o: { debug: boolean; clean: (text: string) => string }): void {
  const { clean } = o
  const where = error instanceof SitrepError && error.where !== undefined ? `${error.where}: ` : ''
  say(`${inkFor(process.stderr)('bad', 'sitrep:')} ${clean(`${where}${messageOf(error)}`)}`)
  if (error instanceof SitrepError && error.next !== undefined) say(clean(`  ${error.next}`))
  if (o.debug && error instanceof Error) say(clean(String(error.stack)))
  if (o.debug && error instanceof Error && error.cause !== undefined)
    say(clean(`caused by: ${String(error.cause)}`))
}

/** Resolves when what was written to both streams has left the process. */
export async function settleOutput(): Promise<void> {
  const settle = (stream: NodeJS.WriteStream) =>
    unread.has(stream)
      ? Promise.resolve()
      : new Promise<void>((resolve) => void stream.write('', () => resolve()))
  await Promise.all([settle(process.stdout), settle(process.stderr)])
}
