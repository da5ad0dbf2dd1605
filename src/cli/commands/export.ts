import { Option } from 'commander'
import { inert } from '../../logs/inert.ts'
import type { CliCommand } from '../command.ts'
import { say } from '../output.ts'

// The templates that ship, named here so that no help text has to load them; a test holds the names against them.
const templateNames = ['incident']

export const command: CliCommand = {
  name: 'export',
  register(program) {
    program
      .command('export')
      .argument('<incident>', 'the incident, the beginning of its id, or an archive of it')
      .summary('write the postmortem as Markdown')
      .description(
        'Writes the postmortem of an incident. Exporting to the same file again keeps what people wrote in it.',
      )
      .addOption(
        new Option('--template <name>', 'the form of the postmortem')
          .choices(templateNames)
          .default('incident'),
      )
      .addOption(new Option('--format <format>', 'md').choices(['md']).default('md'))
      .option('-o, --output <file>', 'where to; - or nothing is stdout')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep export 2026-11-20-core > postmortem.md\n  sitrep export 2026-11-20-core -o docs/postmortem.md',
      )
      .action(async (wanted: string, o: { template: string; output?: string }) => {
        const { exportTo, templateOf, writePostmortem } = await import('../../compose/postmortem.ts')
        const { locate } = await import('../../journal/locate.ts')
        const { loadIncident, stateRoot } = await import('../../journal/incidents.ts')
        const toFile = o.output !== undefined && o.output !== '-' ? o.output : undefined
        await using located = await locate(stateRoot(), wanted)
        const { archive, id, root } = located
        if (toFile === undefined) {
          const { inertDeep } = await import('../../logs/inertDeep.ts')
          const { renderPostmortem } = await import('../../postmortem/render.ts')
          const { incident } = await loadIncident(root, id)
          process.stdout.write(renderPostmortem(inertDeep(incident), templateOf(o.template)))
          return
        }
        const { requireFolder } = await import('../input.ts')
        await requireFolder(toFile)
        const told = ({ path, kept }: { path: string; kept: string[] }) => {
          say(inert(path))
          for (const name of kept) say(inert(`kept as it was edited: ${name}`))
        }
        if (archive !== undefined) {
          const { incident } = await loadIncident(root, id)
          return told(await exportTo(toFile, incident, o.template))
        }
        const { open } = await import('../../compose/incident.ts')
        const incident = await open(id)
        try {
          told(await writePostmortem(incident, { file: toFile, template: o.template }))
        } finally {
          await incident.close()
        }
      })
  },
}
