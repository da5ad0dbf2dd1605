import type { CliCommand } from '../command.ts'
import { out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'logs',
  register(program) {
    program
      .command('logs')
      .argument('<host>', 'a host of the inventory')
      .argument('<source>', 'unit:NAME, pm2:NAME or file:PATH')
      .summary('follow one log of one host')
      .option('--grep <regex>', 'print only the lines that match')
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep logs core-1 pm2:core-backend\n  sitrep logs edge-1 unit:caddy --grep error',
      )
      .action(async (host: string, source: string, o: { grep?: string; inventory?: string }) => {
        const { followLog } = await import('../logs.ts')
        const { interruptible } = await import('../asking.ts')
        const reason = await followLog(host, source, { ...o, onLine: out, signal: interruptible() })
        if (reason !== undefined) say(`ended: ${reason}`)
      })
  },
}
