import { didYouMean } from '../model/near.ts'
import type { Shell } from '../model/schema.ts'
import type { SecretRef, SecretText } from '../model/secret.ts'
import { shellContexts, shellValue, shellVariable } from '../model/shellText.ts'

/** What a template may begin with; anything else in braces stays text (Docker's `{{.Names}}`). */
export const templateRoots = ['params', 'vars', 'host', 'steps'] as const
export type TemplateRoot = (typeof templateRoots)[number]

/** A template found in a text: `{{ params.app }}` has the root `params` and the path `['app']`. */
export interface Template {
  raw: string
  offset: number
  root: TemplateRoot
  path: string[]
}

/** What a name stands for. `open`: known to exist, but its value not yet; `later`: a step has to run first. */
export type Lookup =
  | { is: 'value'; value: unknown }
  | { is: 'secret'; name: string }
  | { is: 'open' }
  | { is: 'later'; step: string }
  | { is: 'wrong'; message: string }

export type Scope = (template: Template) => Lookup

/** What is wrong with a template, at the path of the text that holds it. */
export interface TemplateProblem {
  path: PropertyKey[]
  raw: string
  message: string
  warning?: boolean
}

/** A value with its templates filled in. Open ones stay as they were written. */
export interface Substituted {
  value: unknown
  problems: TemplateProblem[]
  /** The step whose output is needed first. */
  after?: string
}

const anyTemplate = /\{\{\s*(params|vars|host|steps)\.([^{}]*)\}\}/g
const pathForm = /^[\w-]+(?:\.[\w-]+)*$/
const absent = Symbol('absent')

/** The templates of a text, in order. */
export function findTemplates(text: string): Template[] {
  return [...text.matchAll(anyTemplate)].map((match) => ({
    raw: match[0],
    offset: match.index,
    root: match[1] as TemplateRoot,
    path: pathForm.test(match[2]!.trim()) ? match[2]!.trim().split('.') : [],
  }))
}

/** True where any text inside the value holds a template. */
export function holdsTemplate(value: unknown): boolean {
  if (typeof value === 'string') return findTemplates(value).length > 0
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsTemplate)
}

/** The name of the environment variable that carries a secret into shell text. */
export function secretVariable(name: string): string {
  return `SITREP_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

/**
 * Fills in the templates of a value from a file. A text that is one whole template takes the value with its type; a
 * secret becomes a reference; texts under a key of `shellText` become `Shell`.
 */
export function substitute(value: unknown, scope: Scope, shellText: readonly string[] = []): Substituted {
  const out: Substituted = { value: undefined, problems: [] }
  const filled = walk(value, [], { scope, shellText, out })
  out.value = filled === absent ? undefined : filled
  return out
}

interface Filling {
  scope: Scope
  shellText: readonly string[]
  out: Substituted
}

function walk(value: unknown, path: PropertyKey[], filling: Filling): unknown {
  if (typeof value === 'string')
    return isShellPath(path, filling.shellText) ? shell(value, path, filling) : plain(value, path, filling)
  if (Array.isArray(value))
    return value.map((item, i) => walk(item, [...path, i], filling)).filter((item) => item !== absent)
  if (typeof value !== 'object' || value === null) return value
  const map: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    for (const { raw } of findTemplates(key))
      problem(filling, [...path, key], raw, 'a template can not stand in a key')
    const filled = walk(inner, [...path, key], filling)
    if (filled !== absent) map[key] = filled
  }
  return map
}

/** Shell text is what stands under a key of `shellText`, through mappings; the words of a list are argv, not shell text. */
function isShellPath(path: readonly PropertyKey[], shellText: readonly string[]): boolean {
  if (path.some((part) => typeof part === 'number')) return false
  return path.some((_, i) => shellText.includes(path.slice(0, i + 1).join('.')))
}

function problem(filling: Filling, path: PropertyKey[], raw: string, message: string): void {
  filling.out.problems.push({ path, raw, message })
}

/** Looks a template up; `undefined` where its value is not there (and why was noted). */
function look(
  template: Template,
  path: PropertyKey[],
  filling: Filling,
): Exclude<Lookup, { is: 'wrong' | 'later' }> {
  const { raw, root } = template
  const found: Lookup =
    template.path.length === 0
      ? { is: 'wrong', message: `${raw} can not be read; a template is a name such as {{ ${root}.NAME }}` }
      : filling.scope(template)
  if (found.is === 'wrong') problem(filling, path, raw, found.message)
  if (found.is === 'later') filling.out.after ??= found.step
  return found.is === 'wrong' || found.is === 'later' ? { is: 'open' } : found
}

function plain(text: string, path: PropertyKey[], filling: Filling): unknown {
  const templates = findTemplates(text)
  nearMisses(text, path, filling)
  if (templates.length === 0) return text
  const [only] = templates
  if (only && only.raw === text.trim()) {
    const found = look(only, path, filling)
    if (found.is === 'secret') return { secret: found.name } satisfies SecretRef
    if (found.is === 'open') return text
    return found.value === undefined ? absent : found.value
  }
  const parts: (string | SecretRef)[] = []
  const add = (part: string) => {
    const last = parts.at(-1)
    if (typeof last === 'string') parts[parts.length - 1] = last + part
    else if (part !== '') parts.push(part)
  }
  let from = 0
  for (const template of templates) {
    add(text.slice(from, template.offset))
    from = template.offset + template.raw.length
    const found = look(template, path, filling)
    if (found.is === 'secret') parts.push({ secret: found.name })
    else if (found.is === 'open') add(template.raw)
    else add(asText(found.value, template, path, filling))
  }
  add(text.slice(from))
  return parts.some((part) => typeof part !== 'string') ? (parts satisfies SecretText) : (parts[0] ?? '')
}

function asText(value: unknown, { raw }: Template, path: PropertyKey[], filling: Filling): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value)
  const why =
    value === undefined
      ? 'has no value; give it one, or a default'
      : 'is a list, which can not stand inside a text'
  problem(filling, path, raw, `${raw} ${why}`)
  return ''
}

const whereNot: Record<string, string> = {
  substitution: 'inside $( )',
  backticks: 'inside backticks',
  expansion: 'inside ${ }',
  heredoc: 'inside a here-document',
  comment: 'inside a comment',
  escaped: 'just behind a backslash or a $',
  unclear: 'behind a construct that shells read differently',
}

function shell(text: string, path: PropertyKey[], filling: Filling): Shell | string {
  const templates = findTemplates(text)
  nearMisses(text, path, filling)
  const pieces: string[] = []
  let from = 0
  for (const { offset, raw } of templates) {
    pieces.push(text.slice(from, offset))
    from = offset + raw.length
  }
  pieces.push(text.slice(from))
  // What is scanned is the text with one letter in each template's place.
  const skeleton = pieces.join('V')
  const offsets = templates.map((_, i) => pieces.slice(0, i + 1).join('V').length)
  const contexts = shellContexts(skeleton, offsets)
  const secrets: Record<string, SecretRef> = {}
  const filled = templates.map((template, i) => {
    const found = look(template, path, filling)
    const context = contexts[i]!
    if (whereNot[context]) {
      problem(
        filling,
        path,
        template.raw,
        `${template.raw} can not stand ${whereNot[context]}; put it into a variable first`,
      )
      return template.raw
    }
    if (found.is === 'open') return template.raw
    if (found.is === 'secret') {
      const variable = secretVariable(found.name)
      secrets[variable] = { secret: found.name }
      return shellVariable(variable, context)!
    }
    const value = asText(found.value, template, path, filling)
    if (value.includes('\u0000'))
      problem(filling, path, template.raw, `the value of ${template.raw} holds a NUL character`)
    return shellValue(value, context)!
  })
  return { shell: pieces.map((piece, i) => piece + (filled[i] ?? '')).join(''), secrets }
}

/** `{{ param.app }}` stays text, but was hardly meant so: a warning. */
function nearMisses(text: string, path: PropertyKey[], filling: Filling): void {
  for (const match of text.matchAll(/\{\{\s*([A-Za-z_]+)\.[\w.-]+\s*\}\}/g)) {
    const root = match[1]!
    const near = (templateRoots as readonly string[]).includes(root) ? '' : didYouMean(root, templateRoots)
    if (near)
      filling.out.problems.push({
        path,
        raw: match[0],
        message: `${match[0]} stays as it is${near}`,
        warning: true,
      })
  }
}
