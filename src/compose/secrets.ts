import { readFile, stat } from 'node:fs/promises'
import type { Prompter } from '../hosts/prompter.ts'
import type { Incident } from '../model/incident.ts'
import type { SecretStore } from '../model/secret.ts'
import type { RunContext } from '../run/context.ts'
import { keepNothing } from '../run/keep.ts'

/** Bytes of a file that may hold a secret. */
const largest = 64 << 10

/** What is asked of an incident about its secrets. */
export interface Named {
  read(): Pick<Incident, 'secrets' | 'secretChecks'>
  /** Whether its pipe hides the value of which a check was made; undefined where that can't be compared. */
  hides(check: string, name: string): boolean | undefined
}

/** A secret that nothing could hide in what a host says. */
export interface UnknownSecret {
  name: string
  /** A value is known, and it is not the one of then. */
  changed: boolean
}

/** A password is asked for again when it is needed, and no command prints it. */
export function isPassword(name: string, source: string | undefined): boolean {
  return source === 'prompt' && /^(sudo|ssh) /.test(name)
}

/**
 * The incident's secrets that this process does not know as they were at the given times (ISO 8601), when what is looked
 * at was started: not at all, or with another value by now.
 */
export function missingSecrets(
  incident: Named,
  secrets: Pick<SecretStore, 'has'>,
  at: readonly string[],
): UnknownSecret[] {
  const { secrets: sources, secretChecks = {} } = incident.read()
  return Object.entries(sources).flatMap(([name, source]) => {
    if (isPassword(name, source)) return []
    const hidden = checksAt(secretChecks[name] ?? [], at).map((check) =>
      check === undefined ? undefined : incident.hides(check, name),
    )
    const known = secrets.has(name)
    // What stood in a file of a host may be what the interrupted step itself replaced: it is learned there again.
    const replaced = known && source.startsWith('host:')
    if (hidden.includes(false) && !replaced) return [{ name, changed: known }]
    return known || (hidden.length > 0 && hidden.every((is) => is === true)) ? [] : [{ name, changed: false }]
  })
}

/** The check that was the last one at each of the times; the first one where it was named only later. */
function checksAt(
  checks: readonly { at: string; check?: string }[],
  at: readonly string[],
): (string | undefined)[] {
  const then = at.map((time) => checks.findLast((one) => one.at <= time) ?? checks[0])
  return [...new Set(then)].map((one) => one?.check)
}

/**
 * Learns the missing secrets again from where they came: the environment, a file, or the person at the terminal. Gives
 * those that stay unknown.
 */
export async function resolveSecrets(
  incident: Named,
  secrets: SecretStore,
  o: { at: readonly string[]; prompter?: Pick<Prompter, 'secret'> | undefined },
): Promise<UnknownSecret[]> {
  const { secrets: sources } = incident.read()
  for (const { name, changed } of missingSecrets(incident, secrets, o.at)) {
    const source = sources[name] ?? ''
    const value = await valueFrom(name, source, changed ? undefined : o.prompter)
    // What is known already is no news for the journal.
    if (!changed || value !== secrets.value({ secret: name })) learn(secrets, name, source, value)
  }
  return missingSecrets(incident, secrets, o.at)
}

/**
 * Learns what the environment and files still tell of an incident's secrets, for whatever is recorded next. Nobody is
 * asked, and what can't be read is left.
 */
export async function learnQuietly(incident: Pick<Named, 'read'>, secrets: SecretStore): Promise<void> {
  for (const [name, source] of Object.entries(incident.read().secrets)) {
    const value = await valueFrom(name, source, undefined)
    if (!secrets.has(name)) learn(secrets, name, source, value)
  }
}

function learn(secrets: SecretStore, name: string, source: string, value: string | undefined): void {
  if (value === undefined || value.length < 4) return
  if (source.startsWith('env:')) secrets.register(name, `env:${source.slice(4)}`, value)
  else if (source.startsWith('file:')) secrets.register(name, `file:${source.slice(5)}`, value)
  else secrets.register(name, 'prompt', value)
}

async function valueFrom(
  name: string,
  source: string,
  prompter: Pick<Prompter, 'secret'> | undefined,
): Promise<string | undefined> {
  if (source.startsWith('env:')) return process.env[source.slice(4)]
  if (source.startsWith('file:')) return secretIn(source.slice(5)).catch(() => undefined)
  if (source !== 'prompt' && source !== 'stdin') return undefined
  return prompter?.secret({
    who: name,
    what: 'this secret of the incident, to keep it out of what is recorded',
  })
}

/** The name comes from a journal, which others may have written: what is no small file is not read. */
async function secretIn(path: string): Promise<string | undefined> {
  const found = await stat(path)
  if (!found.isFile() || found.size > largest) return undefined
  return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
}

/**
 * The same surroundings, in which the output of commands stays on the host, unseen: neither shown nor recorded nor kept,
 * and the job's folder is not removed. For work that can't wait until all secrets are known again, such as an undo.
 */
export function withholding(context: RunContext, unseen: readonly string[]): RunContext {
  if (unseen.length === 0) return context
  const said = `‹stays on the host: ${unseen.join(', ')} not known here›`
  const { onOutput: _, ...rest } = context
  return {
    ...rest,
    carry: (change, id, deps) => context.carry(change, id, { ...deps, leavesFolder: true }),
    text: (bytes) => (bytes.length === 0 ? '' : said),
    keep: keepNothing,
  }
}

/** How it is told that outputs stay where they are. */
export function unseenSecrets(unseen: readonly UnknownSecret[]): string {
  const names = (changed: boolean) =>
    unseen
      .filter((one) => one.changed === changed)
      .map(({ name }) => name)
      .join(', ')
  const [unknown, other] = [names(false), names(true)]
  const told = [
    ...(unknown === '' ? [] : [`secrets of the earlier run are not known here: ${unknown}`]),
    ...(other === '' ? [] : [`the value of ${other} is not the one of the earlier run`]),
  ]
  return `${told.join('; ')}; its output stays on the host`
}
