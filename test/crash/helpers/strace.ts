import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { onTestFinished } from 'vitest'

/** A fault as strace's `-e inject` takes it: an error or a signal. */
export interface Fault {
  /** The system calls that are struck: `write,pwrite64`. */
  calls: string
  /** What they fail with: `EIO`. The call is not made. */
  error?: string
  /** Or a signal that the caller gets in the call's place: `SIGKILL`. */
  signal?: NodeJS.Signals
  /** Which of a thread's calls of one name: `3` only the third, `3+` from the third on; all without it. */
  when?: string
  /** Only calls on this file. */
  path?: string
}

const strace = '/usr/bin/strace'

/** Why no fault can be put in here; undefined where it can. strace is among the lab's packages. */
export const whyNoStrace: string | undefined =
  process.platform !== 'linux' ? 'Linux only' : existsSync(strace) ? undefined : 'no strace here'

function argsOf({ calls, error, signal, when, path }: Fault): string[] {
  const effect = signal === undefined ? `error=${error}` : `signal=${signal}`
  return [
    strace,
    '-f',
    // Much faster; but strace 6.1 delivers no signal with it.
    ...(signal === undefined ? ['--seccomp-bpf'] : []),
    '-qq',
    '-o',
    '/dev/null',
    ...(path === undefined ? [] : ['-P', path]),
    '-e',
    `trace=${calls}`,
    '-e',
    `inject=${calls}:${effect}${when === undefined ? '' : `:when=${when}`}`,
  ]
}

/** The command that runs another one with a fault in it. strace counts the calls of each thread for itself. */
export function withFault(fault: Fault): string[] {
  return argsOf(fault)
}

/** Puts a fault into all threads of a process that runs already; resolves when it is in. It ends with the test. */
export async function strike(pid: number, fault: Fault): Promise<{ end(): Promise<void> }> {
  const [command = strace, ...args] = argsOf(fault).filter((arg) => arg !== '-qq' && arg !== '--seccomp-bpf')
  const tracer = spawn(command, [...args, '-p', `${pid}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  const over = new Promise<void>((resolve) => tracer.once('close', () => resolve()))
  const end = async () => {
    tracer.kill('SIGTERM')
    await over
  }
  onTestFinished(end)
  let said = ''
  await new Promise<void>((resolve, reject) => {
    tracer.once('error', reject)
    tracer.once('close', (code) => reject(new Error(`strace ended with ${code}: ${said}`)))
    tracer.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (/attached/.test(said)) resolve()
    })
  })
  return { end }
}
