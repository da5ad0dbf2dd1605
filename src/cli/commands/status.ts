import { Argument } from 'commander'
import { type Status, statuses } from '../../model/event.ts'
import type { CliCommand } from '../command.ts'

export const command: CliCommand = {
  name: 'status',
  register(program) {
    program
      .command('status')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .addArgument(new Argument('<status>', 'the new status').choices(statuses))
      .summary('change the status of an incident')
      .addHelpText('after', '\nExamples:\n  sitrep status 2026-11-20-core monitoring')
      .action(async (id: string, to: Status) => {
        const { open } = await import('../../compose/incident.ts')
        const incident = await open(id)
        try {
          await incident.append('status.changed', { to })
        } finally {
          await incident.close()
        }
      })
  },
}
