import { Command, Option } from 'commander'
import { inert } from '../logs/inert.ts'
import { lastCleaner } from './cleaner.ts'
import { commands } from './commands/index.ts'
import { tellCrashes, tellFailure } from './failure.ts'
import { outliveReader, settleOutput } from './output.ts'
import { version } from './version.ts'

/** Builds the whole command line; the commands stand in their own files. */
export function createProgram(): Command {
  const program = new Command('sitrep')
  program
    .description(
      'A terminal incident console: runs runbook steps over SSH safely, and writes the postmortem as it happens.',
    )
    .version(version, '--version', 'print the version')
    .option('--no-color', 'print without colour')
    .addOption(new Option('--debug', 'print the cause and the stack of an error, redacted').default(false))
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError(true)
    // So that `sitrep --inventory F` and `sitrep plan --inventory F` are each the option of their own command.
    .enablePositionalOptions()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(inert(text)) })
    .addHelpText(
      'after',
      `
Examples:
  sitrep                                      open the console
  sitrep demo                                 a practice outage on this machine
  sitrep plan core-pm2 --host core-1          what would change; touches nothing
  sitrep run core-pm2 --host core-1           run it, asking before each change
  sitrep export 2026-11-20-core-login-500     print the postmortem

Exit codes: 0 done; 1 a step or check failed; 2 wrong usage or an invalid file; 3 host not reached or refused;
4 not approved or stopped; 5 an outcome is unknown; 6 the record can't be written; 130 interrupted.`,
    )
  for (const command of commands) command.register(program)
  // With positional options a command takes only its own: these two are everyone's.
  for (const command of program.commands) {
    command.addOption(new Option('--no-color', 'print without colour').hideHelp())
    command.addOption(new Option('--debug').hideHelp())
  }
  return program
}

/** The commands that change something: they go on to their end where nobody reads what they print any more. */
const changing = new Set(['run', 'undo', 'demo'])

/** Runs one command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram()
  tellCrashes()
  outliveReader(() => changing.has(program.args[0] ?? ''))
  for (const command of program.commands) command.exitOverride()
  let code = 0
  try {
    await program.parseAsync([...argv])
    code = typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    code = tellFailure(error, await lastCleaner(error))
  }
  await settleOutput()
  process.exit(code)
}
