import { createSecretStore } from '../hosts/secrets.ts'
import { declareIncident, findIncident, loadIncident, stateRoot } from '../journal/incidents.ts'
import { type Journal, openJournal } from '../journal/open.ts'
import { createPipe, type Pipe } from '../logs/pipe.ts'
import type { RunResult } from '../model/command.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { Append, EventRecord, Severity } from '../model/event.ts'
import type { Incident } from '../model/incident.ts'
import type { SecretStore } from '../model/secret.ts'
import type { Kept } from '../run/context.ts'
import { keepOutput } from './keep.ts'
import { followIncident } from './live.ts'
import { operatorName } from './operator.ts'

/** An incident that this process records to: the fold as of now, and the one way to add to it. */
export interface OpenIncident {
  id: string
  dir: string
  append: Append
  /** The record that declared it. */
  declared: EventRecord | undefined
  /** The fold of everything recorded so far, by every writer. */
  read(): Incident
  /** Calls back after each record, ours or another console's. */
  onRecord(listener: (record: EventRecord, incident: Incident) => void): () => void
  secrets: SecretStore
  pipe: Pipe
  /** Keeps an output of more than 20 lines or 2,000 characters beside the journal. */
  keep(name: string, result: RunResult): Promise<Kept>
  /** Why recording stopped; undefined while it works. */
  stopped(): string | undefined
  onStopped(listener: (cause: string) => void): () => void
  close(): Promise<void>
}

/** Declares an incident and opens it. */
export async function declare(o: {
  title: string
  severity?: Severity
  started?: string
  alert?: string
}): Promise<OpenIncident> {
  const { secrets, pipe } = sinks()
  const { title, severity = 'sev3', started, alert } = o
  const { id, journal } = await declareIncident({
    root: stateRoot(),
    by: operatorName(),
    clean: (value) => pipe.deep(value),
    title,
    severity,
    ...(started === undefined ? {} : { started }),
    ...(alert === undefined ? {} : { alert }),
  }).catch((error: unknown) => {
    if (error instanceof SitrepError) throw error
    const next = 'see that the state folder ($SITREP_HOME) can be written'
    throw new SitrepError('recording', `RECORDING STOPPED: ${messageOf(error)}`, { next, cause: error })
  })
  return follow(id, journal, secrets, pipe)
}

/** Opens an incident by its id or the unique beginning of one. */
export async function open(prefix: string): Promise<OpenIncident> {
  const root = stateRoot()
  const id = await findIncident(root, prefix)
  const { dir } = await loadIncident(root, id)
  const { secrets, pipe } = sinks()
  const journal = await openJournal({ dir, by: operatorName(), clean: (value) => pipe.deep(value) })
  return follow(id, journal, secrets, pipe)
}

/** A store of secrets with the pipe that knows them. */
export function sinks(): { secrets: SecretStore; pipe: Pipe } {
  const secrets = createSecretStore()
  return { secrets, pipe: createPipe(secrets) }
}

async function follow(id: string, journal: Journal, secrets: SecretStore, pipe: Pipe): Promise<OpenIncident> {
  const live = await followIncident(id, journal)
  const append: Append = async (type, data) => {
    const record = await journal.append(type, data)
    live.take(record)
    return record
  }
  const unlisten = secrets.onRegister((name, _value, source) => {
    if (live.read().secrets[name] !== undefined) return
    // The journal names each secret and its source; a failed write is told by the next append.
    append('secret.registered', { name, source }).catch(() => undefined)
  })
  return {
    id,
    dir: journal.dir,
    declared: live.declared,
    append,
    read: live.read,
    onRecord: live.onRecord,
    secrets,
    pipe,
    keep: (_name, result) => keepOutput(journal.dir, pipe, result),
    stopped: () => journal.stopped(),
    onStopped: (listener) => journal.onStopped(listener),
    close: async () => {
      unlisten()
      await live.stop()
      await journal.close()
    },
  }
}
