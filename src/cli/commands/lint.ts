import type { CliCommand } from '../command.ts'
import { out } from '../output.ts'

export const command: CliCommand = {
  name: 'lint',
  register(program) {
    program
      .command('lint')
      .argument('<file...>', 'runbooks and inventories')
      .summary('validate runbooks and inventories')
      .description(
        'Prints every mistake and warning as file:line:column: message. Exits 2 where there is a mistake.',
      )
      .action(async (files: string[]) => {
        const { lintFile } = await import('../../compose/lint.ts')
        const { formatFinding } = await import('../../runbook/findings.ts')
        let bad = false
        for (const file of files) {
          for (const finding of await lintFile(file)) {
            out(formatFinding(finding))
            bad ||= finding.level === 'error'
          }
        }
        process.exitCode = bad ? 2 : 0
      })
  },
}
