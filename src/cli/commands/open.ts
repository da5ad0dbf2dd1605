import { SitrepError } from '../../model/errors.ts'
import { didYouMean } from '../../model/near.ts'
import type { CliCommand } from '../command.ts'
import { out, say } from '../output.ts'

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
      .argument('<incident>', 'the incident, the beginning of its id, or an archive of it')
      .summary("open one incident's room in the console")
      .description(
        "Opens one incident's room in the console. An archive is first taken into the state folder under its incident's id; where that id is there already and differs, it is refused. Without a terminal an archive is taken in, and its id printed.",
      )
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .option('--runbook <runbook>', 'open this runbook in it')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep open 2026-11-20-core-login-500\n  sitrep open 2026-11-20-core --runbook core-pm2\n  sitrep open ./2026-11-20-core-login-500.sitrep.tgz',
      )
      .action(async (wanted: string, o: { inventory?: string; runbook?: string }) => {
        const { namesArchive } = await import('../../journal/locate.ts')
        const { hasConsoleTerminal, openConsole } = await import('../console.ts')
        const packed = await namesArchive(wanted)
        const incident = packed ? await takeInArchive(wanted) : wanted
        if (packed && !hasConsoleTerminal()) return out(incident)
        process.exitCode = await openConsole({
          incident,
          ...(o.inventory === undefined ? {} : { inventory: o.inventory }),
          ...(o.runbook === undefined ? {} : { runbook: { runbook: o.runbook } }),
        })
      })
  },
}

async function takeInArchive(file: string): Promise<string> {
  const { stateRoot } = await import('../../journal/incidents.ts')
  const { takeIn } = await import('../../journal/takeIn.ts')
  const { id, taken } = await takeIn(stateRoot(), file)
  say(taken ? `taken in: ${id}` : `${id} is here already, with all that the archive holds`)
  return id
}
