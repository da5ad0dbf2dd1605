import type { CliCommand } from '../command.ts'
import { out } from '../output.ts'

export const command: CliCommand = {
  name: 'lint',
  register(program) {
    program
      .command('lint')
      .argument('<file...>', 'runbooks and inventories; - is one on stdin')
      .summary('validate runbooks and inventories')
      .description(
        'Prints every mistake and warning as file:line:column: message. Exits 2 where there is a mistake. An inventory is a file named sitrep.yaml, or one with a mapping hosts: and neither runbook: nor steps:; all else is a runbook.',
      )
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep lint runbooks/*.yaml sitrep.yaml inventories/eu.yaml\n  cat deploy.yaml | sitrep lint -',
      )
      .action(async (files: string[]) => {
        const { lintFile, lintText } = await import('../../compose/lint.ts')
        const { formatFinding } = await import('../../runbook/findings.ts')
        const { readText } = await import('../input.ts')
        const { inert } = await import('../../logs/inert.ts')
        let bad = false
        for (const file of files) {
          const findings = file === '-' ? lintText(await readText(file), '<stdin>') : await lintFile(file)
          for (const finding of findings) {
            out(inert(formatFinding(finding)))
            bad ||= finding.level === 'error'
          }
        }
        process.exitCode = bad ? 2 : 0
      })
  },
}
