import type { CliCommand } from '../command.ts'
import { type RunbookOptions, runbookOptions } from '../options.ts'
import { inkFor, out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'check',
  register(program) {
    runbookOptions(program.command('check'))
      .summary("run a runbook's checks once and print the matrix")
      .description(
        'Runs the observing checks of a runbook once and prints what came. With --probes also those that have effects.',
      )
      .option(
        '--probes',
        'also run the checks that have effects (another method than GET or HEAD, uploads, logins)',
      )
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep check core-pm2 --host core-1\n  sitrep check core-pm2 --probes --json',
      )
      .action(async (runbook: string, o: RunbookOptions & { probes?: boolean }) => {
        const { look, unrecorded } = await import('../../compose/look.ts')
        const { asking, askedOf, interruptible } = await import('../asking.ts')
        const { checkJson, checkLines } = await import('../print/matrix.ts')
        const recording = unrecorded()
        const signal = interruptible()
        const { hosts, checks, unreached } = await look(askedOf(runbook, o), asking(), {
          steps: false,
          effects: o.probes === true ? ['observe', 'probe'] : ['observe'],
          recording,
          signal,
        })
        const clean = recording.pipe.deep(checks) as typeof checks
        if (o.json === true) out(JSON.stringify({ checks: clean.map(checkJson) }))
        else for (const line of checkLines(clean, inkFor(process.stdout))) out(line)
        for (const { host, reason } of hosts)
          if (reason !== undefined) say(recording.pipe.text(`${host}: ${reason}`))
        for (const { where, next } of unreached)
          if (next !== undefined) say(recording.pipe.text(`${where ?? 'host'}: ${next}`))
        const all = checks.every(({ verdict }) => verdict === 'ok')
        process.exitCode = signal.aborted ? 130 : unreached.length > 0 ? 3 : all ? 0 : 1
      })
  },
}
