import { inert } from '../../logs/inert.ts'
import type { TimelineRow } from '../../model/incident.ts'
import { sayUncertainty } from '../../model/uncertainty.ts'
import type { CliCommand } from '../command.ts'
import { flow, out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'timeline',
  register(program) {
    program
      .command('timeline')
      .argument('<incident>', 'the incident, the beginning of its id, or an archive of it')
      .summary('print what happened, in order (UTC)')
      .option('--ids', "print each event's id in front of its line, as `sitrep erase` takes it")
      .option('--json', "print the journal's events, one per line")
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep timeline 2026-11-20-core\n  sitrep timeline 2026-11-20-core --ids\n  sitrep timeline 2026-11-20-core --json > journal.jsonl\n  sitrep timeline ./2026-11-20-core-login-500.sitrep.tgz',
      )
      .action(async (wanted: string, o: { ids?: boolean; json?: boolean }) => {
        const { loadIncident, stateRoot } = await import('../../journal/incidents.ts')
        const { locate } = await import('../../journal/locate.ts')
        const tell = ({ writer, reason }: { writer: string; reason: string }) =>
          say(inert(`${writer}: ${reason}`))
        await using located = await locate(stateRoot(), wanted)
        if (o.json === true) {
          const { eachRecord } = await import('../../journal/read.ts')
          const { inertJson } = await import('../print/json.ts')
          await eachRecord(located.dir, (record) => flow(inertJson(record)), tell)
          return
        }
        const { incident, problems } = await loadIncident(located.root, located.id)
        // A journal that was changed by hand is text from outside like any other.
        for (const row of incident.timeline)
          out(inert(o.ids === true ? `${row.event}  ${rowText(row)}` : rowText(row)))
        problems.forEach(tell)
      })
  },
}

function rowText({ at, until, by, host, text, evidence, uncertaintyMs }: TimelineRow): string {
  const time = until === undefined ? at.slice(0, 19) : `${at.slice(0, 19)} to ${until.slice(11, 19)}`
  const proof = evidence === undefined ? '' : `  [${evidence}]`
  const sure = uncertaintyMs === undefined ? '' : ` ${sayUncertainty(uncertaintyMs)}`
  return `${time}Z${sure}  ${by}${host === undefined ? '' : `  ${host}`}  ${text}${proof}`
}
