import { keyTable, type Layer } from '../../views/keys.ts'
import { code, head, page, table } from './markdown.ts'

const intro = `Every key of the console. The same records make the help screen (\`?\`), the footer and the palette (\`:\`), which also say why a
key does nothing now. The nearest layer that knows a key takes it: a question, then the pane, then the room or the home screen, then
everywhere. Ctrl-c asks to quit wherever you are.`

const layers: Record<Layer, string> = {
  home: 'The home screen',
  room: 'The incident room, in every pane',
  steps: 'The steps',
  checks: 'The checks',
  logs: 'The logs',
  timeline: 'The timeline',
  approval: 'An approval',
  typed: 'An approval that wants its target typed',
  manual: 'A question that only a person can answer',
  global: 'Everywhere',
}

/** docs/reference/keys.md. */
export function keysPage(): string {
  const rows = keyTable()
  const sections = Object.entries(layers).map(([layer, title]) => {
    const here = rows.filter((row) => row.layer === layer)
    const cells = here.map(({ keys, command, does }) => [
      keys.split(', ').map(code).join(' '),
      does,
      code(command),
    ])
    return `## ${title}\n\n${table(['key', 'what it does', 'command'], cells)}`
  })
  return page(head('Keys', 'views/keys', intro), ...sections)
}
