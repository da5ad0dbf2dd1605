import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { stateRoot } from '../journal/incidents.ts'
import { locate } from '../journal/locate.ts'
import { type Finding, type ScanProblem, scanIncident, secretsNamed } from '../journal/scan.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { SecretSource, SecretStore } from '../model/secret.ts'
import { sinks } from './incident.ts'

/** What a scan found; it holds no value of a secret. */
export interface Scanned {
  id: string
  /** An archive is only read: nothing can be erased in it. */
  archive: boolean
  found: Finding[]
  problems: ScanProblem[]
  /**
   * Secrets that the incident names and whose values were not looked for: an archive's word is no reason to read a source here,
   * the source is `absent` now, or the value is too `short`.
   */
  unknown: { name: string; source: string; why: 'archive' | 'absent' | 'short' }[]
}

/**
 * Looks through an incident with the rules of today. `secrets` are `NAME=env:VAR`, `NAME=@file` or `NAME=-`; those that the
 * incident names are looked for too where their environment variable or file is still there.
 */
export async function scan(
  idOrFile: string,
  secrets: readonly string[],
  stdin: () => Promise<string>,
): Promise<Scanned> {
  const { secrets: store, pipe } = sinks()
  for (const flag of secrets) await register(store, flag, stdin)
  await using at = await locate(stateRoot(), idOrFile)
  const unknown: Scanned['unknown'] = []
  for (const named of await secretsNamed(at.dir)) {
    if (store.has(named.name)) continue
    // An archive may come from elsewhere: its word is no reason to read files here.
    const value = at.archive === undefined ? await resolved(named.source) : undefined
    if (value !== undefined && registered(store, named.name, named.source as SecretSource, value)) continue
    const why = at.archive !== undefined ? 'archive' : value === undefined ? 'absent' : 'short'
    unknown.push({ name: pipe.text(named.name), source: pipe.text(named.source), why })
  }
  const { found, problems } = await scanIncident(at.dir, pipe)
  return {
    id: at.id,
    archive: at.archive !== undefined,
    // Field by field: `secret:NAME` beside its key would pass for a secret itself.
    found: found.map((one) => ({
      ...one,
      ...(one.type === undefined ? {} : { type: pipe.text(one.type) }),
      ...(one.field === undefined ? {} : { field: pipe.text(one.field) }),
    })),
    problems: problems.map(({ file, reason }) => ({ file, reason: pipe.text(reason) })),
    unknown,
  }
}

async function register(store: SecretStore, flag: string, stdin: () => Promise<string>): Promise<void> {
  const equals = flag.indexOf('=')
  const [name, given] = [flag.slice(0, equals), flag.slice(equals + 1)]
  if (equals < 1 || !/^(?:env:.+|@.+|-)$/.test(given)) {
    throw new SitrepError('usage', '--secret is not taken from the command line, where others can read it', {
      next: 'use NAME=env:VARIABLE, NAME=@FILE or NAME=-',
    })
  }
  const source: SecretSource =
    given === '-'
      ? 'stdin'
      : given.startsWith('@')
        ? `file:${resolve(given.slice(1))}`
        : (given as `env:${string}`)
  const value = source === 'stdin' ? chomp(await stdin()) : await resolved(source)
  if (value === undefined)
    throw new SitrepError('usage', `the secret ${name} has no value`, { where: source })
  store.register(name, source, value)
}

const mostBytes = 1 << 20

/** The value at a source that can be read again; undefined for others, and where it is not there any more. */
async function resolved(source: string): Promise<string | undefined> {
  if (source.startsWith('env:')) return process.env[source.slice(4)]
  if (!source.startsWith('file:')) return undefined
  const path = source.slice(5)
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true || found.size > mostBytes) return undefined
  try {
    return chomp(await readFile(path, 'utf8'))
  } catch (error) {
    throw new SitrepError('usage', `can't read ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** False for a value that is too short to be looked for. */
function registered(store: SecretStore, name: string, source: SecretSource, value: string): boolean {
  try {
    store.register(name, source, value)
    return true
  } catch (error) {
    if (error instanceof SitrepError && error.kind === 'usage') return false
    throw error
  }
}

function chomp(text: string): string {
  return text.replace(/\r?\n$/, '')
}
