import type { ZodType } from 'zod'
import { check, keysAt } from '../model/issues.ts'
import { didYouMean } from '../model/near.ts'
import type { Source } from '../model/source.ts'
import type { Findings } from './findings.ts'
import type { Kinds } from './kinds.ts'
import { checkKeys } from './schema.ts'
import { type Names, namesScope } from './scope.ts'
import { findTemplates, holdsTemplate, substitute } from './template.ts'

/** What the parts of one file are checked against. */
export interface Checking {
  source: Source
  findings: Findings
  kinds: Kinds
  names: Names
}

type Path = readonly PropertyKey[]

/** Checks a block of parameters (a step's `with`, a check's) against its schema; what templates leave open is not judged. */
export function checkBlock(
  { source, findings, names }: Checking,
  o: { path: Path; value: unknown; schema: ZodType; shellText?: readonly string[] | undefined },
): void {
  const filled = substitute(o.value, namesScope(names), o.shellText)
  for (const { path, raw, message, warning } of filled.problems) {
    const at = source.locateIn([...o.path, ...path], raw)
    if (warning) findings.warning(at, message)
    else findings.error(at, message)
  }
  const open = (path: Path, { inside }: { inside: boolean }) => {
    const here = valueAt(filled.value, path)
    return inside ? holdsTemplate(here) : typeof here === 'string' && findTemplates(here).length > 0
  }
  for (const { path, message, key } of check(o.schema, filled.value, open).problems) {
    const full = [...o.path, ...path]
    findings.error(key ? source.locateKey(full) : source.locate(full), message)
  }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  )
}

/** Checks a text that may hold templates but no secret: a title, a user, a log's name. */
export function checkText({ source, findings, names }: Checking, path: Path, text: unknown): void {
  if (typeof text !== 'string') return
  const filled = substitute(text, namesScope(names))
  for (const { raw, message, warning } of filled.problems) {
    if (warning) findings.warning(source.locateIn(path, raw), message)
    else findings.error(source.locateIn(path, raw), message)
  }
  if (typeof filled.value !== 'string')
    findings.error(source.locate(path), 'a secret parameter can not stand here')
}

/** Tells of templates where none are filled in. */
export function refuseTemplates({ source, findings }: Checking, path: Path, value: unknown): void {
  if (typeof value === 'string') {
    for (const { raw } of findTemplates(value))
      findings.error(source.locateIn(path, raw), 'templates are not filled in here')
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      refuseTemplates({ source, findings } as Checking, [...path, key], inner)
  }
}

/** The kind of a check as the file has it, with its parameters; a plain value stands for the first parameter. */
export function kindOfCheck(
  raw: Record<string, unknown>,
  kinds: Kinds,
): { kind: string; with: Record<string, unknown> } | undefined {
  const found = kinds.checks.find(({ kind }) => kind in raw)
  if (!found) return undefined
  const value = raw[found.kind]
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { kind: found.kind, with: value as Record<string, unknown> }
  const [first] = keysAt(found.params, [])
  return { kind: found.kind, with: value === null || first === undefined ? {} : { [first]: value } }
}

/** Checks one entry of `checks` beyond its form: exactly one kind, and that kind's parameters. */
export function checkCheck(checking: Checking, raw: unknown, index: number): void {
  if (!isMap(raw)) return
  const { source, findings, kinds } = checking
  const path = ['checks', index]
  const present = kinds.checks.filter(({ kind }) => kind in raw)
  if (present.length === 0 && Object.keys(raw).every((key) => checkKeys.includes(key))) {
    findings.error(
      source.locate(path),
      `this check has no kind; it may be ${kinds.checks.map(({ kind }) => kind).join(', ')}`,
    )
  }
  if (present.length > 1)
    findings.error(
      source.locateKey([...path, present[1]!.kind]),
      `a check has one kind, this has ${present.length}`,
    )
  checkText(checking, [...path, 'title'], raw.title)
  checkText(checking, [...path, 'as'], raw.as)
  const own = kindOfCheck(raw, kinds)
  const [found] = present
  if (!own || !found) return
  checkBlock(checking, {
    path: [...path, own.kind],
    value: own.with,
    schema: found.params,
    shellText: found.shellText,
  })
}

/** Checks one step beyond its form: its action exists, and takes these parameters. */
export function checkStep(checking: Checking, raw: unknown, index: number): void {
  if (!isMap(raw)) return
  const { source, findings, kinds } = checking
  const path = ['steps', index]
  checkText(checking, [...path, 'title'], raw.title)
  checkText(checking, [...path, 'as'], raw.as)
  if (typeof raw.uses !== 'string') return
  const action = kinds.actions.find(({ name }) => name === raw.uses)
  if (!action) {
    const names = kinds.actions.map(({ name }) => name)
    findings.error(
      source.locate([...path, 'uses']),
      `unknown action "${raw.uses}"${didYouMean(raw.uses, names)}`,
    )
    return
  }
  const block = raw.with ?? {}
  if (isMap(block))
    checkBlock(checking, {
      path: [...path, 'with'],
      value: block,
      schema: action.params,
      shellText: action.shellText,
    })
}

/** True for a mapping of a file. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
