import { spawn } from 'node:child_process'
import { ended } from './processes.ts'

/** Watches over a practice stack from a process of its own. */
export interface Keeper {
  pid: number
  /** Ends the watch; the stack was taken down in the ordinary way. */
  dismiss(): Promise<void>
}

/**
 * Takes the stack down when this process ends without doing so (`kill -9`, a closed terminal): the keeper reads
 * from a pipe that only we hold, and acts at its end. It ends PM2 with all that it runs, then removes the folder.
 */
export function startKeeper(o: { folder: string; pm2Home: string; path: string }): Keeper {
  const script = [
    'cat >/dev/null',
    '[ -d "$1" ] || exit 0',
    '[ -S "$PM2_HOME/rpc.sock" ] && pm2 kill >/dev/null 2>&1',
    'rm -rf -- "$1"',
  ].join('\n')
  const child = spawn('/bin/sh', ['-c', script, 'sitrep-practice-keeper', o.folder], {
    cwd: '/',
    // HOME outside the folder, else the sweep of the folder's processes would find the keeper.
    env: { HOME: '/', PM2_HOME: o.pm2Home, PATH: o.path },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  child.unref()
  return {
    pid: child.pid ?? 0,
    dismiss: async () => {
      child.ref()
      child.stdin.end()
      await ended(child)
    },
  }
}
