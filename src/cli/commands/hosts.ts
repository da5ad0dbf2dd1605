import type { CliCommand } from '../command.ts'
import { inkFor, out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'hosts',
  register(program) {
    program
      .command('hosts')
      .argument('[host...]', 'hosts or groups; all where absent')
      .summary('list the hosts, and try to reach them with --test')
      .option('--test', 'open a session to each and say what is wrong')
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .addHelpText('after', '\nExamples:\n  sitrep hosts\n  sitrep hosts --test edge-1')
      .action(async (names: string[], o: { test?: boolean; inventory?: string }) => {
        const { openInventory, pickHosts } = await import('../../compose/inventory.ts')
        const inventory = await openInventory(o.inventory)
        const hosts = names.length === 0 ? inventory.hosts : pickHosts(inventory, names, { adHoc: true })
        if (hosts.length === 0) say('no hosts; write a sitrep.yaml (docs/inventory.md)')
        const { createFleet } = await import('../../compose/fleet.ts')
        const { sinks } = await import('../../compose/incident.ts')
        const { asking } = await import('../asking.ts')
        const { secrets, pipe } = sinks()
        await using fleet = await createFleet({ hosts, secrets, ...asking() })
        const ink = inkFor(process.stdout)
        const tried = hosts.map(async ({ name, transport, groups, production }) => {
          const { user, address, port } = fleet.host(name)
          const facts = [
            `${user}@${address}:${port}`,
            transport,
            groups.join(','),
            production ? 'production' : '',
          ]
          const line = `${name}  ${facts.filter((fact) => fact !== '').join('  ')}`
          if (o.test !== true) return { line, ok: true }
          const [problem] = await Promise.allSettled([fleet.session(name)])
          if (problem.status === 'fulfilled') return { line: `${line}  ${ink('good', 'reached')}`, ok: true }
          const reason = pipe.text(
            problem.reason instanceof Error ? problem.reason.message : String(problem.reason),
          )
          const next = (problem.reason as { next?: unknown } | undefined)?.next
          const then = typeof next === 'string' ? `\n  ${pipe.text(next)}` : ''
          return { line: `${line}\n  ${ink('bad', reason)}${then}`, ok: false }
        })
        const results = await Promise.all(tried)
        for (const { line } of results) out(line)
        if (results.some(({ ok }) => !ok)) process.exitCode = 3
      })
  },
}
