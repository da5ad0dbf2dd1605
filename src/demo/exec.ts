import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { ServerChannel } from 'ssh2'

/** Where and with what environment the commands of one practice host run. */
export interface ShellPlace {
  cwd: string
  env: Record<string, string>
}

/**
 * Runs one `exec` request as sshd does: the login shell with the command text, in a process group of its own.
 * The channel carries stdin, stdout and stderr with back-pressure, then the exit status or signal. Calls `gone`
 * once the child has ended and its output was sent.
 */
export function execute(
  command: string,
  channel: ServerChannel,
  place: ShellPlace,
  gone: () => void,
): ChildProcess {
  const child = spawn('/bin/sh', ['-c', command], { ...place, detached: true, stdio: 'pipe' })
  const closed = new Promise<void>((resolve) => channel.once('close', resolve))
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      channel.stderr.end(`${error.message}\n`)
      resolve()
    })
    child.once('exit', () => resolve())
  })
  channel.on('error', () => {})
  // The command may end without reading all of its stdin: that is no error of ours.
  child.stdin.on('error', () => {})
  channel.pipe(child.stdin)
  void Promise.all([exited, send(child.stdout, child.stderr, channel, closed)]).then(() => {
    tellExit(child, channel)
    channel.end()
    gone()
  })
  return child
}

function tellExit(child: ChildProcess, channel: ServerChannel): void {
  if (child.signalCode) channel.exit(child.signalCode.replace(/^SIG/, ''), false, '')
  else channel.exit(child.exitCode ?? 127)
}

/**
 * Sends both outputs, one chunk at a time. ssh2's server channel keeps the rest of a write that met a full window
 * in `_chunk` and never clears it, so that a later full window on the other stream would send it a second time;
 * turns and clearing after each write keep the two apart.
 */
async function send(
  stdout: Readable,
  stderr: Readable,
  channel: ServerChannel,
  closed: Promise<void>,
): Promise<void> {
  let turn: Promise<void> = Promise.resolve()
  const rest = channel as unknown as Record<'_chunk' | '_chunkcb' | '_chunkErr' | '_chunkcbErr', undefined>
  const write = (to: NodeJS.WritableStream, chunk: Uint8Array) =>
    new Promise<void>((resolve) => to.write(chunk, () => resolve())).then(() => {
      rest._chunk = rest._chunkcb = rest._chunkErr = rest._chunkcbErr = undefined
    })
  const drain = async (from: Readable, to: NodeJS.WritableStream) => {
    try {
      for await (const chunk of from) {
        turn = turn.then(() => write(to, chunk))
        await Promise.race([turn, closed])
      }
    } catch {
      // The pipe was closed under us, as when the channel ended first.
    }
  }
  const all = Promise.all([drain(stdout, channel), drain(stderr, channel.stderr)])
  void closed.then(() => {
    stdout.destroy()
    stderr.destroy()
  })
  await all
}
