import { rmSync } from 'node:fs'
import { execa } from 'execa'

/** An ssh that runs for as long as we do. */
export interface SshProcess {
  /** Settles with its exit code, undefined where a signal ended it; never rejects. */
  ended: Promise<number | undefined>
  /** Ends it, and settles when it has ended; its folder is gone then. */
  end(): Promise<void>
}

/*
 * Ends ssh when our end of its stdin closes, as it does however we end: ssh itself watches no stdin, and would keep the
 * connection of a console that was killed. What ssh ran (a proxy command, a Match exec) is of the same group, and ends with
 * it. Then it clears the folder away. The shell itself has nothing to say: what it would print to a console that is gone ends
 * it before all that.
 */
const keeper = `folder=$1; shift
exec 3<&0
"$@" 3<&- </dev/null & ssh=$!
{ read -r end; kill "$ssh"; } <&3 >/dev/null 2>&1 &
exec 2>/dev/null
wait "$ssh"; code=$?
trap '' TERM
kill -TERM 0
rm -rf -- "$folder"
exit "$code"`

/** How long ssh may take to end by itself, in milliseconds. */
const patience = 2000

/** How long its last words are waited for, in milliseconds. */
const lingering = 300

/**
 * Starts ssh with these options, in a session of its own: a ctrl-c at our terminal does not reach it, and it has no terminal
 * to ask on. Its stderr is given as it comes, in English, and its
 * stdout where somebody wants it.
 */
export function startSsh(
  argv: readonly string[],
  o: {
    folder: string
    env?: Record<string, string>
    onSaid(chunk: Buffer): void
    onPrinted?(chunk: Buffer): void
  },
): SshProcess {
  const child = execa('sh', ['-c', keeper, 'sitrep', o.folder, 'ssh', ...argv], {
    stdin: 'pipe',
    stdout: o.onPrinted ? 'pipe' : 'ignore',
    stderr: 'pipe',
    detached: true,
    reject: false,
    buffer: false,
    encoding: 'buffer',
    env: { ...o.env, LC_ALL: 'C' },
  })
  child.stdin.on('error', () => {})
  child.stderr.on('error', () => {})
  child.stderr.on('data', o.onSaid)
  if (o.onPrinted) {
    child.stdout?.on('error', () => {})
    child.stdout?.on('data', o.onPrinted)
  }
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It was gone already.
    }
  }
  const ended = new Promise<number | undefined>((resolve) => {
    const over = (code: number | null) => resolve(code ?? undefined)
    // At once, while the number can not be another group's: what the keeper's signal did not end.
    child.nodeChildProcess.on('exit', killGroup)
    child.nodeChildProcess.on('error', () => resolve(undefined))
    child.nodeChildProcess.on('close', over)
    // What left the group may hold the stream open; what ssh itself had to say is there by then.
    child.nodeChildProcess.on('exit', (code) => setTimeout(over, lingering, code))
  })
  // Its own promise says nothing that the events do not; unread it would be a floating one.
  child.catch(() => {})
  return {
    ended,
    async end() {
      child.stdin.end()
      const timer = setTimeout(killGroup, patience)
      await ended
      clearTimeout(timer)
      rmSync(o.folder, { recursive: true, force: true })
    },
  }
}
