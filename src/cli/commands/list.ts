import { inert } from '../../logs/inert.ts'
import type { CliCommand } from '../command.ts'
import { inkFor, out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'list',
  register(program) {
    program
      .command('list')
      .summary('list the incidents, newest first')
      .option('--json', 'print JSON')
      .addHelpText('after', '\nExamples:\n  sitrep list\n  sitrep list --json')
      .action(async (o: { json?: boolean }) => {
        const { listIncidents } = await import('../../journal/list.ts')
        const { stateRoot } = await import('../../journal/incidents.ts')
        const { inertJson } = await import('../print/json.ts')
        const { incidents, problems } = await listIncidents(stateRoot())
        if (o.json === true) out(inertJson(incidents))
        const ink = inkFor(process.stdout)
        const wide = Math.max(0, ...incidents.map(({ id }) => id.length))
        for (const { id, severity, status, title } of o.json === true ? [] : incidents) {
          const open = status !== 'resolved' && status !== 'closed'
          out(
            `${id.padEnd(wide)}  ${severity}  ${ink(open ? 'warn' : 'dim', status.padEnd(13))}  ${inert(title)}`,
          )
        }
        if (o.json !== true && incidents.length === 0 && problems.length === 0)
          say('no incidents yet; `sitrep declare TITLE` makes one')
        for (const problem of problems) say(inert(problem))
      })
  },
}
