import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { check } from '../model/issues.ts'
import { didYouMean } from '../model/near.ts'
import type { Finding, ParamSpec, Runbook } from '../model/runbook.ts'
import { parseSource, type Source } from '../model/source.ts'
import { buildRunbook } from './build.ts'
import { parseCondition } from './condition.ts'
import { collectFindings, type Findings } from './findings.ts'
import { type Chain, checkIncluded, type Included, isInclude, loadIncluded } from './include.ts'
import type { Kinds } from './kinds.ts'
import { readParams } from './params.ts'
import { type Checking, checkCheck, checkStep, checkText, isMap, refuseTemplates } from './parts.ts'
import { checkRevert } from './revert.ts'
import { type ParamFile, paramForm, runbookForm } from './schema.ts'
import { readLimited } from './source.ts'

/** A runbook where the file is valid, and everything that was found in it, in the order of the file. */
export interface Loaded {
  runbook?: Runbook
  findings: Finding[]
}

/** Reads and checks a runbook's file. What is wrong with it is a finding; nothing of it is carried out. */
export async function loadRunbook(file: string, kinds: Kinds, chain: Chain = []): Promise<Loaded> {
  const read = await readLimited(file)
  if ('problem' in read) return { findings: [read.problem] }
  const source = parseSource(read.bytes, file)
  const findings = collectFindings(source.findings)
  const load = (inner: string, through: Chain) => loadRunbook(inner, kinds, through)
  const included = await loadIncluded(source, file, { chain, findings, load })
  return loadSource(source, read.bytes, { file, kinds, included, findings })
}

/**
 * Checks the text of a runbook that stands alone; `file` names it in positions, and its folder is where relative paths
 * start.
 */
export function parseRunbook(input: Uint8Array | string, file: string, kinds: Kinds): Loaded {
  const source = parseSource(input, file)
  const findings = collectFindings(source.findings)
  const steps = isMap(source.value) && Array.isArray(source.value.steps) ? source.value.steps : []
  for (const [index, entry] of steps.entries()) {
    if (isInclude(entry)) findings.error(source.locate(['steps', index]), 'only a file can include another')
  }
  return loadSource(source, input, { file, kinds, included: new Map(), findings })
}

interface Surroundings {
  file: string
  kinds: Kinds
  included: Included
  findings: Findings
}

function loadSource(
  source: Source,
  input: Uint8Array | string,
  { file, kinds, included, findings }: Surroundings,
): Loaded {
  if (source.value === undefined) return { findings: findings.sorted() }
  if (!isMap(source.value)) {
    findings.error(source.locate([]), 'a runbook is a mapping with runbook, title and steps')
    return { findings: findings.sorted() }
  }
  const form = runbookForm(
    kinds.checks.map(({ kind }) => kind),
    kinds.logSources.map(({ kind }) => kind),
  )
  const shaped = check(form, withStandIns(source.value))
  for (const { path, message, key } of shaped.problems) {
    findings.error(key ? source.locateKey(path) : source.locate(path), message)
  }
  const params = checkMeaning(source, source.value, kinds, findings, included)
  if (findings.failed() || shaped.value === undefined) return { findings: findings.sorted() }
  const hash = createHash('sha256').update(input)
  for (const { runbook } of included.values()) hash.update(runbook.sha256)
  const sha256 = hash.digest('hex')
  const runbook = buildRunbook(shaped.value, {
    source,
    kinds,
    params,
    included,
    file,
    sha256,
    dir: dirname(resolve(file)),
  })
  return { runbook, findings: findings.sorted() }
}

/** What the form can't say: names that refer to each other, templates, and the parameters of actions and checks. */
function checkMeaning(
  source: Source,
  file: Record<string, unknown>,
  kinds: Kinds,
  findings: Findings,
  included: Included,
): ParamSpec[] {
  const params = readParams(shapedParams(file.params), source, findings)
  const declared = isMap(file.params) ? Object.keys(file.params) : []
  const steps = maps(file.steps).filter(({ value }) => !isInclude(value))
  const namesAt = (where: (index: number) => boolean): string[] => [
    ...steps.filter(({ index }) => where(index)).flatMap(({ value }) => outputNames(value)),
    ...[...included].filter(([index]) => where(index)).flatMap(([, { runbook }]) => namesOf(runbook)),
  ]
  const names = {
    params: declared.map((name) => params.find((spec) => spec.name === name) ?? { name, secret: false }),
    vars: isMap(file.vars) ? Object.keys(file.vars) : [],
    before: [] as string[],
    later: [] as string[],
  }
  const checking: Checking = { source, findings, kinds, names }
  for (const key of ['runbook', 'title', 'description', 'symptoms', 'params', 'vars', 'hosts'])
    refuseTemplates(checking, [key], file[key])
  checkLogs(checking, file.logs)
  checkIds(checking, 'checks', file.checks)
  checkIds(checking, 'steps', file.steps)
  const list = Array.isArray(file.checks) ? file.checks : []
  for (const [i, raw] of list.entries()) checkCheck(checking, raw, i)
  const checkNames = maps(file.checks).map(({ value }) => String(value.id))
  for (const { value, index } of steps) {
    const before = namesAt((other) => other < index)
    const later = namesAt((other) => other >= index)
    checkStep({ ...checking, names: { ...names, before, later } }, value, index)
    checkRevert(checking, value, index)
    checkKeys(checking, value, index, { before, later, checks: checkNames })
  }
  const outputs = steps.flatMap(({ value }) => outputNames(value))
  checkIncluded(source, included, { outputs, checks: checkNames, params }, findings)
  return params
}

/** The form knows steps; where another file is included, a step that is right stands in for it. */
function withStandIns(file: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(file.steps)) return file
  const standIn = (index: number) => ({ id: `include-${index}`, title: 'include', uses: 'include' })
  return { ...file, steps: file.steps.map((step, index) => (isInclude(step) ? standIn(index) : step)) }
}

function namesOf({ steps }: Runbook): string[] {
  return steps.flatMap(({ id, register }) => (register === undefined ? [id] : [id, register]))
}

function shapedParams(raw: unknown): Record<string, ParamFile> {
  if (!isMap(raw)) return {}
  const pairs = Object.entries(raw).map(([name, value]) => [name, paramForm.safeParse(value).data] as const)
  return Object.fromEntries(pairs.filter((pair): pair is [string, ParamFile] => pair[1] !== undefined))
}

function maps(list: unknown): { value: Record<string, unknown>; index: number }[] {
  if (!Array.isArray(list)) return []
  return list
    .map((value: unknown, index) => ({ value, index }))
    .filter((entry): entry is { value: Record<string, unknown>; index: number } => isMap(entry.value))
}

function outputNames(step: Record<string, unknown>): string[] {
  return [step.id, step.register].filter((name): name is string => typeof name === 'string')
}

function checkIds({ source, findings }: Checking, key: 'steps' | 'checks', list: unknown): void {
  const seen = new Map<string, number>()
  for (const { value, index } of maps(list)) {
    for (const part of ['id', 'register']) {
      const name = value[part]
      if (typeof name !== 'string' || (part === 'register' && name === value.id)) continue
      const first = seen.get(name)
      if (first !== undefined) {
        const line = source.locate([key, first]).line
        findings.error(
          source.locate([key, index, part]),
          `the name "${name}" is already used in line ${line}`,
        )
      }
      seen.set(name, first ?? index)
    }
  }
}

function checkLogs(checking: Checking, list: unknown): void {
  const { source, findings, kinds } = checking
  for (const [i, raw] of (Array.isArray(list) ? list : []).entries()) {
    const path = ['logs', i]
    if (typeof raw === 'string') {
      const kind = raw.slice(0, Math.max(raw.indexOf(':'), 0))
      const known = kinds.logSources.map((source) => source.kind)
      if (!known.includes(kind))
        findings.error(source.locate(path), `unknown kind of log "${kind}"${didYouMean(kind, known)}`)
      checkText(checking, path, raw)
    } else if (isMap(raw)) {
      const present = kinds.logSources.filter(({ kind }) => kind in raw)
      if (present.length !== 1)
        findings.error(source.locate(path), 'a log has exactly one kind, such as pm2, unit or file')
      for (const { kind, params } of present) {
        checkText(checking, [...path, kind], raw[kind])
        const problem = String(raw[kind]).includes('{{')
          ? undefined
          : check(params, String(raw[kind])).problems[0]
        if (problem) findings.error(source.locate([...path, kind]), problem.message)
      }
    }
  }
}

function checkKeys(
  { source, findings }: Checking,
  step: Record<string, unknown>,
  index: number,
  known: { before: string[]; later: string[]; checks: string[] },
): void {
  if (typeof step.if !== 'string') return
  const at = source.locate(['steps', index, 'if'])
  const condition = parseCondition(step.if)
  if (!condition) findings.error(at, 'expected "steps.ID ok" or "checks.ID failed" (ok, failed or unknown)')
  else if (condition.of === 'checks' && !known.checks.includes(condition.id)) {
    findings.error(at, `unknown check "${condition.id}"${didYouMean(condition.id, known.checks)}`)
  } else if (condition.of === 'steps' && !known.before.includes(condition.id)) {
    const later = known.later.includes(condition.id)
    findings.error(
      at,
      later
        ? `the step "${condition.id}" does not come before this one`
        : `unknown step "${condition.id}"${didYouMean(condition.id, known.before)}`,
    )
  }
}
