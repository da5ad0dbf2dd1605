import type { CliCommand } from '../command.ts'
import { out } from '../output.ts'

export const command: CliCommand = {
  name: 'trust',
  register(program) {
    program
      .command('trust')
      .argument('[host]', 'a host of the inventory')
      .summary("trust a host's key, or a folder of runbooks")
      .description(
        'Shows the fingerprint of the key that a host presents and, after a yes, writes it to known_hosts. A key that differs from a known one is refused: compare it with the host by another way, and edit known_hosts yourself.',
      )
      .option('--runbooks <dir>', 'trust the runbooks of this folder')
      .option('--fingerprint <sha256>', 'accept exactly this fingerprint without asking (SHA256:…)')
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep trust core-1\n  sitrep trust core-1 --fingerprint SHA256:abc…\n  sitrep trust --runbooks ./runbooks',
      )
      .action(
        async (
          host: string | undefined,
          o: { runbooks?: string; fingerprint?: string; inventory?: string },
        ) => {
          const { trustHost, trustRunbooks } = await import('../trust.ts')
          if (o.runbooks !== undefined) out(`trusted: ${await trustRunbooks(o.runbooks)}`)
          if (host !== undefined) out(await trustHost(host, o))
          if (host === undefined && o.runbooks === undefined)
            program.error('name a host, or a folder with --runbooks')
        },
      )
  },
}
