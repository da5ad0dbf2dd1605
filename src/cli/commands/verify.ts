import { inert } from '../../logs/inert.ts'
import type { CliCommand } from '../command.ts'
import { inkFor, out } from '../output.ts'

export const command: CliCommand = {
  name: 'verify',
  register(program) {
    program
      .command('verify')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .summary('prove that the record is whole')
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep verify 2026-11-20-core\n  sitrep verify 2026-11-20-core --json',
      )
      .action(async (prefix: string, o: { json?: boolean }) => {
        const { findIncident, incidentDir, stateRoot } = await import('../../journal/incidents.ts')
        const { verifyJournal } = await import('../../journal/verify.ts')
        const root = stateRoot()
        const report = await verifyJournal(incidentDir(root, await findIncident(root, prefix)))
        if (o.json === true) out(JSON.stringify(report))
        else {
          const ink = inkFor(process.stdout)
          for (const { writer, records, first_bad, torn, erased } of report.writers) {
            const state =
              first_bad === undefined
                ? ink('good', 'whole')
                : ink('bad', `record ${first_bad.seq}: ${first_bad.reason}`)
            out(`${writer}  ${records} records  ${state}`)
            if (torn !== undefined) out(ink('warn', `  its last line is torn: ${torn}`))
            if (erased !== undefined && erased.length > 0)
              out(`  erased: ${erased.map(({ event, reason }) => inert(`${event} (${reason})`)).join(', ')}`)
          }
          out(report.whole ? ink('good', 'the record is whole') : ink('bad', 'the record is NOT whole'))
        }
        process.exitCode = report.whole ? 0 : 1
      })
  },
}
