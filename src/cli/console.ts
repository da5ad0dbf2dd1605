import type { ConsoleOptions } from '../console.ts'
import { SitrepError } from '../model/errors.ts'
import { say } from './output.ts'

/** Opens the console on a terminal, and prints where the postmortem is when it is left. Gives the exit code. */
export async function openConsole(o: ConsoleOptions): Promise<number> {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw new SitrepError('usage', 'the console needs a terminal', {
      next: 'without one, use `sitrep run`, `plan`, `list`, `timeline` or `export`',
    })
  }
  const [{ createConsole }, { start }] = await Promise.all([
    import('../console.ts'),
    import('../../views/main.tsx'),
  ])
  const console = await createConsole(o)
  let postmortem: string | undefined
  try {
    await start(console)
  } finally {
    postmortem = (await console.close()).postmortem
  }
  if (postmortem !== undefined) say(`postmortem: ${postmortem}`)
  if (console.getState().recording.stopped !== undefined) return 6
  return console.exit()
}
