import { SitrepError } from '../../model/errors.ts'
import { didYouMean } from '../../model/near.ts'
import type { CliCommand } from '../command.ts'

export const command: CliCommand = {
  name: 'open',
  register(program) {
    // `sitrep` alone opens the console on its home screen.
    program
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .allowExcessArguments(true)
      .action(async () => {
        const [word] = program.args
        if (word !== undefined) {
          const near = didYouMean(
            word,
            program.commands.map((command) => command.name()),
          )
          throw new SitrepError('usage', `there is no command ${word}${near}`, {
            next: '`sitrep --help` lists them',
          })
        }
        const { openConsole } = await import('../console.ts')
        const { inventory } = program.opts<{ inventory?: string }>()
        process.exitCode = await openConsole(inventory === undefined ? {} : { inventory })
      })
    program
      .command('open')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .summary("open one incident's room in the console")
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .option('--runbook <runbook>', 'open this runbook in it')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep open 2026-11-20-core-login-500\n  sitrep open 2026-11-20-core --runbook core-pm2',
      )
      .action(async (incident: string, o: { inventory?: string; runbook?: string }) => {
        const { openConsole } = await import('../console.ts')
        process.exitCode = await openConsole({
          incident,
          ...(o.inventory === undefined ? {} : { inventory: o.inventory }),
          ...(o.runbook === undefined ? {} : { runbook: { runbook: o.runbook } }),
        })
      })
  },
}
