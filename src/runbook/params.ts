import type { ParamSpec } from '../model/runbook.ts'
import type { Source } from '../model/source.ts'
import type { Findings } from './findings.ts'
import type { ParamFile } from './schema.ts'
import { secretVariable } from './template.ts'

/** Turns the declared parameters into their full form; what does not fit together is told with its position. */
export function readParams(
  declared: Record<string, ParamFile>,
  source: Source,
  findings: Findings,
): ParamSpec[] {
  const variables = new Map<string, string>()
  return Object.entries(declared).map(([name, form]) => {
    const spec = readParam(name, form, source)
    const error = (message: string, key?: string) =>
      findings.error(key ? source.locate(['params', name, key]) : spec.at, message)
    if (spec.secret && spec.type !== 'string') error('a secret parameter is a string', 'type')
    const fault = spec.default === undefined ? undefined : faultOf(spec, spec.default)
    if (spec.pattern !== undefined && patternOf(spec.pattern) === undefined)
      error('not a regular expression', 'pattern')
    else if (fault) error(`the default ${fault}`, 'default')
    if (spec.secret) {
      const other = variables.get(secretVariable(name))
      if (other) error(`the names "${other}" and "${name}" of secret parameters differ too little`)
      variables.set(secretVariable(name), name)
    }
    return spec
  })
}

function readParam(name: string, form: ParamFile, source: Source): ParamSpec {
  const file: {
    type?: ParamSpec['type'] | undefined
    required?: boolean | undefined
    default?: unknown | undefined
    description?: string | undefined
    pattern?: string | undefined
    secret?: boolean | undefined
    from?: string | undefined
  } = form
  return {
    name,
    type: file.type ?? typeOf(file.default),
    required: file.required ?? file.default === undefined,
    ...(file.default === undefined ? {} : { default: file.default }),
    ...(file.description === undefined ? {} : { description: file.description }),
    ...(file.pattern === undefined ? {} : { pattern: file.pattern }),
    secret: file.secret ?? false,
    ...(file.from === undefined ? {} : { from: file.from }),
    at: source.locateKey(['params', name]),
  }
}

function typeOf(value: unknown): ParamSpec['type'] {
  if (Array.isArray(value)) return 'list'
  return typeof value === 'number' || typeof value === 'boolean'
    ? (typeof value as 'number' | 'boolean')
    : 'string'
}

/** A pattern as a regular expression over the whole value; undefined where it is not one. */
export function patternOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    return undefined
  }
}

/** Why a typed value does not fit its parameter, to be put behind its name; undefined where it fits. Never shows a secret. */
export function faultOf(
  spec: Pick<ParamSpec, 'type' | 'pattern' | 'secret'>,
  value: unknown,
): string | undefined {
  const kind = Array.isArray(value) ? 'list' : typeof value
  if (kind !== spec.type) return `must be a ${spec.type}`
  const pattern = spec.pattern === undefined ? undefined : patternOf(spec.pattern)
  const texts = Array.isArray(value) ? value.map(String) : [String(value)]
  if (pattern && texts.some((text) => !pattern.test(text)))
    return `does not match the pattern ${spec.pattern}`
  return undefined
}

/** A text from a command line as the type of its parameter: a list is `a,b,c` or a JSON array; undefined where it can't be one. */
export function typed(spec: Pick<ParamSpec, 'type'>, text: string): unknown {
  switch (spec.type) {
    case 'number':
      return /^[-+]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'list':
      return text.trim().startsWith('[')
        ? jsonList(text)
        : text === ''
          ? []
          : text.split(',').map((item) => item.trim())
    default:
      return text
  }
}

function jsonList(text: string): unknown {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every((item) => typeof item !== 'object') ? list : undefined
  } catch {
    return undefined
  }
}
