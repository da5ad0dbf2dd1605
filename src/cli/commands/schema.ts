import type { CliCommand } from '../command.ts'
import { out } from '../output.ts'

export const command: CliCommand = {
  name: 'schema',
  register(program) {
    program
      .command('schema')
      .summary('print the JSON schema of runbooks, for editors')
      .addHelpText('after', '\nExamples:\n  sitrep schema > runbook.schema.json')
      .action(async () => {
        const { runbookJsonSchema } = await import('../../runbook/jsonSchema.ts')
        const { kinds } = await import('../../compose/kinds.ts')
        out(JSON.stringify(runbookJsonSchema(kinds), null, 2))
      })
  },
}
