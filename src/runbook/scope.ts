import type { Host } from '../model/host.ts'
import { didYouMean } from '../model/near.ts'
import type { ParamSpec } from '../model/runbook.ts'
import { isSecretValue } from '../model/schema.ts'
import type { SecretRef } from '../model/secret.ts'
import type { Lookup, Scope, Template } from './template.ts'

/** What templates may name while a runbook is loaded: which names exist, not yet their values. */
export interface Names {
  params: readonly Pick<ParamSpec, 'name' | 'secret'>[]
  vars: readonly string[]
  /** Step ids and `register` names that come before, and those that come later. */
  before: readonly string[]
  later: readonly string[]
}

/** Values for one step or check on one host. `steps` gives the output of a step by its id or its `register` name. */
export interface Values {
  host: Host
  params: Readonly<Record<string, unknown>>
  vars?: Readonly<Record<string, string>>
  steps?: {
    get(name: string): string | undefined
    /** The id of the step behind a `register` name; the name itself where absent. */
    id?(name: string): string
  }
}

const hostKeys = ['name', 'address', 'user', 'vars'] as const

const wrong = (message: string): Lookup => ({ is: 'wrong', message })

/** Templates against the names of a runbook: an unknown name is wrong, a known one is open. */
export function namesScope(names: Names): Scope {
  return (template) => {
    const [name = '', ...rest] = template.path
    switch (template.root) {
      case 'params': {
        const spec = names.params.find((param) => param.name === name)
        if (!spec)
          return wrong(
            unknownName(
              'parameter',
              name,
              names.params.map((param) => param.name),
            ),
          )
        if (rest.length > 0) return wrong(`the parameter "${name}" has no parts`)
        return spec.secret ? { is: 'secret', name } : { is: 'open' }
      }
      case 'vars':
        if (!names.vars.includes(name)) return wrong(unknownName('variable', name, names.vars))
        return rest.length > 0 ? wrong(`the variable "${name}" has no parts`) : { is: 'open' }
      case 'host':
        return hostName(template) ?? { is: 'open' }
      case 'steps':
        return stepName(template, names) ?? { is: 'open' }
    }
  }
}

/** Templates against values. Host variables of the inventory win over the runbook's `vars`. */
export function valuesScope(values: Values): Scope {
  return (template) => {
    const [name = '', ...rest] = template.path
    switch (template.root) {
      case 'params': {
        if (!Object.hasOwn(values.params, name)) return { is: 'value', value: undefined }
        const value = values.params[name]
        return isSecretValue(value)
          ? { is: 'secret', name: (value as SecretRef).secret }
          : { is: 'value', value }
      }
      case 'vars': {
        const value = own(values.host.vars, name) ?? own(values.vars ?? {}, name)
        return value === undefined
          ? wrong(unknownName('variable', name, Object.keys(values.vars ?? {})))
          : { is: 'value', value }
      }
      case 'host': {
        const refused = hostName(template)
        if (refused) return refused
        if (name !== 'vars') return { is: 'value', value: values.host[name as 'name' | 'address' | 'user'] }
        const value = own(values.host.vars, rest[0]!)
        if (value !== undefined) return { is: 'value', value }
        return wrong(
          `the host "${values.host.name}" has no variable "${rest[0]}"${didYouMean(rest[0]!, Object.keys(values.host.vars))}`,
        )
      }
      case 'steps': {
        const output = values.steps?.get(name)
        return output === undefined
          ? { is: 'later', step: values.steps?.id?.(name) ?? name }
          : { is: 'value', value: output }
      }
    }
  }
}

function own(map: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}

function hostName({ path, raw }: Template): Lookup | undefined {
  const [name = '', ...rest] = path
  if (!(hostKeys as readonly string[]).includes(name))
    return wrong(unknownName('property of a host', name, hostKeys))
  if (rest.length !== (name === 'vars' ? 1 : 0))
    return wrong(`${raw} can not be read; a host has name, address, user and vars.NAME`)
  return undefined
}

function stepName({ path, raw }: Template, names: Names): Lookup | undefined {
  const [name = '', ...rest] = path
  if (!names.before.includes(name)) {
    if (names.later.includes(name)) return wrong(`the step "${name}" does not come before this one`)
    return wrong(unknownName('step', name, names.before))
  }
  return rest.join('.') === 'output'
    ? undefined
    : wrong(`${raw} can not be read; a step has {{ steps.${name}.output }}`)
}

function unknownName(what: string, name: string, known: Iterable<string>): string {
  return `unknown ${what} "${name}"${didYouMean(name, known)}`
}
