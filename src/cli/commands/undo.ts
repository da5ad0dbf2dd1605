import type { CliCommand } from '../command.ts'
import { collect } from '../options.ts'
import { inkFor, out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'undo',
  register(program) {
    program
      .command('undo')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .argument('[step]', 'only this step; every step in reverse order where absent')
      .summary('undo, from the journal, in reverse order')
      .description(
        'Takes back what the steps of an incident changed, newest first. A file that somebody changed since is shown and asked about.',
      )
      .option('--host <host>', 'only on this host (repeatable)', collect)
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .option('--yes', 'approve the undo')
      .option('--target <name>', 'name the target where it must be typed (repeatable)', collect)
      .option('--take-over <lock>', 'take this lock over from who has it, by its id (repeatable)', collect)
      .option('--json', "print the journal's events, one per line")
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep undo 2026-11-20-core-login-500\n  sitrep undo 2026-11-20-core-login-500 restart --yes',
      )
      .action(
        async (
          id: string,
          step: string | undefined,
          o: {
            host?: string[]
            inventory?: string
            yes?: boolean
            target?: string[]
            takeOver?: string[]
            json?: boolean
          },
        ) => {
          const { undoIncident } = await import('../../compose/undo.ts')
          const { open } = await import('../../compose/incident.ts')
          const { asking, interruptible } = await import('../asking.ts')
          const { eventPrinter } = await import('../print/events.ts')
          const { headlessApprove } = await import('../../run/policy.ts')
          const { hasTerminal, terminalApproval, unlessAsking } = await import('../terminal.ts')
          const { tellRecording } = await import('../recording.ts')
          const { tellCheckpoint } = await import('../checkpoint.ts')
          const incident = await open(id)
          tellRecording(incident)
          const ink = inkFor(process.stdout)
          const print = eventPrinter(ink, (run) => (incident.read().runs[run]?.hosts.length ?? 0) > 1)
          incident.onRecord((record) => {
            if (o.json === true) return out(JSON.stringify(record))
            unlessAsking(() => {
              for (const line of print(record)) out(line)
            })
          })
          try {
            const terminal = hasTerminal()
              ? terminalApproval(inkFor(process.stderr), { clean: incident.pipe.deep })
              : undefined
            const ended = await undoIncident(incident, {
              ...(step === undefined ? {} : { step }),
              hosts: o.host ?? [],
              ...(o.inventory === undefined ? {} : { inventory: o.inventory }),
              asking: asking(),
              approve: headlessApprove({ yes: o.yes === true, targets: o.target ?? [] }, terminal),
              asksPerson: terminal !== undefined && o.yes !== true,
              takeOver: o.takeOver ?? [],
              signal: interruptible(),
            })
            say(incident.pipe.text(ended.reason))
            process.exitCode = ended.code
          } finally {
            await incident.close()
            tellCheckpoint(incident)
          }
        },
      )
  },
}
