import { PassThrough, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import type { Console } from '../../src/console.types.ts'
import { type Ended, start } from '../../views/main.tsx'

/** The console in this process on a terminal that is not there: for frames. The real diff renderer is tested in tmux. */
export interface Terminal extends AsyncDisposable {
  /** The newest frame, without colours. */
  screen(): string
  /** Everything that was written, colours and all. */
  raw(): string
  /** The newest frame with its colours. */
  colours(): string
  /** Sends bytes as one chunk. */
  send(bytes: string): void
  /** Presses keys by name (`enter`, `esc`, `tab`, `up`, `ctrl-c`, or a character), each as a chunk of its own. */
  press(...keys: string[]): void
  /** Presses a key, and again while that does nothing: for keys that a question may drop. */
  pressUntil(key: string, holds: () => boolean): Promise<void>
  /** Waits until the newest frame shows `pattern`. */
  see(pattern: RegExp, ms?: number): Promise<string>
  waitFor(holds: (screen: string) => boolean, ms?: number): Promise<string>
  resize(columns: number, rows: number): void
  ended: Promise<Ended>
}

const bytes: Record<string, string> = {
  enter: '\r',
  esc: '\u001b',
  tab: '\t',
  'shift-tab': '\u001b[Z',
  up: '\u001b[A',
  down: '\u001b[B',
  right: '\u001b[C',
  left: '\u001b[D',
  pgup: '\u001b[5~',
  pgdn: '\u001b[6~',
  space: ' ',
  backspace: '\u007f',
}

/** Starts the console at a size. */
export function terminal(
  console: Console,
  o: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): Terminal {
  let last = ''
  let all = ''
  const stdout = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk, _encoding, done) {
        const text = String(chunk)
        all += text
        if (stripVTControlCharacters(text).trim()) last = text
        done()
      },
    }),
    { isTTY: true, columns: o.columns ?? 80, rows: o.rows ?? 24 },
  )
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
  })
  const ended = start(console, {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    env: o.env ?? {},
    debug: true,
  })
  const screen = () => stripVTControlCharacters(last)
  const waitFor = async (holds: (screen: string) => boolean, ms = 5000) => {
    const end = Date.now() + ms
    while (!holds(screen())) {
      if (Date.now() > end) throw new Error(`the screen is not as expected after ${ms} ms:\n${screen()}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return screen()
  }
  const t: Terminal = {
    screen,
    raw: () => all,
    colours: () => last,
    send: (chunk) => void stdin.write(chunk),
    press(...keys) {
      for (const key of keys) stdin.write(keyBytes(key))
    },
    async pressUntil(key, holds) {
      for (let tries = 1; !holds(); tries++) {
        t.press(key)
        await waitFor(holds, 600).catch((error: unknown) => {
          if (tries === 10) throw error
        })
      }
    },
    see: (pattern, ms) =>
      waitFor((shown) => pattern.test(shown), ms).catch((error: unknown) => {
        throw new Error(`waited for ${pattern}: ${error instanceof Error ? error.message : String(error)}`)
      }),
    waitFor,
    resize(columns, rows) {
      Object.assign(stdout, { columns, rows })
      stdout.emit('resize')
    },
    ended,
    async [Symbol.asyncDispose]() {
      t.press('ctrl-c', 'ctrl-c')
      await ended
    },
  }
  return t
}

function keyBytes(key: string): string {
  const control = /^ctrl-([a-z])$/.exec(key)?.[1]
  return control ? String.fromCharCode(control.charCodeAt(0) - 96) : (bytes[key] ?? key)
}
