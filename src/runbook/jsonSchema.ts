import * as z from 'zod'
import { keysAt } from '../model/issues.ts'
import { includeForm } from './include.ts'
import type { Kinds } from './kinds.ts'
import { runbookForm } from './schema.ts'

type Json = { [key: string]: unknown }

/** The JSON schema of one zod schema as a file's author sees it: what goes in, before transforms. */
export function editorSchema(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: overrideEditor,
  }) as Json
  return withTemplates(json)
}

/** Where a number, a list or a choice is wanted, a template may stand too. */
const template: Json = { type: 'string', pattern: '\\{\\{\\s*(params|vars|host|steps)\\.' }

function withTemplates(json: unknown, top = true): Json {
  if (typeof json !== 'object' || json === null) return json as Json
  if (Array.isArray(json)) return json.map((item) => withTemplates(item, false)) as unknown as Json
  const map = json as Json
  const out: Json = {}
  for (const [key, value] of Object.entries(map)) {
    if (key === 'properties' || key === '$defs') {
      out[key] = Object.fromEntries(
        Object.entries(value as Json).map(([name, inner]) => [name, withTemplates(inner, false)]),
      )
    } else if (
      key === 'items' ||
      key === 'additionalProperties' ||
      key === 'anyOf' ||
      key === 'oneOf' ||
      key === 'allOf'
    ) {
      out[key] = withTemplates(value, false)
    } else out[key] = value
  }
  if (top || !takesOther(out)) return out
  const { description, default: preset, ...rest } = out
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: [rest, template],
  }
}

/** True for a schema that a template's text would not fit by itself. */
function takesOther(json: Json): boolean {
  const type = json.type
  if (json.enum !== undefined || json.const !== undefined || json.pattern !== undefined) return true
  return typeof type === 'string' && ['number', 'integer', 'boolean', 'array'].includes(type)
}

/** The JSON schema of a runbook for editors, with each action's `with` by its `uses`, and each kind of check. */
export function runbookJsonSchema({ actions, checks, logSources }: Kinds): Json {
  const form = runbookForm(
    checks.map(({ kind }) => kind),
    logSources.map(({ kind }) => kind),
  )
  const { $schema: _, ...json } = z.toJSONSchema(form, {
    io: 'input',
    unrepresentable: 'any',
    override: overrideEditor,
  }) as Json
  const properties = json.properties as Record<string, Json>
  const step = (properties.steps as { items: Json }).items
  const stepProperties = step.properties as Record<string, Json>
  stepProperties.uses = {
    description: 'The action',
    anyOf: actions.map(({ name, summary }) => ({ const: name, description: summary })),
  }
  step.allOf = actions.map(({ name, params }) => ({
    if: { properties: { uses: { const: name } }, required: ['uses'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON schema
    then: { properties: { with: editorSchema(params) } },
  }))
  const steps = properties.steps as Json
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON schema
  steps.items = { if: { required: ['include'] }, then: editorSchema(includeForm), else: step }
  const check = findItems(properties.checks)
  const checkProperties = check?.properties as Record<string, Json> | undefined
  for (const { kind, params, summary } of checks) {
    if (!checkProperties) break
    const short = keysAt(params, []).length > 0 ? [{ type: ['string', 'number'] }] : []
    checkProperties[kind] = { description: summary, anyOf: [editorSchema(params), ...short] }
  }
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'sitrep runbook', ...json }
}

const overrideEditor: NonNullable<z.core.ToJSONSchemaParams['override']> = ({ zodSchema, jsonSchema }) => {
  const editor = (z.globalRegistry.get(zodSchema as unknown as z.ZodType) as { editor?: Json } | undefined)
    ?.editor
  if (!editor) return
  for (const key of Object.keys(jsonSchema))
    if (key !== 'description' && key !== 'default') delete jsonSchema[key]
  Object.assign(jsonSchema, editor)
}

/** The schema of a list's entries, also where the list may be null. */
function findItems(list: Json | undefined): Json | undefined {
  if (list?.items) return list.items as Json
  const inner = (list?.anyOf as Json[] | undefined) ?? []
  return inner.map(findItems).find((items) => items !== undefined)
}
