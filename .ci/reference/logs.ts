import type { LogSourceKind } from '../../src/model/log.ts'
import { code, head, page, table } from './markdown.ts'

const intro = `What can be followed. A runbook lists its logs as \`- KIND: NAME\`, \`sitrep logs HOST KIND:NAME\` follows one, and in the
console \`f\` asks for one. The last 100 lines come first. Everything goes through the pipe that makes text inert and hides secrets, and is
kept in the incident's folder.`

/** docs/reference/logs.md. */
export function logsPage(kinds: readonly LogSourceKind[]): string {
  const rows = kinds.map(({ kind, summary, example }) => [code(kind), summary, code(`${kind}:${example}`)])
  return page(head('Logs', 'src/logs/sources', intro), table(['kind', 'what it is', 'example'], rows))
}
