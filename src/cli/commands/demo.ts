import type { CliCommand } from '../command.ts'
import { say } from '../output.ts'

export const command: CliCommand = {
  name: 'demo',
  register(program) {
    program
      .command('demo')
      .summary('a practice outage on embedded hosts; without a terminal, run through to its postmortem')
      .description(
        'Starts two practice hosts on this machine, one with a service that fails logins, one with a configuration file that has drifted, and opens the console on the incident. Without a terminal the runbook is run by itself, and the path of the postmortem is the last line.',
      )
      .option('--headless', 'run it through by itself also on a terminal')
      .addHelpText('after', '\nExamples:\n  sitrep demo\n  sitrep demo --headless')
      .action(async (o: { headless?: boolean }) => {
        const { startDemo } = await import('../../demo/index.ts')
        say('starting the practice hosts')
        const demo = await startDemo()
        try {
          const { title, severity, inventoryFile: inventory, runbookFile: runbook, params } = demo
          if (o.headless === true || process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
            const { runHeadless } = await import('../run.ts')
            const asked = {
              runbook,
              hosts: [],
              params: Object.entries(params).map(([k, v]) => `${k}=${v}`),
              inventory,
            }
            process.exitCode = await runHeadless(asked, {
              yes: true,
              targets: [],
              json: false,
              declare: { title, severity },
            })
          } else {
            const { openConsole } = await import('../console.ts')
            process.exitCode = await openConsole({
              inventory,
              declare: { title, severity },
              runbook: { runbook, params },
            })
          }
        } finally {
          await demo.stop()
        }
      })
  },
}
