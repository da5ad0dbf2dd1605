import { CommanderError } from 'commander'
import { exitCodeOf, SitrepError } from '../model/errors.ts'
import { printError } from './output.ts'

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
