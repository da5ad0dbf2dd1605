// The pages under docs/ that are made from the code. `npm run generate` writes them; `--check` fails where one is stale.
import { kinds } from '../src/compose/kinds.ts'
import { runbookJsonSchema } from '../src/runbook/jsonSchema.ts'
import { securityPage } from '../test/docs/faults.ts'
import { actionsPage } from './reference/actions.ts'
import { checksPage } from './reference/checks.ts'
import { commandsPage } from './reference/commands.ts'
import { eventsPage } from './reference/events.ts'
import { exitCodesPage } from './reference/exitCodes.ts'
import { keysPage } from './reference/keys.ts'
import { logsPage } from './reference/logs.ts'

/** A generated file: its path from the root, and its text as the code says that it should be. */
export interface Reference {
  file: string
  text: string
}

/** Every generated page. */
export function references(): Reference[] {
  return [
    { file: 'docs/reference/actions.md', text: actionsPage(kinds.actions) },
    { file: 'docs/reference/checks.md', text: checksPage(kinds.checks) },
    { file: 'docs/reference/commands.md', text: commandsPage() },
    { file: 'docs/reference/events.md', text: eventsPage() },
    { file: 'docs/reference/exit-codes.md', text: exitCodesPage() },
    { file: 'docs/reference/keys.md', text: keysPage() },
    { file: 'docs/reference/logs.md', text: logsPage(kinds.logSources) },
    { file: 'docs/runbook.schema.json', text: `${JSON.stringify(runbookJsonSchema(kinds), null, 2)}\n` },
    { file: 'docs/security.md', text: securityPage().wanted },
  ]
}
