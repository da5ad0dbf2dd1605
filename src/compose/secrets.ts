import { readFile, stat } from 'node:fs/promises'
import type { Prompter } from '../hosts/prompter.ts'
import type { Incident } from '../model/incident.ts'
import type { SecretStore } from '../model/secret.ts'
import type { RunContext } from '../run/context.ts'
import { keepNothing } from '../run/keep.ts'

/** Bytes of a file that may hold a secret. */
const largest = 64 << 10

type Named = { read(): Pick<Incident, 'secrets'> }

/** The names of the incident's secrets that this process does not know: nothing could hide them in what a host says. */
export function missingSecrets(incident: Named, secrets: Pick<SecretStore, 'has'>): string[] {
  return Object.entries(incident.read().secrets).flatMap(([name, source]) =>
    // A password is asked for again when it is needed, and no command prints it.
    (source === 'prompt' && name.startsWith('sudo ')) || secrets.has(name) ? [] : [name],
  )
}

/**
 * Learns the missing secrets again from where they came: the environment, a file, or the person at the terminal. Gives
 * the names of those that stay unknown.
 */
export async function resolveSecrets(
  incident: Named,
  secrets: SecretStore,
  prompter?: Pick<Prompter, 'secret'>,
): Promise<string[]> {
  const { secrets: sources } = incident.read()
  for (const name of missingSecrets(incident, secrets)) {
    const source = sources[name] ?? ''
    const value = await valueFrom(name, source, prompter)
    if (value === undefined || value.length < 4) continue
    if (source.startsWith('env:')) secrets.register(name, `env:${source.slice(4)}`, value)
    else if (source.startsWith('file:')) secrets.register(name, `file:${source.slice(5)}`, value)
    else secrets.register(name, 'prompt', value)
  }
  return missingSecrets(incident, secrets)
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
export function unseenSecrets(unseen: readonly string[]): string {
  return `secrets of the earlier run are not known here: ${unseen.join(', ')}; its output stays on the host`
}
