import type { CliCommand } from '../command.ts'
import { inkFor, out } from '../output.ts'

export const command: CliCommand = {
  name: 'doctor',
  register(program) {
    program
      .command('doctor')
      .argument('[host...]', 'hosts or groups; all where absent')
      .summary('look at this machine and the hosts: tools, clocks, and what was left there')
      .description(
        'Says of this machine whether incidents can be recorded, and of each host whether it is reached, which tools are missing, how far its clock is off, and which locks, and which jobs and timed reverts of the login user, are there. Changes nothing without --clean.',
      )
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .option('--clean', 'remove the folders of jobs that ended and whose results are recorded')
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep doctor\n  sitrep doctor core --clean\n  sitrep doctor --json',
      )
      .action(async (names: string[], o: { inventory?: string; clean?: boolean; json?: boolean }) => {
        const { openInventory, pickHosts } = await import('../../compose/inventory.ts')
        const { examineHost, incidentsOf } = await import('../../compose/doctor.ts')
        const { examineHere } = await import('../../compose/doctorHere.ts')
        const { createFleet } = await import('../../compose/fleet.ts')
        const { sinks } = await import('../../compose/incident.ts')
        const { stateRoot } = await import('../../journal/incidents.ts')
        const { asking } = await import('../asking.ts')
        const inventory = await openInventory(o.inventory)
        const hosts = names.length === 0 ? inventory.hosts : pickHosts(inventory, names, { adHoc: true })
        const { secrets, pipe } = sinks()
        await using fleet = await createFleet({ hosts, secrets, ...asking() })
        const incidents = incidentsOf(stateRoot())
        const [here, ...reports] = await Promise.all([
          examineHere(stateRoot()),
          ...hosts.map(({ name }) => examineHost(fleet, name, { incidents, clean: o.clean === true })),
        ])
        if (o.json === true) {
          const { inertJson } = await import('../print/json.ts')
          out(inertJson(pipe.deep({ here, hosts: reports })))
        } else {
          const { hereLines, hostLines } = await import('../print/doctor.ts')
          const ink = inkFor(process.stdout)
          // What hosts say is made inert before it is coloured.
          for (const line of hereLines(pipe.deep(here), ink)) out(line)
          for (const report of reports) for (const line of hostLines(pipe.deep(report), ink)) out(line)
        }
        const bad = reports.some(
          ({ problems, missing }) => problems.length > 0 || missing.some(({ vital }) => vital),
        )
        if (reports.some(({ reached }) => !reached)) process.exitCode = 3
        else if (bad || here.problems.length > 0) process.exitCode = 1
      })
  },
}
