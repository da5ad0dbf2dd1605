import type { CliCommand } from '../command.ts'

export const command: CliCommand = {
  name: 'set',
  register(program) {
    program
      .command('set')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .argument(
        '<key=value...>',
        'title, severity, impact, or a milestone (impact_started, detected, …) with a time',
      )
      .summary('change an incident: title, severity, impact, milestones')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep set 2026-11-20-core severity=sev1 impact="Nobody can log in"\n  sitrep set 2026-11-20-core impact_started=22:16',
      )
      .action(async (id: string, pairs: string[]) => {
        const { changesOf } = await import('../set.ts')
        const { open } = await import('../../compose/incident.ts')
        const changes = changesOf(pairs, new Date())
        const incident = await open(id)
        try {
          if (Object.keys(changes.fields).length > 0)
            await incident.append('incident.changed', changes.fields)
          for (const milestone of changes.milestones) await incident.append('milestone.set', milestone)
        } finally {
          await incident.close()
        }
      })
  },
}
