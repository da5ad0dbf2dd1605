import { Option } from 'commander'
import { type Severity, severities } from '../../model/event.ts'
import type { CliCommand } from '../command.ts'
import { when } from '../options.ts'
import { out } from '../output.ts'

export const command: CliCommand = {
  name: 'declare',
  register(program) {
    program
      .command('declare')
      .argument('<title>', 'what is wrong, in one line')
      .summary('declare an incident and print its id')
      .addOption(
        new Option('--severity <severity>', 'sev1 (worst) to sev5').choices(severities).default('sev3'),
      )
      .option('--started <when>', 'when the impact started: ISO 8601, -10m, or HH:MM (UTC)', when)
      .option('--from <file>', 'a file with the text of the alert, or - for stdin')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep declare "Core login answers 500" --severity sev2 --started -10m\n  cat alert.txt | sitrep declare "Core login" --from -',
      )
      .action(async (title: string, o: { severity: Severity; started?: string; from?: string }) => {
        const { declare } = await import('../../compose/incident.ts')
        const { readText } = await import('../input.ts')
        const { SitrepError } = await import('../../model/errors.ts')
        if (title.trim() === '') throw new SitrepError('usage', 'the title is empty')
        const incident = await declare({
          title,
          severity: o.severity,
          ...(o.started === undefined ? {} : { started: o.started }),
          ...(o.from === undefined ? {} : { alert: await readText(o.from) }),
        })
        await incident.close()
        out(incident.id)
      })
  },
}
