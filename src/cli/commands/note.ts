import type { CliCommand } from '../command.ts'
import { when } from '../options.ts'

export const command: CliCommand = {
  name: 'note',
  register(program) {
    program
      .command('note')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .argument('<text>', 'what happened')
      .summary('add a note, also back-dated')
      .option('--at <when>', 'when it happened: ISO 8601, -10m, or HH:MM (UTC)', when)
      .option('--until <when>', 'when it ended', when)
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep note 2026-11-20-core "Rolled the CDN back" --at -10m\n  sitrep note 2026-11-20-core "Cleaned CORS" --at 22:32 --until 22:41',
      )
      .action(async (id: string, text: string, o: { at?: string; until?: string }) => {
        const { open } = await import('../../compose/incident.ts')
        const { SitrepError } = await import('../../model/errors.ts')
        if (text.trim() === '') throw new SitrepError('usage', 'the note is empty')
        const at = o.at ?? new Date().toISOString()
        if (o.until !== undefined && o.until < at)
          throw new SitrepError('usage', 'the note ends before it begins')
        const incident = await open(id)
        try {
          await incident.append('note.added', {
            text,
            at,
            ...(o.until === undefined ? {} : { until: o.until }),
          })
        } finally {
          await incident.close()
        }
      })
  },
}
