import type { CliCommand } from '../command.ts'
import { collect } from '../options.ts'
import { inkFor, out } from '../output.ts'

export const command: CliCommand = {
  name: 'verify',
  register(program) {
    program
      .command('verify')
      .argument('<incident>', 'the incident, the beginning of its id, or an archive')
      .summary('prove that the record is whole')
      .description(
        'Checks the chain of every writer, what was erased, artifacts and logs; names the first record that does not hold. A cut tail shows only against a checkpoint that was kept elsewhere: an export, or the line that a console printed when it was left.',
      )
      .option(
        '--against <file>',
        'hold it against a checkpoint: an export, a checkpoint.json, or a text with the printed line; - is stdin (repeatable)',
        collect,
      )
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep verify 2026-11-20-core\n  sitrep verify 2026-11-20-core --against docs/postmortem.md\n  sitrep verify core.sitrep.tgz --json',
      )
      .action(async (idOrFile: string, o: { against?: string[]; json?: boolean }) => {
        const { verifyIncident } = await import('../../compose/verify.ts')
        const { readText } = await import('../input.ts')
        const texts: { source: string; text: string }[] = []
        for (const file of o.against ?? []) {
          texts.push({ source: file === '-' ? 'stdin' : file, text: await readText(file) })
        }
        const report = await verifyIncident(idOrFile, texts)
        if (o.json === true) {
          const { inertJson } = await import('../print/json.ts')
          out(inertJson(report))
        } else {
          const { verifyLines } = await import('../print/verify.ts')
          for (const line of verifyLines(report, inkFor(process.stdout))) out(line)
        }
        process.exitCode = report.whole ? 0 : 1
      })
  },
}
