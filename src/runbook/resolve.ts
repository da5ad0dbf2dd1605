import type { ZodType } from 'zod'
import type { Action } from '../model/action.ts'
import type { CheckKind } from '../model/check.ts'
import { SitrepError } from '../model/errors.ts'
import { check } from '../model/issues.ts'
import type { CheckSpec, LogSpec, Position, Step } from '../model/runbook.ts'
import { showText, type Text } from '../model/secret.ts'
import { type Values, valuesScope } from './scope.ts'
import { substitute } from './template.ts'

/** A step or check with its templates filled in for one host: `with` as the action's schema gives it. */
export interface Resolved {
  with: unknown
  title: string
  as?: string
  after?: never
}

/** A step whose templates need the output of a step that has not run yet. */
export interface After {
  after: string
}

/** Fills in a step for one host. Throws SitrepError('usage') with every mistake and the first one's position. */
export function resolveStep(
  step: Step,
  values: Values & { action: Pick<Action, 'params' | 'shellText'> },
): Resolved | After {
  return resolveBlock(step, step.with, values.action, values)
}

/** Fills in a check for one host; checks can't wait for a step. */
export function resolveCheck(
  spec: CheckSpec,
  values: Values & { kind: Pick<CheckKind, 'params' | 'shellText'> },
): Resolved {
  const resolved = resolveBlock(spec, spec.with, values.kind, values)
  if (resolved.after !== undefined)
    throw fault(spec.at, [`the check "${spec.id}" can not use the output of a step`])
  return resolved
}

/** Fills in the name of a log for one host. */
export function resolveLog(log: LogSpec, values: Values): { kind: string; name: string; as?: string } {
  const as = log.as === undefined ? {} : { as: userName(fillText(log.as, values, log.at), log.at) }
  return { kind: log.kind, name: fillText(log.name, values, log.at), ...as }
}

function resolveBlock(
  spec: Pick<Step, 'title' | 'as' | 'at' | 'locate'>,
  block: Record<string, unknown>,
  kind: { params: ZodType; shellText?: readonly string[] },
  values: Values,
): Resolved | After {
  const filled = substitute(block, valuesScope(values), kind.shellText)
  const wrong = filled.problems.filter(({ warning }) => !warning)
  if (wrong.length > 0)
    throw fault(
      spec.locate(wrong[0]!.path),
      wrong.map(({ message }) => message),
    )
  if (filled.after !== undefined) return { after: filled.after }
  const checked = check(kind.params, filled.value)
  if (checked.problems.length > 0) {
    const messages = checked.problems.map(({ path, message }) =>
      path.length > 0 ? `${path.join('.')}: ${message}` : message,
    )
    throw fault(spec.locate(checked.problems[0]!.path), messages)
  }
  return {
    with: checked.value,
    title: fillText(spec.title, values, spec.at),
    ...(spec.as === undefined ? {} : { as: userName(fillText(spec.as, values, spec.at), spec.at) }),
  }
}

function fillText(text: string, values: Values, at: Position): string {
  const filled = substitute(text, valuesScope(values))
  const wrong = filled.problems.filter(({ warning }) => !warning)
  if (wrong.length > 0)
    throw fault(
      at,
      wrong.map(({ message }) => message),
    )
  const value = filled.value ?? ''
  return typeof value === 'object' ? showText(value as Text) : String(value)
}

function userName(name: string, at: Position): string {
  if (/^[A-Za-z_][\w.-]{0,31}\$?$/.test(name)) return name
  throw fault(at, [`${JSON.stringify(name)} is not the name of a user`])
}

function fault(at: Position, messages: string[]): SitrepError {
  return new SitrepError('usage', [...new Set(messages)].join('\n'), {
    where: `${at.file}:${at.line}:${at.column}`,
  })
}
