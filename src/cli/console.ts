import type { ConsoleOptions } from '../console.ts'
import { SitrepError } from '../model/errors.ts'
import { say } from './output.ts'

/** True where the console can be drawn and be given keys. */
export function hasConsoleTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

/** Opens the console on a terminal, and prints where the postmortem is and where the record stands when it is left. Gives the exit code. */
export async function openConsole(o: ConsoleOptions): Promise<number> {
  if (!hasConsoleTerminal()) {
    throw new SitrepError('usage', 'the console needs a terminal', {
      next: 'without one, use `sitrep run`, `plan`, `list`, `timeline` or `export`',
    })
  }
  const [{ createConsole }, { start }] = await Promise.all([
    import('../console.ts'),
    import('../../views/main.tsx'),
  ])
  const console = await createConsole(o)
  let left: Awaited<ReturnType<typeof console.close>> = {}
  try {
    await start(console)
  } finally {
    left = await console.close()
  }
  if (left.postmortem !== undefined) say(`postmortem: ${left.postmortem}`)
  if (left.checkpoint !== undefined) say(left.checkpoint)
  if (console.getState().recording.stopped !== undefined) return 6
  return console.exit()
}
