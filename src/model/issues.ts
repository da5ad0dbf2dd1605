import type { z } from 'zod'
import { didYouMean } from './near.ts'

/** One thing wrong at a path; `key` where the key itself is wrong, not its value. */
export interface Problem {
  path: PropertyKey[]
  message: string
  key: boolean
}

type Issue = z.core.$ZodIssue

/** What `problemsOf` may leave out: a place whose value is not known yet (it holds a template). */
export type Unknown = (path: readonly PropertyKey[], o: { inside: boolean }) => boolean

/** Parses a value and gives either the result or every problem, in words, unions resolved to the branch that was meant. */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  unknown: Unknown = () => false,
): { value: T; problems: [] } | { value?: undefined; problems: Problem[] } {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data, problems: [] }
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [], schema, value, unknown)) }
}

function problemsOf(
  issue: Issue,
  base: PropertyKey[],
  schema: z.ZodType,
  value: unknown,
  unknown: Unknown,
): Problem[] {
  const path = [...base, ...issue.path]
  const own = { path, key: false }
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path)
    return issue.keys.map((name) => ({
      path: [...path, name],
      key: true,
      message: `unknown key "${name}"${name.includes(' ') ? '; a text with a comma wants quotes inside { }' : didYouMean(name, known)}`,
    }))
  }
  if (unknown(path, { inside: issue.code === 'custom' || issue.code === 'invalid_union' })) {
    if (issue.code !== 'invalid_union' || unknown(path, { inside: false })) return []
  }
  if (issue.code === 'invalid_union') return unionProblems(issue, path, schema, value, unknown)
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return issue.issues.flatMap((inner) => ({
      path,
      key: issue.code === 'invalid_key',
      message: inWords(inner, at(value, path)),
    }))
  }
  const typed = issue.code === 'invalid_type' || issue.code === 'custom'
  const missing = typed && path.length > 0 && at(value, path) === undefined
  return [
    { ...own, message: missing ? `"${String(path.at(-1))}" is missing` : inWords(issue, at(value, path)) },
  ]
}

/** The branch of a union that was meant: one whose problems lie deeper than the value's own type, the fewest first. */
function unionProblems(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: PropertyKey[],
  schema: z.ZodType,
  value: unknown,
  unknown: Unknown,
): Problem[] {
  const branches = issue.errors.map((errors) => ({
    meant: !errors.some((e) => e.path.length === 0 && e.code !== 'unrecognized_keys'),
    problems: errors.flatMap((e) => problemsOf(e, path, schema, value, unknown)),
  }))
  if (branches.some(({ problems }) => problems.length === 0) && branches.length > 0) return []
  const meant = branches
    .filter((branch) => branch.meant)
    .sort((a, b) => a.problems.length - b.problems.length)[0]
  if (meant) return meant.problems
  const messages = [...new Set(branches.flatMap(({ problems }) => problems.map(({ message }) => message)))]
  return [
    {
      path,
      key: false,
      message: messages.length === 0 ? 'this value is not allowed here' : messages.join(', or '),
    },
  ]
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined | null)?.[key],
    value,
  )
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

/** What a value is, in the words of a person who writes YAML. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value))
    return value.some((part) => isSecret(part)) ? 'text with a secret parameter' : 'a list'
  if (isSecret(value)) return 'a secret parameter'
  if (typeof value === 'string') return 'text'
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} ${String(value)}`
}

function isSecret(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'secret'
}

function inWords(issue: Issue, value: unknown): string {
  const secret = /secret/.test(kindOf(value)) ? `; ${kindOf(value)} can not stand here` : ''
  switch (issue.code) {
    case 'invalid_type':
      if (secret) return `expected ${kinds[issue.expected] ?? issue.expected}${secret}`
      return `expected ${kinds[issue.expected] ?? issue.expected}, found ${kindOf(value)}`
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      const near = typeof value === 'string' ? didYouMean(value, allowed) : ''
      return `expected ${allowed.map((v) => JSON.stringify(v)).join(' or ')}${near}`
    }
    case 'too_small':
      if (issue.origin === 'number' || issue.origin === 'int')
        return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
      return issue.minimum === 1 ? 'must not be empty' : `needs at least ${issue.minimum}`
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `must match ${issue.pattern ?? issue.format}`
        : issue.message
    default:
      return issue.message + secret
  }
}

/** The keys that a schema knows at a path, over all branches of its unions. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let here: Def[] = branches(schema)
  for (const part of path) here = here.flatMap((def) => inner(def, part))
  return here.flatMap((def) => (def.type === 'object' ? Object.keys(def.shape ?? {}) : []))
}

interface Def {
  type: string
  shape?: Record<string, z.ZodType>
  element?: z.ZodType
  valueType?: z.ZodType
}

function inner(def: Def, part: PropertyKey): Def[] {
  const next = def.type === 'object' ? def.shape?.[String(part)] : (def.element ?? def.valueType)
  return next ? branches(next) : []
}

/** A schema's definitions without what only wraps them. */
function branches(schema: z.ZodType): Def[] {
  const def = schema._zod.def as unknown as {
    type: string
    innerType?: z.ZodType
    in?: z.ZodType
    out?: z.ZodType
    options?: z.ZodType[]
    left?: z.ZodType
    right?: z.ZodType
    getter?: () => z.ZodType
  } & Def
  if (def.innerType) return branches(def.innerType)
  if (def.type === 'pipe') return branches(def.in!._zod.def.type === 'transform' ? def.out! : def.in!)
  if (def.type === 'union') return def.options!.flatMap(branches)
  if (def.type === 'intersection') return [...branches(def.left!), ...branches(def.right!)]
  if (def.type === 'lazy') return branches(def.getter!())
  return [def]
}
