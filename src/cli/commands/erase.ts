import type { CliCommand } from '../command.ts'
import { out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'erase',
  register(program) {
    program
      .command('erase')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .argument(
        '<what>',
        'an event by its id or the beginning of one, or a file: artifacts/…, logs/… or journal/….torn-N',
      )
      .summary('drop what should never have been written')
      .description(
        'Drops the data of one event, and the artifact or log that only it names; or one file: an artifact (artifacts/…), a part of a log (logs/…), or a line that was never finished and was set aside (journal/….torn-N). The chain still proves the rest, and the record says what was erased, by whom and why. It can not be taken back.',
      )
      .requiredOption('--reason <text>', 'why; it stays in the record, so do not repeat what is erased')
      .option('--yes', 'erase without asking')
      .addHelpText(
        'after',
        '\nIds of events stand in front of their lines in `sitrep timeline INCIDENT --ids`; `sitrep scan INCIDENT` prints those of\nwhat it found. Ids of the same minute begin alike: give the whole one.\n\nExamples:\n  sitrep timeline 2026-11-20-core --ids\n  sitrep erase 2026-11-20-core 0193a7b2-4c1e-7d30-9b52-6f0e8a41c7d5 --reason "a password in a note"\n  sitrep erase 2026-11-20-core artifacts/3fa9….gz --reason "customer data" --yes',
      )
      .action(async (prefix: string, what: string, o: { reason: string; yes?: boolean }) => {
        const { findToErase } = await import('../../compose/erase.ts')
        const { SitrepError } = await import('../../model/errors.ts')
        const { eraseAndTell, whatIsErased } = await import('../erasing.ts')
        const { askLine, hasTerminal } = await import('../terminal.ts')
        if (o.reason.trim() === '') throw new SitrepError('usage', 'the reason is empty')
        const found = await findToErase(prefix, what)
        for (const line of whatIsErased(found)) say(line)
        if (o.yes !== true) {
          if (!hasTerminal()) {
            throw new SitrepError('not_approved', 'nothing was erased: there is no terminal to ask on', {
              next: 'give --yes',
            })
          }
          const said = await askLine("Erase this? It can't be taken back. [y/N] ", { fresh: true })
          if (!/^y(?:es)?$/i.test(said?.trim() ?? ''))
            throw new SitrepError('not_approved', 'nothing was erased')
        }
        await eraseAndTell(found, o.reason, out)
      })
  },
}
