import { SitrepError } from '../../model/errors.ts'
import type { CliCommand } from '../command.ts'
import { say } from '../output.ts'

export const command: CliCommand = {
  name: 'delete',
  register(program) {
    program
      .command('delete')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .summary('delete an incident from this machine')
      .description(
        'Says what would go and asks for the id; then the record, logs and artifacts of the incident are removed from the state folder. Exports and archives elsewhere stay, and are named.',
      )
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep delete 2026-11-20-core-login-500\n  sitrep delete 2026-11-20-core-login-500 --yes',
      )
      .action(async (prefix: string, o: { yes?: boolean }) => {
        const { findIncident, stateRoot } = await import('../../journal/incidents.ts')
        const { removeIncident } = await import('../../journal/remove.ts')
        const { askLine, hasTerminal } = await import('../terminal.ts')
        const { whatGoes } = await import('../deleting.ts')
        const root = stateRoot()
        const id = await findIncident(root, prefix)
        for (const line of await whatGoes(root, id)) say(line)
        if (o.yes !== true) {
          const typed = hasTerminal() ? await askLine(`Type ${id} to delete it: `) : undefined
          if (typed?.trim() !== id)
            throw new SitrepError('not_approved', `${id} was not deleted`, {
              next: hasTerminal() ? 'its id was not typed' : 'without a terminal, give --yes',
            })
        }
        await removeIncident(root, id)
        say(`deleted: ${id}`)
      })
  },
}
