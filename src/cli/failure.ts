import { CommanderError } from 'commander'
import { exitCodeOf, SitrepError } from '../model/errors.ts'
import { lastCleaner } from './cleaner.ts'
import { printError, settleOutput } from './output.ts'

/** Tells why a command could not go on, through the pipe that knows its secrets, and gives its exit code. */
export function tellFailure(error: unknown, clean: (text: string) => string): number {
  // Commander has told its own.
  if (!(error instanceof CommanderError))
    printError(error, { debug: process.argv.includes('--debug'), clean })
  if (error instanceof SitrepError) return exitCodeOf[error.kind]
  // Commander throws with 0 for --help and --version, and with 1 for what is wrong usage to us.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return 1
}

/**
 * What nobody catches ends the process with 1, and is told with its trace through the same pipe: Node itself would print both as
 * they are. So does a command that waits for something which can't come any more, which Node would end with 0.
 */
export function tellCrashes(): void {
  process.once('beforeExit', () => {
    throw new Error('the command did not come to its end: it waits for nothing that can still happen')
  })
  process.on('uncaughtException', (error) => {
    void lastCleaner(error)
      .then((clean) => printError(error, { debug: true, clean }))
      .then(settleOutput)
      .finally(() => process.exit(1))
  })
}
