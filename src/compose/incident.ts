import { createSecretStore, everySecret } from '../hosts/secrets.ts'
import { finishErasures } from '../journal/erase.ts'
import { declareIncident, findIncident, incidentDir, stateRoot } from '../journal/incidents.ts'
import { type Journal, openJournal, type RecordingState, type Resumed } from '../journal/open.ts'
import { reserveFile } from '../journal/reserve.ts'
import { createSecretChecks } from '../journal/secretCheck.ts'
import { createPipe, type Pipe } from '../logs/pipe.ts'
import { messageOf, SitrepError } from '../model/errors.ts'
import type { Append, EventRecord, Severity } from '../model/event.ts'
import type { Incident } from '../model/incident.ts'
import type { SecretSource, SecretStore } from '../model/secret.ts'
import type { Keep } from '../run/keep.ts'
import { createKeep } from './keep.ts'
import { keepWhileRoom } from './keepRoom.ts'
import { followIncident } from './live.ts'
import { operatorName } from './operator.ts'
import { isPassword, learnQuietly } from './secrets.ts'

/** An incident that this process records to: the fold as of now, and the one way to add to it. */
export interface OpenIncident {
  id: string
  dir: string
  /** This process's id in the journal. */
  writer: string
  append: Append
  /** The record that declared it. */
  declared: EventRecord | undefined
  /** The fold of everything recorded so far, by every writer. */
  read(): Incident
  /** Calls back after each record, ours or another console's. */
  onRecord(listener: (record: EventRecord, incident: Incident) => void): () => void
  secrets: SecretStore
  pipe: Pipe
  /** Whether the pipe hides the value of which a `secret.registered` holds this check; undefined where that can't be told. */
  hides(check: string, name: string): boolean | undefined
  /** Keeps beside the journal what is too long for an event. */
  keep: Keep
  /** How the recording stands. */
  recording(): RecordingState
  /** Throws where a change can't be recorded just now, after a look whether there is room again. */
  requireRecording(): Promise<void>
  /** Why recording stopped; undefined while it works. */
  stopped(): string | undefined
  /** Calls back when recording stops; `reserve` where results are still taken. Again where that ends too. */
  onStopped(listener: (cause: string, reserve: boolean) => void): () => void
  /** Calls back when there is room again; `gapMs` is how long nothing could begin. */
  onResumed(listener: (resumed: Resumed) => void): () => void
  close(): Promise<void>
}

/** Declares an incident and opens it. */
export async function declare(o: {
  title: string
  severity?: Severity
  started?: string
  alert?: string
}): Promise<OpenIncident> {
  const { secrets, pipe, hidden } = sinks()
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
  return follow(id, journal, { secrets, pipe, hidden })
}

/** Opens an incident by its id or the unique beginning of one. */
export async function open(prefix: string): Promise<OpenIncident> {
  const root = stateRoot()
  const id = await findIncident(root, prefix)
  const { secrets, pipe, hidden } = sinks()
  const journal = await openJournal({
    dir: incidentDir(root, id),
    by: operatorName(),
    clean: (value) => pipe.deep(value),
    reserve: reserveFile(root),
  })
  // What another process began to erase is finished; `sitrep verify` tells where that is not possible.
  await finishErasures(journal.dir, journal.append).catch(() => undefined)
  try {
    return await follow(id, journal, { secrets, pipe, hidden })
  } catch (error) {
    await journal.close().catch(() => undefined)
    throw error
  }
}

/** A store of secrets, and the pipe that hides them. */
export interface Sinks {
  secrets: SecretStore
  pipe: Pipe
  /** The values that the pipe hides. */
  hidden: ReadonlySet<string>
}

/** A new store with its pipe, which also hides what this process learned before: what one incident knows must not stand in another. */
export function sinks(): Sinks {
  const secrets = createSecretStore()
  const known = [...everySecret()]
  const hidden = new Set(known.map(({ value }) => value))
  secrets.onRegister((_, value) => void hidden.add(value))
  const pipe = createPipe({
    entries: () => [...known, ...secrets.entries()],
    onRegister: secrets.onRegister,
  })
  return { secrets, pipe, hidden }
}

async function follow(id: string, journal: Journal, { secrets, pipe, hidden }: Sinks): Promise<OpenIncident> {
  const live = await followIncident(id, journal)
  // What is only learned again is no news for the journal.
  await learnQuietly(live, secrets)
  const checks = createSecretChecks(stateRoot(), id)
  const append: Append = async (type, data) => {
    const record = await journal.append(type, data)
    live.take(record)
    return record
  }
  journal.onOwn(live.take)
  // The journal names each secret, its source, and a check of each value that it had; a failed write is told by the next append.
  const nameSecret = (name: string, source: SecretSource | undefined) => {
    if (source === undefined) return
    const check = isPassword(name, source) ? undefined : checks.of(name, secrets.value({ secret: name }))
    const { secrets: named, secretChecks = {} } = live.read()
    const same = check === undefined || secretChecks[name]?.at(-1)?.check === check
    if (named[name] !== undefined && same) return
    append('secret.registered', { name, source, ...(check === undefined ? {} : { check }) }).catch(
      () => undefined,
    )
  }
  const unlisten = secrets.onRegister((name, _value, source) => nameSecret(name, source))
  journal.onResumed(() => {
    for (const { name } of secrets.entries()) nameSecret(name, secrets.sourceOf(name))
  })
  return {
    id,
    dir: journal.dir,
    writer: journal.writer,
    declared: live.declared,
    append,
    read: live.read,
    onRecord: live.onRecord,
    secrets,
    pipe,
    hides: (check, name) => {
      const held = [...hidden].map((value) => checks.holds(check, name, value))
      return held.length === 0 ? checks.holds(check, name, '') : (held.find(Boolean) ?? held[0])
    },
    keep: keepWhileRoom(createKeep({ dir: journal.dir, pipe, append, read: live.read }), journal),
    recording: journal.recording,
    requireRecording: journal.requireRecording,
    stopped: journal.stopped,
    onStopped: journal.onStopped,
    onResumed: journal.onResumed,
    close: async () => {
      unlisten()
      await live.stop()
      await journal.close()
    },
  }
}
