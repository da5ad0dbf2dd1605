import { randomBytes } from 'node:crypto'
import { execa } from 'execa'

/** A program in a real terminal: a tmux session of its own on a private socket. */
export interface Tmux extends AsyncDisposable {
  /** Sends keys by tmux's names (`Enter`, `Escape`, `C-c`, `j`), one after the other. */
  press(...keys: string[]): Promise<void>
  /** Presses a key, and again each second, until the screen shows `pattern`: for keys that a question may drop. */
  pressUntil(key: string, pattern: RegExp): Promise<string>
  /** Types text as it is. */
  type(text: string): Promise<void>
  /** Pastes text: as the terminal would (bracketed where the program asked for it), or raw. */
  paste(text: string, o?: { raw?: boolean }): Promise<void>
  /** The screen's rows, without colours. */
  screen(): Promise<string>
  /** The screen with its colours. */
  colours(): Promise<string>
  /** Waits until the screen shows `pattern`; gives the screen. Fails with the screen after `ms` (10 s). */
  see(pattern: RegExp, ms?: number): Promise<string>
  /** Waits until the screen does not show `pattern` any more. */
  gone(pattern: RegExp, ms?: number): Promise<string>
  waitFor(holds: (screen: string) => boolean, ms?: number): Promise<string>
  resize(columns: number, rows: number): Promise<void>
  /** One of tmux's own values: `#{alternate_on}`, `#{cursor_flag}`, `#{pane_pid}`, `#{pane_dead}`. */
  value(format: string): Promise<string>
  /** tmux's newest paste buffer. */
  buffer(): Promise<string>
  kill(): Promise<void>
}

/**
 * Starts a program in tmux. With `shell`, a plain `sh` runs first and the program is typed into it, so that what is on
 * the screen after the program ended can be looked at.
 */
export async function tmux(o: {
  command: readonly string[]
  cwd?: string
  env?: Record<string, string>
  columns: number
  rows: number
  shell?: boolean
  /** A file that gets each byte that the program writes to its terminal. */
  raw?: string
}): Promise<Tmux> {
  const socket = `sitrep-test-${process.pid}-${randomBytes(4).toString('hex')}`
  const run = async (...args: string[]) =>
    (await execa('tmux', ['-L', socket, '-f', '/dev/null', ...args])).stdout
  const env = Object.entries(o.env ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const line = o.command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  await run(
    ...['new-session', '-d', '-s', 't', '-x', String(o.columns), '-y', String(o.rows), ...env],
    ...(o.cwd === undefined ? [] : ['-c', o.cwd]),
    ...(o.shell ? ['env', 'PS1=ready> ', 'sh'] : ['sh', '-c', `exec ${line}`]),
    ...[
      ';',
      'set',
      '-g',
      'status',
      'off',
      ';',
      'set',
      '-g',
      'remain-on-exit',
      'on',
      ';',
      'set',
      '-g',
      'escape-time',
      '10',
    ],
    ...[';', 'set', '-g', 'window-size', 'manual'],
  )

  const screen = () => run('capture-pane', '-p', '-t', 't')
  const waitFor = async (holds: (screen: string) => boolean, ms = 10_000): Promise<string> => {
    const end = Date.now() + ms
    for (;;) {
      const shown = await screen()
      if (holds(shown)) return shown
      if (Date.now() > end) throw new Error(`the screen is not as expected after ${ms} ms:\n${shown}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  const named = async <T>(what: string, wait: Promise<T>) =>
    wait.catch((error: unknown) => {
      throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    })
  const t: Tmux = {
    async press(...keys) {
      for (const key of keys) await run('send-keys', '-t', 't', key)
    },
    async pressUntil(key, pattern) {
      for (let tries = 1; ; tries++) {
        await t.press(key)
        try {
          return await t.see(pattern, 1000)
        } catch (error) {
          if (tries === 10) throw error
        }
      }
    },
    async type(text) {
      await run('send-keys', '-t', 't', '-l', '--', text)
    },
    async paste(text, { raw = false } = {}) {
      await execa('tmux', ['-L', socket, 'load-buffer', '-b', 'paste', '-'], { input: text })
      await run('paste-buffer', '-d', '-b', 'paste', '-t', 't', ...(raw ? [] : ['-p']))
    },
    screen,
    colours: () => run('capture-pane', '-p', '-e', '-t', 't'),
    see: (pattern, ms) =>
      named(
        `waited for ${pattern}`,
        waitFor((shown) => pattern.test(shown), ms),
      ),
    gone: (pattern, ms) =>
      named(
        `waited until ${pattern} is gone`,
        waitFor((shown) => !pattern.test(shown), ms),
      ),
    waitFor,
    async resize(columns, rows) {
      await run('resize-window', '-t', 't', '-x', String(columns), '-y', String(rows))
    },
    value: (format) => run('display-message', '-p', '-t', 't', format),
    buffer: () => run('show-buffer'),
    async kill() {
      await execa('tmux', ['-L', socket, 'kill-server'], { reject: false })
    },
    [Symbol.asyncDispose]: () => t.kill(),
  }
  if (o.raw !== undefined) await run('pipe-pane', '-t', 't', '-O', `exec cat >> '${o.raw}'`)
  if (o.shell) {
    await t.see(/ready>/)
    await t.type(line)
    await t.press('Enter')
  }
  return t
}
