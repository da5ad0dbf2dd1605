import { realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import * as z from 'zod'
import { check } from '../model/issues.ts'
import type { Runbook, Step } from '../model/runbook.ts'
import type { Source } from '../model/source.ts'
import { parseCondition } from './condition.ts'
import type { Findings } from './findings.ts'
import { isMap } from './parts.ts'
import { hostsForm } from './schema.ts'

/*
 * `include` puts the steps of another runbook where it stands. The other file is a runbook of its own, checked by itself;
 * of it come the steps, and those parameters and variables that the including one does not have. It lies in the folder of
 * the first file or below, also after every link was followed: trusting a folder must not reach out of it.
 */

/** One entry of `steps` that includes another runbook's. */
export const includeForm = z.strictObject({
  include: z
    .string({ error: 'expected the path of a runbook, relative to this file' })
    .regex(/^[^\u0000]+$/, 'expected the path of a runbook, relative to this file'),
  hosts: hostsForm.optional(),
})

/** Which files led here, by their real paths, the first of them first. */
export type Chain = readonly string[]

/** At most this many files may include one another in a row. */
const deepest = 8

/** The runbooks that a file includes, by the index of the entry in its `steps`. */
export type Included = ReadonlyMap<number, { runbook: Runbook; hosts: string[] | undefined }>

/** True for an entry of `steps` that includes a file. */
export function isInclude(entry: unknown): entry is Record<string, unknown> {
  return isMap(entry) && 'include' in entry
}

/** Loads what a file includes; each mistake is a finding, in this file or in the included one. */
export async function loadIncluded(
  source: Source,
  file: string,
  o: {
    chain: Chain
    findings: Findings
    load(file: string, chain: Chain): Promise<{ runbook?: Runbook; findings: readonly Found[] }>
  },
): Promise<Included> {
  const included = new Map<number, { runbook: Runbook; hosts: string[] | undefined }>()
  const steps = isMap(source.value) && Array.isArray(source.value.steps) ? source.value.steps : []
  const here = o.chain.length === 0 ? [await realpath(file).catch(() => resolve(file))] : o.chain
  for (const [index, entry] of steps.entries()) {
    if (!isInclude(entry)) continue
    const path = ['steps', index]
    const { value, problems } = check(includeForm, entry)
    for (const { path: inner, message, key } of problems) {
      const full = [...path, ...inner]
      o.findings.error(key ? source.locateKey(full) : source.locate(full), message)
    }
    if (value === undefined) continue
    const at = source.locate([...path, 'include'])
    const found = await findIncluded(value.include, file, here)
    if ('problem' in found) {
      o.findings.error(at, found.problem)
      continue
    }
    const loaded = await o.load(found.file, [...here, found.real])
    for (const one of loaded.findings) {
      if (one.level === 'error') o.findings.error(one.at, one.message)
      else o.findings.warning(one.at, one.message)
    }
    if (loaded.runbook === undefined) o.findings.error(at, `${value.include} has mistakes`)
    else included.set(index, { runbook: loaded.runbook, hosts: value.hosts })
  }
  return included
}

type Found = { at: Runbook['steps'][number]['at']; message: string; level: 'error' | 'warning' }

async function findIncluded(
  name: string,
  file: string,
  chain: Chain,
): Promise<{ file: string; real: string } | { problem: string }> {
  if (isAbsolute(name))
    return { problem: 'an included runbook is named relative to this file, not by an absolute path' }
  const wanted = join(dirname(file), name)
  const folder = dirname(chain[0] ?? resolve(file))
  // Before the disk is asked: whether a file out of the folder is there is nobody's business.
  if (isOutside(folder, resolve(dirname(chain.at(-1) ?? resolve(file)), name)))
    return { problem: `${name} lies out of the folder ${folder}; only files in it can be included` }
  const real = await realpath(wanted).catch(() => undefined)
  if (real === undefined) return { problem: `there is no file ${name}` }
  if (isOutside(folder, real))
    return {
      problem: `${name} leads out of the folder ${folder} by a link; only files in it can be included`,
    }
  if (chain.includes(real)) {
    const names = [...chain.slice(chain.indexOf(real)), real].map((one) => relative(folder, one))
    return { problem: `runbooks include each other: ${names.join(' -> ')}` }
  }
  if (chain.length >= deepest)
    return { problem: `more than ${deepest} runbooks include one another in a row` }
  return { file: wanted, real }
}

function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

/** The steps of an included runbook as they stand in the including one. */
export function includedSteps({ runbook, hosts }: { runbook: Runbook; hosts: string[] | undefined }): Step[] {
  return runbook.steps.map((step) => ({
    ...step,
    dir: step.dir ?? runbook.dir,
    ...(hosts === undefined || step.hosts !== undefined ? {} : { hosts }),
  }))
}

/** Checks what only both files together show: names that are used twice, a check that is not there, a parameter that is secret in one only. */
export function checkIncluded(
  source: Source,
  included: Included,
  own: {
    outputs: readonly string[]
    checks: readonly string[]
    params: readonly { name: string; secret: boolean }[]
  },
  findings: Findings,
): void {
  const taken = new Set(own.outputs)
  for (const [index, { runbook }] of included) {
    const at = source.locate(['steps', index, 'include'])
    for (const { id, register } of runbook.steps) {
      for (const name of register === undefined || register === id ? [id] : [id, register]) {
        if (taken.has(name)) findings.error(at, `the name "${name}" of an included step is already used`)
        taken.add(name)
      }
    }
    for (const { if: condition, id } of runbook.steps) {
      const wanted = condition === undefined ? undefined : parseCondition(condition)
      if (wanted?.of === 'checks' && !own.checks.includes(wanted.id))
        findings.error(
          at,
          `the included step "${id}" waits for the check "${wanted.id}", which this runbook has not`,
        )
    }
    for (const { name, secret } of runbook.params) {
      const mine = own.params.find((param) => param.name === name)
      if (mine !== undefined && mine.secret !== secret)
        findings.error(
          at,
          `the parameter "${name}" is secret in one of the two runbooks and not in the other`,
        )
    }
  }
}
