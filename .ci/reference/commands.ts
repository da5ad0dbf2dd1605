import { createProgram } from '../../src/cli/main.ts'
import { fence, head, page } from './markdown.ts'

const intro = `What \`sitrep COMMAND --help\` prints. Data goes to stdout, messages go to stderr. \`NO_COLOR\`, \`--no-color\` and \`TERM=dumb\` print
without colour; nothing is asked and nothing is coloured without a terminal. An incident is named by its id or by the beginning
of one. Exit codes stand in [Exit codes](exit-codes.md).`

/** docs/reference/commands.md. */
export function commandsPage(): string {
  const program = createProgram()
  const sections = [program, ...program.commands].map((command) => {
    const written: string[] = []
    command.configureOutput({
      writeOut: (text) => void written.push(text),
      getOutHelpWidth: () => 100,
      getOutHasColors: () => false,
    })
    command.outputHelp()
    const title = command === program ? 'sitrep' : `sitrep ${command.name()}`
    return `## ${title}\n\n${fence('text', written.join('').trim())}`
  })
  return page(head('Commands', 'src/cli/commands', intro), ...sections)
}
