import { resolve } from 'node:path'
import { messageOf, SitrepError } from '../model/errors.ts'
import { didYouMean } from '../model/near.ts'
import type { ParamSpec, Runbook } from '../model/runbook.ts'
import type { SecretRef, SecretSource, SecretStore } from '../model/secret.ts'
import { faultOf, typed } from './params.ts'

/** Where the values of parameters may come from. */
export interface ParamSources {
  env: Readonly<Record<string, string | undefined>>
  readFile(path: string): Promise<string>
  /** All of stdin, for `K=-`. */
  stdin(): Promise<string>
  /** Asks a person; absent without a terminal. `undefined` where they gave no answer. */
  prompt?(spec: ParamSpec): Promise<string | undefined>
  secrets: SecretStore
  /** Where relative paths of `K=@file` start. */
  cwd: string
}

/** The parameters of a run by name; a secret one as a reference. */
export type Params = Record<string, unknown>

/** Splits `--param K=V` arguments; the last of one name wins. */
export function parseParamFlags(flags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const equals = flag.indexOf('=')
      if (equals < 1) throw new SitrepError('usage', `--param ${flag.slice(0, 40)}: expected NAME=VALUE`)
      return [flag.slice(0, equals), flag.slice(equals + 1)]
    }),
  )
}

/**
 * Gives every parameter its value, typed and checked; throws SitrepError('usage') that names all that is missing or wrong.
 * The default of a secret parameter stands in the file, so it is public: only a value that was given is a secret.
 */
export async function resolveParams(
  runbook: Pick<Runbook, 'params' | 'name' | 'dir'>,
  given: Readonly<Record<string, string>>,
  sources: ParamSources,
): Promise<Params> {
  const names = runbook.params.map(({ name }) => name)
  const problems = Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => `the runbook "${runbook.name}" has no parameter "${name}"${didYouMean(name, names)}`)
  const missing: ParamSpec[] = []
  const params: Params = {}
  for (const spec of runbook.params) {
    try {
      const value = await valueFor(spec, given[spec.name], { ...sources, dir: spec.dir ?? runbook.dir })
      if (value !== undefined) params[spec.name] = value
      else if (spec.required) missing.push(spec)
    } catch (error) {
      if (!(error instanceof SitrepError)) throw error
      problems.push(error.message)
    }
  }
  if (missing.length > 0) problems.push(missingMessage(missing))
  if (problems.length > 0) throw new SitrepError('usage', problems.join('\n'), nextStep(missing))
  return params
}

function missingMessage(missing: readonly ParamSpec[]): string {
  const list = missing.map(
    ({ name, from, description }) =>
      `${name}${from ? ` (from ${from})` : ''}${description ? `: ${description}` : ''}`,
  )
  return missing.length === 1
    ? `a parameter is missing: ${list[0]}`
    : `parameters are missing:\n  ${list.join('\n  ')}`
}

function nextStep([first]: readonly ParamSpec[]): { next?: string } {
  if (!first) return {}
  return {
    next: first.secret
      ? `give --param ${first.name}=@FILE, env:NAME or -`
      : `give --param ${first.name}=VALUE`,
  }
}

type Around = ParamSources & { dir: string }

async function valueFor(spec: ParamSpec, given: string | undefined, sources: Around): Promise<unknown> {
  const found =
    given === undefined ? await fromDeclared(spec, sources) : await fromGiven(spec, given, sources)
  if (found === undefined) return spec.default
  if (spec.secret) return secret(spec, found, sources.secrets)
  const value = typed(spec, found.text)
  const fault = value === undefined ? `must be a ${spec.type}` : faultOf(spec, value)
  if (fault) throw new SitrepError('usage', `the parameter "${spec.name}" ${fault}`)
  return value
}

interface Found {
  text: string
  source: SecretSource
}

function secret(spec: ParamSpec, { text, source }: Found, secrets: SecretStore): SecretRef {
  const fault = faultOf(spec, text)
  if (fault) throw new SitrepError('usage', `the secret parameter "${spec.name}" ${fault}`)
  secrets.register(spec.name, source, text)
  return { secret: spec.name }
}

async function fromGiven(spec: ParamSpec, given: string, sources: Around): Promise<Found> {
  if (!spec.secret) return { text: given, source: 'prompt' }
  if (given === '-') return { text: chomp(await sources.stdin()), source: 'stdin' }
  if (given.startsWith('@')) return fromFile(spec, resolve(sources.cwd, given.slice(1)), sources)
  if (given.startsWith('env:')) return fromEnv(spec, given.slice(4), sources)
  throw new SitrepError(
    'usage',
    `the secret parameter "${spec.name}" is not taken from the command line, where others can read it; use ${spec.name}=@FILE, ${spec.name}=env:NAME or ${spec.name}=-`,
  )
}

function fromEnv(spec: ParamSpec, name: string, { env }: Around): Found {
  const text = env[name]
  if (text === undefined || text === '')
    throw new SitrepError('usage', `the parameter "${spec.name}": the environment has no ${name}`)
  return { text, source: `env:${name}` }
}

async function fromFile(spec: ParamSpec, path: string, { readFile }: Around): Promise<Found> {
  try {
    return { text: chomp(await readFile(path)), source: `file:${path}` }
  } catch (error) {
    throw new SitrepError(
      'usage',
      `the parameter "${spec.name}": ${path} can not be read: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

/** What the runbook's own `from` says; a variable or file that is not there leaves the parameter without a value. */
async function fromDeclared(spec: ParamSpec, sources: Around): Promise<Found | undefined> {
  const { from } = spec
  if (from?.startsWith('env:')) {
    const name = from.slice(4)
    return sources.env[name] ? fromEnv(spec, name, sources) : ask(spec, sources)
  }
  if (from?.startsWith('file:')) return fromFile(spec, resolve(sources.dir, from.slice(5)), sources)
  const wanted = from === 'prompt' || (spec.required && spec.default === undefined)
  return wanted ? ask(spec, sources) : undefined
}

async function ask(spec: ParamSpec, { prompt }: Around): Promise<Found | undefined> {
  if (spec.default !== undefined && spec.from !== 'prompt') return undefined
  const text = await prompt?.(spec)
  return text === undefined || text === '' ? undefined : { text, source: 'prompt' }
}

function chomp(text: string): string {
  return text.replace(/\r?\n$/, '')
}

/** The parameters as they are journaled and shown: texts, secrets as their mark. */
export function showParams(params: Params): Record<string, string> {
  const show = (value: unknown): string => {
    if (Array.isArray(value)) return value.map(String).join(', ')
    if (typeof value === 'object' && value !== null) return `‹secret:${(value as SecretRef).secret}›`
    return String(value)
  }
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, show(value)]))
}
