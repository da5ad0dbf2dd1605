import { Option } from 'commander'
import type { CliCommand } from '../command.ts'
import { say } from '../output.ts'

export const command: CliCommand = {
  name: 'export',
  register(program) {
    program
      .command('export')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .summary('write the postmortem as Markdown')
      .description(
        'Writes the postmortem of an incident. Exporting to the same file again keeps what people wrote in it.',
      )
      .option('--template <name>', 'the form of the postmortem', 'incident')
      .addOption(new Option('--format <format>', 'md').choices(['md']).default('md'))
      .option('-o, --output <file>', 'where to; - or nothing is stdout')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep export 2026-11-20-core > postmortem.md\n  sitrep export 2026-11-20-core -o docs/postmortem.md',
      )
      .action(async (prefix: string, o: { template: string; output?: string }) => {
        const { templateOf, writePostmortem } = await import('../../compose/postmortem.ts')
        if (o.output === undefined || o.output === '-') {
          const { findIncident, loadIncident, stateRoot } = await import('../../journal/incidents.ts')
          const { renderPostmortem } = await import('../../postmortem/render.ts')
          const root = stateRoot()
          const { incident } = await loadIncident(root, await findIncident(root, prefix))
          process.stdout.write(renderPostmortem(incident, templateOf(o.template)))
          return
        }
        const { requireFolder } = await import('../input.ts')
        await requireFolder(o.output)
        const { open } = await import('../../compose/incident.ts')
        const incident = await open(prefix)
        try {
          const { path, kept } = await writePostmortem(incident, { file: o.output, template: o.template })
          say(path)
          for (const name of kept) say(`kept as it was edited: ${name}`)
        } finally {
          await incident.close()
        }
      })
  },
}
