import type { CliCommand } from '../command.ts'

interface Options {
  test?: boolean
  json?: boolean
  inventory?: string
}

export const command: CliCommand = {
  name: 'hosts',
  register(program) {
    program
      .command('hosts')
      .argument('[host...]', 'hosts or groups; all where absent')
      .summary('show how each host is reached, and try it with --test')
      .description(
        'Shows the effective value of every setting of the way to each host, and where it came from: the inventory, the OpenSSH configuration (as ssh -G gives it), or a default.',
      )
      .option('--test', 'open a session to each, all side by side, and say what is wrong')
      .option('--json', 'print one JSON array')
      .option('--inventory <file>', 'the inventory; sitrep.yaml upwards from here where not given')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep hosts\n  sitrep hosts --test edge-1\n  sitrep hosts --test --json',
      )
      .action(async (names: string[], o: Options) => {
        const { showHosts } = await import('../hosts.ts')
        await showHosts(names, o)
      })
  },
}
