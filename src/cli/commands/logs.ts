import type { CliCommand } from '../command.ts'
import { flow, out, say } from '../output.ts'

interface Options {
  grep?: string
  inventory?: string
  incident?: string
  since?: string
  until?: string
  json?: boolean
}

export const command: CliCommand = {
  name: 'logs',
  register(program) {
    program
      .command('logs')
      .argument('<host>', 'a host of the inventory')
      .argument(
        '[source]',
        'unit:NAME, pm2:NAME or file:PATH; left out with --incident, the logs kept of the host are listed',
      )
      .summary('follow one log of one host, or print what an incident kept of it')
      .description(
        'Follows one log of one host until Ctrl-C, each line made inert. With --incident it prints what the incident kept of that log instead, each line behind the time at which it was received (UTC); without a source it lists which logs of the host were kept.',
      )
      .option('--grep <regex>', 'print only the lines that match')
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .option('--incident <id>', 'print what this incident (or an archive of one) kept; no host is contacted')
      .option(
        '--since <when>',
        'with --incident: received at or after 22:32 (UTC, of the log), -10m or ISO 8601',
      )
      .option('--until <when>', 'with --incident: received at or before it')
      .option('--json', 'with --incident: print JSON, one line each')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep logs core-1 pm2:core-backend\n  sitrep logs edge-1 unit:caddy --grep error\n  sitrep logs core-1 pm2:core-backend --incident 2026-11-20-core --since 22:10 --until 22:20\n  sitrep logs core-1 --incident 2026-11-20-core',
      )
      .action(async (host: string, source: string | undefined, { incident, ...o }: Options) => {
        if (incident !== undefined) {
          const { printKept } = await import('../keptLog.ts')
          return printKept(host, source, { ...o, incident, print: flow })
        }
        const alone = (['since', 'until', 'json'] as const).find((name) => o[name] !== undefined)
        const { SitrepError } = await import('../../model/errors.ts')
        if (source === undefined) {
          throw new SitrepError('usage', `which log of ${host}?`, {
            next: 'give unit:NAME, pm2:NAME or file:PATH; with --incident, those that were kept are listed',
          })
        }
        if (alone !== undefined) {
          throw new SitrepError('usage', `--${alone} reads back what an incident kept`, {
            next: 'give --incident too',
          })
        }
        const { followLog } = await import('../logs.ts')
        const { interruptible } = await import('../asking.ts')
        const reason = await followLog(host, source, { ...o, onLine: out, signal: interruptible() })
        if (reason !== undefined) say(`ended: ${reason}`)
      })
  },
}
