import { inert } from '../../logs/inert.ts'
import type { CliCommand } from '../command.ts'
import { out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'timeline',
  register(program) {
    program
      .command('timeline')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .summary('print what happened, in order (UTC)')
      .option('--json', "print the journal's events, one per line")
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep timeline 2026-11-20-core\n  sitrep timeline 2026-11-20-core --json > journal.jsonl',
      )
      .action(async (prefix: string, o: { json?: boolean }) => {
        const { findIncident, loadIncident, stateRoot } = await import('../../journal/incidents.ts')
        const root = stateRoot()
        const { incident, records, problems } = await loadIncident(root, await findIncident(root, prefix))
        if (o.json === true) for (const record of records) out(JSON.stringify(record))
        else {
          for (const { at, until, by, host, text, evidence } of incident.timeline) {
            const time =
              until === undefined ? at.slice(0, 19) : `${at.slice(0, 19)} to ${until.slice(11, 19)}`
            const proof = evidence === undefined ? '' : `  [${evidence}]`
            // A journal that was changed by hand is text from outside like any other.
            out(inert(`${time}Z  ${by}${host === undefined ? '' : `  ${host}`}  ${text}${proof}`))
          }
        }
        for (const problem of problems) say(inert(`${problem.writer}: ${problem.reason}`))
      })
  },
}
