import type { CliCommand } from '../command.ts'
import { collect } from '../options.ts'
import { out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'scan',
  register(program) {
    program
      .command('scan')
      .argument('<incident>', 'the incident, the beginning of its id, or an archive')
      .summary('look again for secrets in the record')
      .description(
        'Looks through all events, artifacts, logs and exports of an incident with the rules of today, and says where something is that should not be there, never what it is. The values of secrets that the incident names are looked for where their variable or file is still there; for an archive, which may come from elsewhere, only those given with --secret. On a terminal it offers to erase each; else it prints the commands.',
      )
      .option(
        '--secret <name=source>',
        'look for this value too: NAME=env:VARIABLE, NAME=@FILE or NAME=- (repeatable)',
        collect,
      )
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep scan 2026-11-20-core\n  sitrep scan 2026-11-20-core --secret db=env:DB_PASSWORD',
      )
      .action(async (idOrFile: string, o: { secret?: string[]; json?: boolean }) => {
        const { scan } = await import('../../compose/scan.ts')
        const { readText } = await import('../input.ts')
        const scanned = await scan(idOrFile, o.secret ?? [], () => readText('-'))
        if (o.json === true) {
          const { id, found, problems, unknown } = scanned
          out(JSON.stringify({ incident: id, found, problems, not_looked_for: unknown }))
        } else {
          const { findingLine, nothingFound, unknownLine } = await import('../scanning.ts')
          for (const finding of scanned.found) out(findingLine(finding))
          for (const { file, reason } of scanned.problems) say(`${file} can't be looked through: ${reason}`)
          for (const secret of scanned.unknown) say(unknownLine(secret))
          if (scanned.found.length === 0) say(nothingFound(scanned))
          else {
            const { offerToErase } = await import('../scanning.ts')
            await offerToErase(scanned)
          }
        }
        process.exitCode = scanned.found.length > 0 || scanned.problems.length > 0 ? 1 : 0
      })
  },
}
