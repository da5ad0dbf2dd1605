import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { eventData } from '../../src/model/event.ts'
import { fieldsOf, type Json } from './fields.ts'
import { code, fence, head, page, table } from './markdown.ts'

const intro = `What the journal holds, one event per line. A line is a record:`

const envelope = `{"v":1,"id":UUIDv7,"at":ISO 8601 UTC with ms,"hlc":"…","by":"ana@laptop","writer":"…","seq":n,"type":…,"data":{…},
 "salt":…,"dataHash":"sha256:…","prev":"sha256:…","hash":"sha256:…"}`

const rest = `\`hlc\` is a hybrid logical clock that sorts as text: the order of all records of an incident is (hlc, writer, seq). \`hash\` is the
sha256 of the record's canonical JSON (RFC 8785) without \`hash\`, \`salt\` and \`data\`; \`dataHash\` is the sha256 of the salt and the data; \`prev\`
is the \`hash\` of the writer's record before. \`sitrep timeline --json\` and \`sitrep run --json\` print records.

A reader keeps and counts what it does not know. Times are ISO 8601 UTC with milliseconds. Every text went through the pipe that makes
it inert and hides secrets. A type that is marked *reserved* has its form already, and nothing of this version writes it yet.`

/** docs/reference/events.md. */
export function eventsPage(): string {
  const written = writtenTypes()
  const sections = Object.entries(eventData).map(([type, schema]) => {
    const json = z.toJSONSchema(schema) as Json
    const rows = fieldsOf(json).map(({ path, type, required, description }) => [
      code(path),
      type,
      required ? 'yes' : '',
      description,
    ])
    const mark = written.has(type) ? '' : ' *Reserved.*'
    const fields = table(['field', 'type', 'always there', 'what it is'], rows)
    return `## ${type}\n\n${sentence(json.description ?? '')}${mark}\n\n${fields}`
  })
  return page(head('Events', 'src/model/event.ts', intro), fence('text', envelope), rest, ...sections)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** The types that some file of src appends. */
function writtenTypes(): Set<string> {
  const src = join(import.meta.dirname, '../../src')
  const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.startsWith('model/'))
  const calls = files.flatMap((file) => [
    ...readFileSync(join(src, file), 'utf8').matchAll(/\bappend\(\s*'([a-z._]+)'/g),
  ])
  return new Set(calls.map(([, type = '']) => type))
}
