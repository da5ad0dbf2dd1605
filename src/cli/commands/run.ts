import type { CliCommand } from '../command.ts'
import { collect, type RunbookOptions, runbookOptions } from '../options.ts'

interface RunOptions extends RunbookOptions {
  incident?: string
  yes?: boolean
  target?: string[]
  from?: string
  takeOver?: string[]
}

export const command: CliCommand = {
  name: 'run',
  register(program) {
    runbookOptions(program.command('run'))
      .summary('run a runbook without the console')
      .description(
        'Runs a runbook step by step, asks before each change, records everything, and writes the postmortem.',
      )
      .option('--incident <id>', 'record to this incident; without it a new one is declared')
      .option('--yes', 'approve every step that asks')
      .option(
        '--target <name>',
        'name the target where it has to be typed: production, or many hosts (repeatable)',
        collect,
      )
      .option('--from <step>', 'begin with this step')
      .option('--take-over <lock>', 'take this lock over from who has it, by its id (repeatable)', collect)
      .addHelpText(
        'after',
        `
Examples:
  sitrep run core-pm2 --host core-1
  sitrep run caddy-sync --host edge-1 --yes
  sitrep run core-pm2 --incident 2026-11-20-core-login-500 --from restart`,
      )
      .action(async (runbook: string, o: RunOptions) => {
        const { askedOf } = await import('../asking.ts')
        const { runHeadless } = await import('../run.ts')
        process.exitCode = await runHeadless(askedOf(runbook, o), {
          yes: o.yes === true,
          targets: o.target ?? [],
          json: o.json === true,
          ...(o.incident === undefined ? {} : { incident: o.incident }),
          ...(o.from === undefined ? {} : { from: o.from }),
          ...(o.takeOver === undefined ? {} : { takeOver: o.takeOver }),
        })
      })
  },
}
