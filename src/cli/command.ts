import type { Command } from 'commander'

/** One command of the command line; one file in src/cli/commands/. Heavy imports stand inside the action. */
export interface CliCommand {
  name: string
  /** Adds the command to the program: arguments, options, examples and what it does. */
  register(program: Command): void
}
