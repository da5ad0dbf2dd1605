import type { Writable } from 'node:stream'

/** tmux and most terminals drop an OSC 52 that is longer. */
const most = 74_000

/**
 * Copies text: OSC 52 to the terminal, and where tmux runs, which by default ignores OSC 52 of programs inside it
 * (`set-clipboard external`), also to tmux's own buffer and from there to the outer terminal. Gives a line to say.
 * The text goes out as base64 and on a stdin, so that nothing of it reaches the terminal as itself.
 */
export async function copy(
  text: string,
  stdout: Writable,
  env: Record<string, string | undefined>,
): Promise<string> {
  const bytes = Buffer.from(text)
  const lines = text.split('\n').length
  const what = lines === 1 ? `${[...text].length} characters` : `${lines} lines`
  if (bytes.length <= most) stdout.write(`\u001b]52;c;${bytes.toString('base64')}\u0007`)
  if (!env.TMUX)
    return bytes.length <= most ? `copied ${what}` : `${what} are too much for the terminal's clipboard`
  const { execa } = await import('execa')
  const result = await execa('tmux', ['load-buffer', '-w', '-'], {
    input: text,
    reject: false,
    timeout: 2000,
  })
  return result.failed
    ? `copied ${what} to the terminal; tmux did not take it`
    : `copied ${what}, also to tmux's buffer`
}
