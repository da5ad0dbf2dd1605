import { code } from './markdown.ts'

/** A JSON schema, as far as the references read it. */
export interface Json {
  type?: string | string[]
  description?: string
  const?: unknown
  enum?: unknown[]
  pattern?: string
  minimum?: number
  maximum?: number
  properties?: Record<string, Json>
  required?: string[]
  additionalProperties?: Json | boolean
  items?: Json
  anyOf?: Json[]
  oneOf?: Json[]
}

/** One field of a schema; a field of a mapping inside has the path `expect.status`. */
export interface Field {
  path: string
  type: string
  required: boolean
  description: string
}

/** The fields of a mapping, those of the mappings inside it behind them. */
export function fieldsOf(schema: Json, before = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, json]) => {
    const path = before + name
    const field: Field = {
      path,
      type: typeOf(json),
      required: schema.required?.includes(name) ?? false,
      description: json.description ?? '',
    }
    return [field, ...fieldsOf(json, `${path}.`)]
  })
}

// What a pattern asks for, in words; the pattern itself says little to a reader of a table.
const forms: readonly (readonly [beginning: string, words: string])[] = [
  ['^\\/', 'absolute path'],
  ['^[0-7]', 'octal mode, in quotes'],
  ['^\\d+(\\.\\d+)?\\s*(ms', 'duration'],
  ['^https?', 'URL'],
]
const template = '\\{\\{'

/** The type of a field in words: `text`, `list of text`, `mapping of name to text`, `` `host` or `operator` ``. */
export function typeOf(json: Json): string {
  const choices = (json.anyOf ?? json.oneOf)?.filter(({ pattern }) => !pattern?.startsWith(template))
  if (choices !== undefined) {
    const words = [...new Set(choices.map(typeOf))]
    // A duration is a number of seconds, or a text with its unit.
    return words.includes('duration') ? 'duration' : words.join(' or ')
  }
  if (json.const !== undefined) return code(json.const)
  if (json.enum !== undefined) return json.enum.map(code).join(' or ')
  if (Array.isArray(json.type)) return json.type.includes('null') ? 'text or `null`' : 'text'
  switch (json.type) {
    case undefined:
      return 'any value'
    case 'null':
      return '`null`'
    case 'string':
      return forms.find(([beginning]) => json.pattern?.startsWith(beginning))?.[1] ?? 'text'
    case 'array':
      return json.items === undefined ? 'list' : `list of ${typeOf(json.items)}`
    case 'object':
      return typeof json.additionalProperties === 'object' && json.properties === undefined
        ? `mapping of name to ${typeOf(json.additionalProperties)}`
        : 'mapping'
    case 'integer':
      return rangeOf(json)
    case 'boolean':
      return '`true` or `false`'
    default:
      return json.type
  }
}

function rangeOf({ minimum, maximum }: Json): string {
  const bounded = [minimum, maximum].every((bound) => bound !== undefined && Math.abs(bound) < 1e6)
  return bounded ? `number ${minimum} to ${maximum}` : 'number'
}
