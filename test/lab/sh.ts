import { spawn } from 'node:child_process'

/** What a command on this machine or on a lab host ended with. */
export interface ShellResult {
  exitCode: number
  stdout: string
  stderr: string
}

/** How to run a command: its input, a time limit, and where and with what environment. */
export interface ShellOptions {
  input?: string | Uint8Array
  timeoutMs?: number
  cwd?: string
  env?: Record<string, string>
  /** Passes output through to this terminal instead of collecting it. */
  inherit?: boolean
}

/** Runs a command to its end and gives its exit code and output, whatever the code; past the limit it is 124. */
export function run(argv: string[], options: ShellOptions = {}): Promise<ShellResult> {
  const [file = '', ...args] = argv
  return new Promise((resolve) => {
    const out: Buffer[] = []
    const err: Buffer[] = []
    let late = false
    // A process group of its own, so that a limit ends the children too and not only the first process.
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: ['pipe', options.inherit ? 'inherit' : 'pipe', options.inherit ? 'inherit' : 'pipe'],
    })
    const timer = options.timeoutMs
      ? setTimeout(() => {
          late = true
          if (child.pid) killGroup(child.pid)
        }, options.timeoutMs)
      : undefined
    child.stdout?.on('data', (chunk) => out.push(chunk))
    child.stderr?.on('data', (chunk) => err.push(chunk))
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ exitCode: 127, stdout: '', stderr: error.message })
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      const stderr =
        Buffer.concat(err).toString('utf8') + (late ? `\nended after ${options.timeoutMs} ms` : '')
      resolve({ exitCode: late ? 124 : (code ?? 128), stdout: Buffer.concat(out).toString('utf8'), stderr })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
  })
}

/** Runs a command that must succeed, and throws with its output otherwise. */
export async function must(argv: string[], options: ShellOptions = {}): Promise<string> {
  const result = await run(argv, options)
  if (result.exitCode === 0) return result.stdout
  const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-15).join('\n')
  throw new Error(`${argv.join(' ')} ended with ${result.exitCode}: ${said}`)
}

/** Polls until the look gives a value; throws with the last reason once the time is over. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = 30_000,
  why: () => string = () => '',
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const value = await look()
    if (value !== undefined) return value
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms. ${why()}`.trim())
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}
